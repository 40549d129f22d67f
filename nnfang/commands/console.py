"""Text for people: results on stdout, everything else on stderr; readable in a pipe and without colours."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from nnfang.commands.wrapping import fit_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEFAULT_COLUMNS = 80
"""Columns of a page that is not written to a terminal."""


def percent(fraction: float) -> str:
    """0.97926 as ``97.93%``."""
    return f"{fraction:.2%}"


def count(number: int, noun: str) -> str:
    """1 as ``1 epoch``, 2 as ``2 epochs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def command_line(*words: str | Path) -> str:
    """A command to paste, with the quotes that a shell needs."""
    import shlex  # takes a while, and is wanted only where a command is shown

    return shlex.join(["nnfang", *(word if isinstance(word, str) else word.as_posix() for word in words)])


def encodable(name: str | os.PathLike[str]) -> str:
    r"""The name of a file as text that JSON can hold: a byte of it that is not UTF-8 as ``\xff``."""
    return os.fsencode(name).decode(errors="backslashreplace")


def one_line(name: str) -> str:
    r"""The name of a file with a line break, or whatever else could upset a terminal, as ``\n``."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in encodable(name))


def escape_control(text: str) -> str:
    """A message of one or more lines, which may quote a stranger's file, without what could upset a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def is_live() -> bool:
    """Whether stderr can show moving things to a person."""
    return is_terminal(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that is able to do more than write lines, and no log of CI."""
    return stream is not None and stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO | None) -> bool:
    """Whether text on a stream is coloured: https://no-color.org, https://force-color.org, else on a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream)


def columns(stream: TextIO | None) -> int:
    """The width of the terminal behind a stream; `DEFAULT_COLUMNS` where there is none. COLUMNS overrides it."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_COLUMNS if stream else DEFAULT_COLUMNS
    except (OSError, ValueError):  # no terminal, or not even a file
        return DEFAULT_COLUMNS


def fit(text: str, stream: TextIO | None) -> str:
    """Lines that are too long for the terminal behind a stream, broken between words; in a pipe they stay whole."""
    return fit_lines(text, columns(stream)) if is_terminal(stream) else text


def result(text: str) -> None:
    """The result for a person, on stdout."""
    click.echo(fit(text, sys.stdout))


def note(text: str) -> None:
    """A line on stderr that is not part of the result; where nobody takes it, the work goes on without."""
    with suppress(OSError):
        click.echo(fit(text, sys.stderr), err=True)


def warn(text: str) -> None:
    """A warning on stderr, which --quiet does not suppress."""
    _label("warning:", "magenta", escape_control(text))


def print_error(text: str) -> None:
    """An error on stderr."""
    _label("Error:", "red", escape_control(text))


def _label(label: str, colour: str, text: str) -> None:
    """A message on stderr that begins with a coloured word."""
    is_coloured = has_colour(sys.stderr)
    shown = click.style(label, fg=colour, bold=True) if is_coloured else label
    message = fit(f"{label} {text}", sys.stderr).removeprefix(label)
    with suppress(OSError):
        click.echo(shown + message, err=True, color=is_coloured)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns without a frame, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = (
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (header, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)
