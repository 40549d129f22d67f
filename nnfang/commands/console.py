"""Text for people: results on stdout, everything else on stderr; readable in a pipe and without colours."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def percent(fraction: float) -> str:
    """0.97926 as ``97.93%``."""
    return f"{fraction:.2%}"


def count(number: int, noun: str) -> str:
    """1 as ``1 epoch``, 2 as ``2 epochs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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
    """Whether stderr can show moving things to a person: a terminal that is able to, and no log of CI."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return is_terminal and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def note(text: str) -> None:
    """A line on stderr that is not part of the result; where nobody takes it, the work goes on without."""
    with suppress(OSError):
        click.echo(text, err=True)


def warn(text: str) -> None:
    """A warning on stderr, which --quiet does not suppress."""
    is_coloured = is_live() and not os.environ.get("NO_COLOR")
    note(f"{click.style('warning:', fg='yellow') if is_coloured else 'warning:'} {escape_control(text)}")


def print_error(text: str) -> None:
    """An error on stderr."""
    note(f"Error: {escape_control(text)}")


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
