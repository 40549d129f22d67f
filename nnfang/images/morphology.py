"""Extremes of the pixels around each, of which morphological openings and closings are made."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]
Extreme = Callable[[Values, Values], Values]
"""`numpy.minimum` or `numpy.maximum`."""


def extreme_filter(levels: Values, side: int, extreme: Extreme) -> Values:
    """The extreme of the square around each pixel, whatever its side in log(side) passes.  (h, w) -> (h, w).

    Where the side is even, the squares of minima and of maxima lie on opposite sides of their pixel, so that a minimum
    after a maximum, or the reverse, moves nothing.
    """
    before = (side - 1) // 2 if extreme is np.maximum else side // 2
    for _ in range(2):
        padded = np.pad(levels, ((before, side - 1 - before), (0, 0)), mode="edge")
        width = 1
        while width < side:
            step = min(width, side - width)
            padded = extreme(padded[:-step], padded[step:])
            width += step
        levels = padded.T
    return levels
