"""The command line: one file per command, imported when that command is called."""

import errno
import gc
import importlib
import keyword
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from nnfang import __version__
from nnfang.commands import console, streams
from nnfang.commands.formatting import SETTINGS
from nnfang.commands.groups import Group
from nnfang.commands.hints import hint_for
from nnfang.commands.ranks import ending_together
from nnfang.commands.signals import exit_on_signals
from nnfang.commands.usage import fail_with_usage
from nnfang.errors import ConfigError, NnfangError, NnfangWarning
from nnfang.machine import lifeline
from nnfang.machine.blas import prefer_best_kernel, prefer_one_thread
from nnfang.machine.launcher import find_launch

GROUPS = {
    "Use a network": ("predict", "explain", "evaluate", "compare", "export"),
    "Train a network": ("train", "sweep", "import", "check", "diagnose", "verify"),
    "Look around": ("runs", "inspect", "report", "recipes", "data", "info", "bench", "help"),
}
"""The commands, by what one wants."""

COMMANDS = tuple(name for names in GROUPS.values() for name in names)

EXAMPLES = {
    "Classify a picture that comes with nnfang": "nnfang predict sample:7",
    "Show the options of a command": "nnfang train --help",
}

SYNONYMS = {
    "classify": "predict",
    "fit": "train",
    "resume": "train --resume",
    "run": "train",
    "test": "evaluate",
    "version": "--version",
}
"""What other programs call a command -> what to type here."""

INTERRUPTED = 130

COMPLETE = "_NNFANG_COMPLETE"
"""The environment variable by which a shell asks how a line may go on."""

DEBUG = "NNFANG_DEBUG"
"""The environment variable that, set to 1, adds a traceback to each error message."""

GARBAGE = 50_000
"""Objects created between two searches for garbage: imports create many, of which none is. Saves 8% of a start."""


class LazyGroup(Group):
    """A group whose commands are imported when they are called: ``nnfang --help`` imports none of what they need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def sections(self, ctx: click.Context) -> Mapping[str, Sequence[str]]:
        """The names of the commands, by what one wants."""
        return GROUPS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``nnfang.commands.<name>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command: click.Command = importlib.import_module(f"nnfang.commands.{module}").command
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program, or answer a shell that completes a line."""
        if COMPLETE in os.environ:
            from nnfang.commands import shells

            shells.register()
        return super().main(*args, **extra)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the options before the command."""
        with failures_as_messages():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with ending_together(), warnings_as_messages(), failures_as_messages():
            return super().invoke(ctx)


@contextmanager
def failures_as_messages() -> Iterator[None]:
    """End what is foreseen in a message and an exit code, not in a traceback."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError as error:
        console.write_page(error.format_message(), is_error=True)
        sys.exit(error.exit_code)
    except click.UsageError as error:
        fail_with_usage(error)
    except NnfangError as error:
        fail(error.exit_code, str(error) + hint_for(error))
    except OSError as error:  # such as a full disk, wherever it is noticed
        if error.errno == errno.EPIPE:  # click ends quietly when nobody reads stdout any longer
            raise
        fail(NnfangError.exit_code, describe_failure(error))
    except MemoryError as error:
        reason = str(error) or "this computer has no more"
        fail(NnfangError.exit_code, f"not enough memory: {reason[0].lower()}{reason[1:]}")
    except KeyboardInterrupt:
        console.note("Interrupted.")
        sys.exit(INTERRUPTED)


def describe_failure(error: OSError) -> str:
    """What the system refused, and of which file; where Python does not tell that, how to find out."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"a file cannot be read or written: {reason}. With {DEBUG}=1, nnfang shows what it was doing."
    return f"{os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else error.filename}: {reason}"


def fail(code: int, message: str) -> None:
    """Say what went wrong, and exit."""
    if os.environ.get(DEBUG) == "1":
        import traceback  # takes a while, and is wanted only here

        console.note(traceback.format_exc())
    launch = find_launch()
    rank = launch.rank if launch else 0
    if not (rank and code == ConfigError.exit_code):  # all ranks were called in the same way, so the first says it
        console.print_error(f"rank {rank}: {message}" if rank else message)
    sys.exit(code)


@contextmanager
def warnings_as_messages() -> Iterator[None]:
    """Show warnings as messages for a person: of what the library warns of, each, but the same words only once."""
    shown = set()

    def show(message: Warning | str, *args: Any) -> None:
        if str(message) not in shown:
            console.warn(str(message))
        shown.add(str(message))

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment]  # of the other arguments, a person needs none
        warnings.simplefilter("always", NnfangWarning)
        # Numbers that are too large are noticed by what becomes of them, and NumPy's words help nobody.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="nnfang|numpy")
        warnings.filterwarnings("ignore", module="PIL")  # about odd files that are read all the same
        yield


def show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """``nnfang 1.2.3``."""
    if wanted and not ctx.resilient_parsing:
        console.write(f"nnfang {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, examples=EXAMPLES, synonyms=SYNONYMS, context_settings=SETTINGS)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Train, evaluate and use small neural networks: a paper's equations in NumPy."""


def main() -> None:
    """Run the program."""
    streams.prepare()
    exit_on_signals()
    lifeline.watch()
    gc.set_threshold(GARBAGE)
    prefer_one_thread()
    prefer_best_kernel()
    cli(prog_name="nnfang")
