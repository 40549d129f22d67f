"""The program: what is asked for on the command line."""

import os
import sys
import warnings
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nnfang.exports.python_file.program.checking import check
from nnfang.names import escape

if TYPE_CHECKING:
    from nnfang.exports.python_file.program.constants import IS_PROBABILITY


def run(classify: Callable[[list[str]], Iterable[int]], metavar: str, description: str) -> int:
    """Do what the command line asks for.

    Args:
        classify: Writes what it finds in some arguments; yields 1 for all that failed.
        metavar: What an argument is.
        description: What the program does.

    Returns:
        What the program ends with: 0 if all went well; 1 if something could not be read or written, or the check
        failed; 2 if nothing was asked for.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true", help="check the network with ten test vectors, and exit")
    parser.add_argument("names", metavar=metavar, nargs="*", help="what to classify; - is standard input")
    options = parser.parse_args()
    if not options.test and not options.names:
        parser.print_help(sys.stderr)
        return 2
    if sys.stdout is None or ("-" in options.names and sys.stdin is None):
        parser.error("standard input or output is closed")
    warnings.simplefilter("ignore")  # Pillow's, about odd files that are read all the same
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        code = check() if options.test else max(classify(options.names), default=0)
        sys.stdout.flush()
    except OSError as error:  # of writing: whatever cannot be read is told of where it is read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again as it ends
        if not isinstance(error, BrokenPipeError):  # whoever reads may have read enough
            print(f"Error: cannot write: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def describe_value(value: float) -> str:
    """A probability as ``99.8%``, a score as ``-0.123``."""
    return f"{value:5.1%}" if IS_PROBABILITY else f"{value:6.3f}"


def report_failure(name: str, reason: str, title: str | None = None) -> None:
    """Say on stderr, and in place of a label, why something could not be classified.

    Args:
        name: What was to be classified.
        reason: Why it could not be.
        title: What the message calls it, if not by its name.
    """
    print(f"Error: {escape(title or name)}: {escape(reason)}", file=sys.stderr)
    print(f"-  {'-':>{len(describe_value(0))}}  {escape(name)}  ({escape(reason)})", flush=True)
