"""A curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-=+*#@"
"""Marks from low to high."""


def choose_marks(encoding: str | None) -> str:
    """Blocks, where a stream of this encoding can write them, else ASCII."""
    try:
        BLOCKS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def sparkline(values: Sequence[float], width: int, marks: str = BLOCKS) -> str:
    """A mark for each value, from the lowest to the highest of those shown; a space for one that is not finite.

    Args:
        values: In the order of time.
        width: Marks that there is room for. Of more values than that, the last of each equal part is shown.
        marks: From low to high.
    """
    shown = [values[(i + 1) * len(values) // width - 1] for i in range(width)] if len(values) > width else list(values)
    finite = [value for value in shown if isfinite(value)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)
    heights = len(marks) - 1
    return "".join(
        marks[round((value - low) / span * heights) if span else 0] if isfinite(value) else " " for value in shown
    )
