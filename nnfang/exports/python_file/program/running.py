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


def run(classify: Callable[[str], Iterable[int]], metavar: str, description: str) -> int:
    """Do what the command line asks for.

    Args:
        classify: Writes what it finds in an argument; yields 1 for all that failed.
        metavar: What an argument is.
        description: What the program does.

    Returns:
        What the program ends with: 0 if all went well, 1 if something could not be read, or the check failed.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true", help="check the network with ten test vectors, and exit")
    parser.add_argument("names", metavar=metavar, nargs="*", help="what to classify; - is standard input")
    options = parser.parse_args()
    if options.test:
        return check()
    if not options.names:
        parser.print_help(sys.stderr)
        return 2
    warnings.simplefilter("ignore")  # Pillow's, about odd files that are read all the same
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        failed = sum(sum(classify(name)) for name in options.names)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if failed else 0


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
