"""A confusion matrix on a terminal: counts, shaded by how often one class is taken for another."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import click

from nnfang.commands import console

if TYPE_CHECKING:
    from collections.abc import Sequence

SHADES = (None, 248, 144, 179, 214, 208)
"""Backgrounds in the 256 colours of terminals, from none through grey to orange.

They are about equally light, and grow in colour instead: on black and on white, what has more colour stands out more,
and the step from grey to orange is one that colour-blind people see. Digits on them are black.
"""

BLACK = 16
"""The first of the colours that no theme changes."""

MOST_CLASSES = 40
"""Where there is no terminal, whose width would decide."""

LONGEST_LABEL, SHORTEST_LABEL = 20, 8
"""Columns that the name of a class has beside its row: those that there is room for, and those that there must be."""


def draw(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> str:
    """The matrix as lines, with colours that are dropped where there are none.

    Where the terminal is narrow, the diagonal is left out, whose counts need most room; where even so the matrix does
    not fit, a sentence says so.

    Args:
        confusion: (classes, classes) counts: row = true class, column = predicted class.
        class_names: One per class.
    """
    size = len(confusion)
    room = console.columns(sys.stdout) if console.is_terminal(sys.stdout) else None
    errors = [[0 if i == j else count for j, count in enumerate(row)] for i, row in enumerate(confusion)]
    for shown, note in ((confusion, ""), (errors, ", but for those that are right")):
        frame = Frame.around(shown, [console.one_line(name) for name in class_names])
        if size > MOST_CLASSES or (room and not frame.fit(room)):
            continue
        head = f"images by true class (row) and predicted class (column){note}"
        return "\n".join([console.fit(head, sys.stdout), *frame.draw(shown, most=max(map(max, errors)))])
    where = "a line" if room is None else "this terminal"
    return f"The confusion matrix of {size} classes is too wide for {where}; --json and -o write it."


@dataclass
class Frame:
    """What stands around the counts, each of which has a space on either side.

    Attributes:
        headers: Of the columns: the names of the classes, or their numbers where names need more room than counts.
        labels: Of the rows: the names, after the numbers where the headers are numbers.
        width: Of a count.
    """

    headers: list[str]
    labels: list[str]
    width: int

    @classmethod
    def around(cls, counts: Sequence[Sequence[int]], names: list[str]) -> Self:
        """The frame of a matrix."""
        width = len(str(max(map(max, counts))))
        if max(map(len, names)) <= width:
            return cls(names, names, width)
        numbers = [str(i) for i in range(len(names))]
        digits = len(numbers[-1])
        labels = [f"{number:>{digits}} {name}" for number, name in zip(numbers, names, strict=True)]
        return cls(numbers, labels, max(width, digits))

    def fit(self, columns: int) -> bool:
        """Shorten the labels to what room there is; False if there is too little."""
        room = min(LONGEST_LABEL, columns - 1 - len(self.headers) * (self.width + 2))
        if room < min(SHORTEST_LABEL, max(map(len, self.labels))):
            return False
        self.labels = [label if len(label) <= room else f"{label[: room - 3]}..." for label in self.labels]
        return True

    def draw(self, counts: Sequence[Sequence[int]], most: int) -> list[str]:
        """The lines, where the largest error is `most`."""
        beside, width = max(map(len, self.labels)), self.width
        lines = [f"{'':{beside}} {''.join(f' {header:>{width}} ' for header in self.headers)}".rstrip()]
        for i, row in enumerate(counts):
            cells = [
                paint(f" {count or '-.'[i != j]:>{width}} ", None if i == j else count / max(most, 1))
                for j, count in enumerate(row)
            ]
            lines.append(f"{self.labels[i]:<{beside}} {''.join(cells)}".rstrip())
        return lines


def paint(cell: str, share: float | None) -> str:
    """A cell in its colours: its share of the largest error decides; None for one of the diagonal."""
    if not console.has_colour(sys.stdout):
        return cell
    if share is None:
        return click.style(cell, bold=True)
    shade = SHADES[int(share * (len(SHADES) - 1))] if has_shades() else None
    if shade:
        return click.style(cell, fg=BLACK, bg=shade)
    return cell if share else click.style(cell, dim=True)


def has_shades() -> bool:
    """Whether the terminal says that it has more than eight colours."""
    return bool(os.environ.get("COLORTERM")) or "256" in os.environ.get("TERM", "") or os.name == "nt"
