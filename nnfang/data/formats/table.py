"""A table of text: in each line the label of an image and its pixels, as Kaggle and others publish MNIST.

A first line with the names of the columns may be there or not. Lines are read by NumPy's parser, a chunk at a time; a
chunk that it refuses, or would read more kindly than it should, is read again cell by cell, to say what is wrong where.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import isqrt
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from nnfang.data.formats.arrays import FREE_BYTES, MAX_EXPANSION, OnUnreadable, Unreadable
from nnfang.errors import DataError

DELIMITERS = b",;\t"
LABELS = ("label", "class", "target")
"""What the column of the labels is called where there are names; otherwise it is the first."""

GZIP_MAGIC = b"\x1f\x8b"
GZIP_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)

FEWEST_NUMBERED = 10
"""Columns from which on 0, 1, 2, ... are numbers of columns, and not the smallest of images."""

CHUNK = 400_000
"""Cells that are parsed at once."""

LONGEST_LINE = 2**22
"""Bytes of a line, enough for an image of a million pixels."""

LONGEST_LABEL = 255
WHITE = 255

PIXEL = re.compile(r"(\d{1,3})(?:\.0*)?", re.ASCII)
"""An integer; 3.0 is what pandas makes of 3 in some columns."""

Images = npt.NDArray[np.uint8]
Line = tuple[int, bytes]
"""A line, without its end, and its number, counted from 1."""


@dataclass(frozen=True)
class Layout:
    """How each line is to be read.

    Attributes:
        delimiter: What separates cells.
        label: The column of the label.
        side: Height and width of an image.
    """

    delimiter: bytes
    label: int
    side: int


@dataclass(frozen=True)
class Table:
    """A file as it was read.

    Attributes:
        path: Where.
        images: uint8 (n, side, side).
        labels: What stands for the class of each.
        lines: The number of the line of each, counted from 1.
    """

    path: Path
    images: Images
    labels: list[str]
    lines: npt.NDArray[np.int64]


def read_table(path: Path, on_unreadable: OnUnreadable | None) -> Table:
    """Read a table, plain or gzipped.

    Args:
        path: The file.
        on_unreadable: Called with each line that cannot be read, and which is then left out; None raises.

    Raises:
        DataError: A line is not a label and the pixels of a square image, as many as in the first line.
    """
    images: list[Images] = []
    labels: list[str] = []
    numbers: list[int] = []
    with path.open("rb") as raw:
        is_packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        with gzip.open(raw) if is_packed else raw as file:
            lines = _number_lines(cast("BinaryIO", file), path)
            first = next(lines, None)
            if first is None:
                raise DataError("an empty file, where lines with a label and pixels are expected", path)
            layout, is_header = _read_layout(first, path)
            chunk = [] if is_header else [first]
            rows = max(1, CHUNK // (1 + layout.side**2))
            while chunk := [*chunk, *islice(lines, rows)]:
                found = _parse_fast(chunk, layout) or _parse_slowly(chunk, layout, path, on_unreadable)
                images.append(found[0])
                labels += found[1]
                numbers += found[2]
                chunk = []
    if not numbers:
        raise DataError("no line with a label and pixels", path)
    return Table(path, np.concatenate(images), labels, np.array(numbers, np.int64))


def _number_lines(file: BinaryIO, path: Path) -> Iterator[Line]:
    """The lines that are not empty."""
    room = max(FREE_BYTES, MAX_EXPANSION * path.stat().st_size)  # a gzip may pretend to be without end
    number = 0
    try:
        while line := file.readline(LONGEST_LINE):
            number += 1
            room -= len(line)
            if room < 0:
                raise DataError(f"it expands to more than {MAX_EXPANSION} times its size", path)
            if len(line) == LONGEST_LINE:
                raise DataError(f"line {number}: longer than {LONGEST_LINE:,} bytes", path)
            content = line.rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf" if number == 1 else b"")
            if content.strip():
                yield number, content
    except GZIP_DAMAGE as error:
        raise DataError(f"cannot be read as gzip: {error}", path) from error


def _read_layout(first: Line, path: Path) -> tuple[Layout, bool]:
    """How lines are to be read, and whether the first has the names of the columns."""
    number, line = first
    delimiter = bytes([max(DELIMITERS, key=line.count)])
    names = [name.lower() for name in _split(line, delimiter, number, path)]
    column = next((names.index(name) for name in LABELS if name in names), 0)
    is_header = names[column] in LABELS or _is_numbered(names) or not any(map(PIXEL.fullmatch, names[1:]))
    pixels = len(names) - 1
    side = isqrt(pixels)
    if pixels == 0 or side * side != pixels:
        raise DataError(
            f"line {number}: {len(names):,} values found; one for the label and as many as a square image has pixels "
            "are needed, such as 1 + 784 for 28x28",
            path,
        )
    return Layout(delimiter, column, side), is_header


def _is_numbered(names: list[str]) -> bool:
    """Whether columns without names have been numbered, as pandas does."""
    return len(names) >= FEWEST_NUMBERED and names == [str(column) for column in range(len(names))]


def _split(line: bytes, delimiter: bytes, number: int, path: Path) -> list[str]:
    """The cells of a line, without quotes and the spaces around them."""
    try:
        cells = next(csv.reader([line.decode()], delimiter=delimiter.decode(), strict=True))
    except UnicodeDecodeError as error:
        raise DataError(f"line {number}: not in UTF-8: {error.reason}", path) from error
    except csv.Error as error:
        raise DataError(f"line {number}: {error}", path) from error
    return [cell.strip() for cell in cells]


Parsed = tuple[Images, list[str], list[int]]
"""Images (n, side, side), their labels, and the numbers of their lines."""


def _parse_fast(chunk: list[Line], layout: Layout) -> Parsed | None:
    """The lines by NumPy's parser; None where one is not just digits after a label without quotes."""
    if layout.label:
        return None
    parts = [line.partition(layout.delimiter) for _, line in chunk]
    pixels = [rest for _, _, rest in parts]
    if any(not rest or rest.translate(None, b"0123456789" + layout.delimiter) for rest in pixels):
        return None
    try:
        labels = [_check_label(_unquote(label.decode())) for label, _, _ in parts]
        x = np.loadtxt(
            [rest.decode() for rest in pixels], np.uint8, delimiter=layout.delimiter.decode(), comments=None, ndmin=2
        )
    except ValueError:
        return None
    if x.shape != (len(chunk), layout.side**2):
        return None
    return x.reshape(-1, layout.side, layout.side), labels, [number for number, _ in chunk]


def _unquote(cell: str) -> str:
    """A label without the quotes around it.

    Raises:
        ValueError: Its quotes have to be read more carefully.
    """
    label = cell.strip()
    if label.startswith('"') and label.endswith('"'):
        label = label[1:-1]
    if '"' in label:
        raise ValueError(label)
    return label


def _check_label(cell: str) -> str:
    label = cell.strip()
    if not label or len(label) > LONGEST_LABEL:
        raise ValueError(f"the label {label[:20]!r} found, expected 1 to {LONGEST_LABEL} characters")
    return label


def _parse_slowly(chunk: list[Line], layout: Layout, path: Path, on_unreadable: OnUnreadable | None) -> Parsed:
    """The lines cell by cell.

    Raises:
        DataError: One cannot be read, and nobody wants to be told of all.
    """
    images, labels, numbers = [np.empty((0, layout.side, layout.side), np.uint8)], [], []
    for number, line in chunk:
        try:
            pixels, label = _parse_line(number, line, layout, path)
        except DataError as error:
            if on_unreadable is None:
                raise
            reason = error.reason.removeprefix(f"line {number}: ")
            on_unreadable(Unreadable(f"{path.name}, line {number}", number - 1, reason))
        else:
            images.append(np.frombuffer(pixels, np.uint8).reshape(1, layout.side, layout.side))
            labels.append(label)
            numbers.append(number)
    return np.concatenate(images), labels, numbers


def _parse_line(number: int, line: bytes, layout: Layout, path: Path) -> tuple[bytes, str]:
    """The pixels of a line, row by row, and its label."""
    cells = _split(line, layout.delimiter, number, path)
    if len(cells) != 1 + layout.side**2:
        needed = f"a label and {layout.side}x{layout.side} pixels, as in the first line"
        raise DataError(f"line {number}: {len(cells):,} values found, expected {1 + layout.side**2:,}: {needed}", path)
    try:
        label = _check_label(cells.pop(layout.label))
        return bytes(_read_pixel(cell) for cell in cells), label
    except ValueError as error:
        raise DataError(f"line {number}: {error}", path) from error


def _read_pixel(cell: str) -> int:
    match = PIXEL.fullmatch(cell)
    if not match or int(match[1]) > WHITE:
        raise ValueError(f"the pixel {cell[:LONGEST_LABEL]!r} found, expected integers within 0..{WHITE}")
    return int(match[1])
