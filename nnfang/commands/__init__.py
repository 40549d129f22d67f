"""The command line: one file per command, imported when that command is called."""

import errno
import gc
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import click

from nnfang.commands import console
from nnfang.commands.hints import hint_for
from nnfang.errors import NnfangError, NnfangWarning
from nnfang.machine.blas import prefer_best_kernel, prefer_one_thread
from nnfang.names import nearest

COMMANDS = ("train", "evaluate", "predict", "export", "verify", "recipes", "info", "bench")

INTERRUPTED = 130

DEBUG = "NNFANG_DEBUG"
"""The environment variable that, set to 1, adds a traceback to each error message."""

GARBAGE = 50_000
"""Objects created between two searches for garbage: imports create many, of which none is. Saves 8% of a start."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called: ``nnfang --help`` imports none of what they need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import ``nnfang.commands.<name>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nnfang.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; offer the nearest name where there is none."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f'No such command "{name}".{nearest(name, COMMANDS)} Known: {", ".join(COMMANDS)}.')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is foreseen ends in a message and an exit code, not in a traceback."""
        try:
            with warnings_as_messages():
                return super().invoke(ctx)
        except NnfangError as error:
            fail(error.exit_code, str(error) + hint_for(error))
        except OSError as error:  # such as a full disk, wherever it is noticed
            if error.errno == errno.EPIPE:  # click ends quietly when nobody reads stdout any longer
                raise
            fail(NnfangError.exit_code, ": ".join(filter(None, (error.filename, error.strerror or str(error)))))
        except MemoryError as error:
            fail(NnfangError.exit_code, f"not enough memory: {str(error).lower() or 'this computer has no more'}")
        except KeyboardInterrupt:
            console.note("Interrupted.")
            sys.exit(INTERRUPTED)


def fail(code: int, message: str) -> None:
    """Say what went wrong, and exit."""
    if os.environ.get(DEBUG) == "1":
        console.note(console.escape_control(traceback.format_exc()))
    console.print_error(message)
    sys.exit(code)


@contextmanager
def warnings_as_messages() -> Iterator[None]:
    """Show what the library warns of as messages for a person, each of them."""

    def show(message: Warning | str, category: type[Warning], *args: Any) -> None:
        if issubclass(category, NnfangWarning):
            console.warn(str(message))
        else:
            usual(message, category, *args)

    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.showwarning = show  # type: ignore[assignment]  # the other arguments are passed on
        warnings.simplefilter("always", NnfangWarning)
        warnings.filterwarnings("ignore", module="PIL")  # about odd files that are read all the same
        yield


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nnfang", message="%(prog)s %(version)s")
def cli() -> None:
    """Train, evaluate and use small neural networks: a paper's equations in NumPy.

    \b
    nnfang train --epochs 20      train on handwritten digits
    nnfang evaluate               how well the newest network does, class by class
    nnfang predict digit.png      what a picture shows
    nnfang export digits.npz      the network alone, to hand on
    nnfang verify                 whether a run can be repeated to the bit
    nnfang recipes                the recipes that come with nnfang
    nnfang info                   what was found on this computer
    nnfang bench                  how fast it trains
    """


def main() -> None:
    """Run the program; a character that a stream cannot encode is replaced, and never ends a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    gc.set_threshold(GARBAGE)
    prefer_one_thread()
    prefer_best_kernel()
    cli(prog_name="nnfang")
