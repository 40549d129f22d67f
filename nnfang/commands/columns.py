"""Tables that fit a terminal: the columns that are least needed give way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nnfang.commands import console

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 2
"""Spaces between two columns of `console.table`."""


def choose(header: Sequence[str], rows: Sequence[Sequence[str]], give_way: Sequence[int]) -> list[int]:
    """The numbers of the columns that are shown on stdout: in a pipe all, on a terminal those that there is room for.

    Args:
        header: A heading for each column.
        rows: A cell for each column.
        give_way: The columns that may be left out, the first of them first.
    """
    kept = list(range(len(header)))
    if not console.is_terminal(sys.stdout):
        return kept
    widths = [max(len(console.one_line(row[i])) for row in (header, *rows)) for i in kept]
    for column in give_way:
        if sum(widths[i] for i in kept) + GAP * (len(kept) - 1) <= console.columns(sys.stdout):
            break
        kept.remove(column)
    return kept


def show(header: Sequence[str], rows: Sequence[Sequence[str]], give_way: Sequence[int]) -> None:
    """A table on stdout; stderr says which columns there was no room for."""
    kept = choose(header, rows, give_way)
    cells = [[row[i] for i in kept] for row in (header, *rows)]
    console.result(console.table(cells[0], cells[1:]))
    if left_out := [heading for i, heading in enumerate(header) if i not in kept]:
        console.note(f"no room for: {', '.join(left_out)}; --json has them all")
