"""The gate to the terminal: results on stdout, everything else on stderr; readable in a pipe and without colours.

All that the program writes passes through here. What it quotes may come from a stranger's file, so that characters
which could upset a terminal are escaped, except in the help, whose colours are our own.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from nnfang import names
from nnfang.commands.wrapping import fit_lines
from nnfang.names import UNSAFE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UNSAFE_IN_LINES = UNSAFE.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f")
"""What is unsafe but for the end of a line."""

SURROGATE = "[\ud800-\udfff]"
"""What Python makes of a byte in the name of a file that is not UTF-8."""

LONGEST_LINE, MOST_LINES = 1000, 40
"""What is shown of an error or a warning, which may quote a file at length."""

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
    return names.escape(os.fspath(name), SURROGATE)


def one_line(name: str) -> str:
    r"""The name of a file with a line break, or whatever else could upset a terminal, as ``\n``."""
    return names.escape(name)


def escape(text: str) -> str:
    """Text of one or more lines without what could upset a terminal."""
    return names.escape(text, UNSAFE_IN_LINES)


def shorten(text: str) -> str:
    """The beginning and the end of each long line, and no more than `MOST_LINES` of them."""
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"... and {len(lines) - MOST_LINES + 1:,} more lines"]
    return "\n".join(map(_shorten_line, lines))


def _shorten_line(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    kept = LONGEST_LINE // 2
    return f"{line[:kept]} ... {len(line) - 2 * kept:,} characters ... {line[-kept:]}"


def is_live() -> bool:
    """Whether stderr can show moving things to a person."""
    return is_terminal(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that is able to do more than write lines, and no log of CI."""
    return has_width(stream) and os.environ.get("TERM") != "dumb"


def has_width(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal, which breaks lines that are too long; in a log of CI they stay whole."""
    return stream is not None and stream.isatty() and not os.environ.get("CI")


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
    return fit_lines(text, columns(stream)) if has_width(stream) else text


def result(text: str) -> None:
    """The result for a person, on stdout."""
    _write(fit(escape(text), sys.stdout))


def write(text: str, *, end: str = "\n") -> None:
    """The result for a program, on stdout, whose lines stay as they are."""
    _write(escape(text) + end, nl=False)


def write_json(value: object) -> None:
    """One object as a line of stdout, in UTF-8, and at once: a reader may be waiting for it."""
    import msgspec

    text = msgspec.json.encode(value).decode()
    _write(re.sub(UNSAFE, lambda found: f"\\u{ord(found[0]):04x}", text).encode())


def write_page(text: str, *, is_error: bool = False) -> None:
    """A page of help, which is our own and may have colours."""
    if is_error:
        with suppress(OSError):
            click.echo(text, err=True, color=has_colour(sys.stderr))
    else:
        _write(text, color=has_colour(sys.stdout))


def _write(text: str | bytes, *, nl: bool = True, color: bool | None = None) -> None:
    try:
        click.echo(text, nl=nl, color=color)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def note(text: str) -> None:
    """A line on stderr that is not part of the result; where nobody takes it, the work goes on without."""
    _write_error(fit(escape(text), sys.stderr))


def warn(text: str) -> None:
    """A warning on stderr, which --quiet does not suppress."""
    _label("warning:", "magenta", text)


def print_error(text: str) -> None:
    """An error on stderr."""
    _label("Error:", "red", text)


def _label(label: str, colour: str, text: str) -> None:
    """A message on stderr that begins with a coloured word."""
    is_coloured = has_colour(sys.stderr)
    shown = click.style(label, fg=colour, bold=True) if is_coloured else label
    message = fit(f"{label} {shorten(escape(text))}", sys.stderr).removeprefix(label)
    _write_error(shown + message)


def _write_error(text: str) -> None:
    """A line on stderr. Click would pass by the bar that has taken its place, and break it."""
    with suppress(OSError):
        if sys.stderr is not None:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns without a frame, the first to the left, the others to the right."""
    header, *rows = ([one_line(cell) for cell in row] for row in (header, *rows))
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = (
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (header, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)
