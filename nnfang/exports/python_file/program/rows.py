"""Rows of numbers: read from text, then predicted."""

import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnfang.exports.python_file.program.equations import most_likely, predict
from nnfang.exports.python_file.program.running import describe_value, report_failure, run
from nnfang.names import escape

if TYPE_CHECKING:
    from nnfang.exports.python_file.program.constants import INPUT_SHAPE

DESCRIPTION = """Classify rows of numbers: text with one row per line, numbers apart by commas, semicolons or spaces.

Each line has a row with the class, its probability (or score), and where it is. The numbers must be those of the
training data: what was bytes there must be divided by 255 here. A line that makes no sense gives the reason; the exit
code is then 1."""


def classify_rows(arguments: list[str]) -> Iterator[int]:
    """Write the class of each line of some files; yields 1 for each line that makes no sense."""
    for argument in arguments:
        yield from classify_table(argument)


def classify_table(argument: str) -> Iterator[int]:
    """Write the class of each line of a file; yields 1 for each line that makes no sense."""
    try:
        with nullcontext(sys.stdin) if argument == "-" else Path(argument).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield classify_row(line, f"{argument}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror).lower()
        report_failure(argument, reason)
        yield 1


def classify_row(line: str, place: str) -> int:
    """Write the class of a line, its output, and where it is; returns 1 if it makes no sense."""
    words = re.split(r"\s*[,;]\s*|\s+", line.strip())
    expected = prod(INPUT_SHAPE)
    try:
        row = np.array([float(word) for word in words])
    except ValueError:
        report_failure(place, "not numbers alone")
        return 1
    if len(row) != expected or not np.isfinite(row).all():
        found = f"found {len(row)} numbers" if len(row) != expected else "one is infinite or not a number"
        report_failure(place, f"{found}; the network takes {expected}")
        return 1
    label, value = most_likely(predict(row[None])[0])
    print(f"{escape(label)}  {describe_value(value)}  {escape(place)}")
    return 0


def main() -> int:
    """Run the program; returns its exit code."""
    return run(classify_rows, "TABLE", DESCRIPTION)
