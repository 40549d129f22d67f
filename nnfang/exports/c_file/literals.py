"""Values as C99 writes them; whatever a text says, it stays a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.names import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

LINE = 120
"""Characters of a line."""

LONGEST_NAME = 1000
"""Characters of a name: compilers need not take a string of more than 4095 bytes."""


def write_array(array: npt.NDArray[Any]) -> Iterator[str]:
    """The lines between the braces: an array of two axes row by row, each on lines of its own.

    Floats are the shortest decimals that are read as the same numbers.
    """
    end = "f," if array.dtype == np.float32 else ","
    rows = [[f"{number!s}{end}" for number in row] for row in np.atleast_2d(array)]
    in_line = LINE // max(len(number) for row in rows for number in row)
    for row in rows:
        for start in range(0, len(row), in_line):
            yield "".join(row[start : start + in_line])


def write_string(text: str) -> str:
    r"""A string literal of a name, without control characters, which stand in it as ``\\n``.

    Bytes of UTF-8 are octal, since an octal escape ends after three digits, and a hexadecimal one does not. ``?`` is
    escaped because of trigraphs.
    """
    shown = escape(text)
    shown = shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 3]}..."
    return '"' + "".join(map(_write_byte, shown.encode())) + '"'


def _write_byte(byte: int) -> str:
    character = chr(byte)
    if character in '\\"?':
        return f"\\{character}"
    return character if character.isascii() and character.isprintable() else f"\\{byte:03o}"


def write_comment(line: str) -> str:
    """A line of a comment, which neither ends it, nor begins another, nor has a trigraph."""
    return re.sub(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=\?)(?=\?)", " ", line)
