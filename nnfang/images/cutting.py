"""Cut ink where digits may touch.

A cut is a path from the top of a piece of ink to its bottom that crosses as little ink as possible, and moves sideways
by at most a pixel a row: S. Avidan, A. Shamir, "Seam Carving for Content-Aware Image Resizing", ACM Transactions on
Graphics 26(3), 2007. With D(y, x) the ink on the way to a pixel,

    D(y, x) = ink(y, x) + min(D(y - 1, x - 1) + c, D(y - 1, x), D(y - 1, x + 1) + c)

A straight cut between two digits, a slanted one and one around the bow of a digit are all such paths.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from PIL import Image

from nnfang.images.components import Floats
from nnfang.images.pieces import Piece


@dataclass(frozen=True)
class CuttingLimits:
    """Where and how often a piece is cut; lengths are fractions of the height of a digit.

    Attributes:
        height: Pixels; a cut is looked for at about this resolution.
        sideways: What a step sideways costs, as a part of a pixel of ink.
        distance: How far cuts are apart at least, and from the sides of the piece.
        per_height: How many cuts there are at most in a piece as wide as a digit is high.
    """

    height: int = 48
    sideways: float = 0.4
    distance: float = 0.1
    per_height: float = 10


CUTTING = CuttingLimits()

Path = npt.NDArray[np.int64]
"""(h,), the first column to the right of a cut in each row."""


def cut(piece: Piece, height: float) -> tuple[list[Piece], list[float]]:
    """Cut a piece wherever digits may touch in it.

    Args:
        piece: What is to be cut.
        height: Of a digit, in pixels.

    Returns:
        The parts from left to right, and what each of the cuts between them crosses, in widths of a stroke.
    """
    factor = max(1, round(height / CUTTING.height))
    ink = np.asarray(Image.fromarray(piece.mask.astype(np.uint8) * 255).reduce(factor), np.float64) / 255
    paths, crossed = _find_paths(ink, height / factor)
    if not paths:
        return [piece], []
    stroke = piece.stroke_width / factor
    rows = np.minimum(np.arange(piece.height) // factor, ink.shape[0] - 1)
    columns = np.sort(np.stack(paths), axis=0)[:, rows] * factor
    index = (np.arange(piece.width)[None, :, None] >= columns.T[:, None]).sum(axis=2)
    parts, costs = [], []
    for number in range(len(paths) + 1):
        mask = piece.mask & (index == number)
        if mask.any():
            parts.append(Piece.at(mask, *piece.box[:2]))
            costs.append(crossed[number - 1] / stroke if number else 0.0)
    return parts, costs[1:]


def _find_paths(ink: Floats, height: float) -> tuple[list[Path], list[float]]:
    """The cheapest paths through ink (h, w) that are some distance apart, from left to right, and what they cross."""
    downward, upward = _accumulate(ink), _accumulate(ink[::-1])[::-1]
    middle = ink.shape[0] // 2
    total = downward[middle] + upward[middle] - ink[middle]
    gap, width = max(2, round(CUTTING.distance * height)), ink.shape[1]
    most = ceil(CUTTING.per_height * width / height)
    is_free = np.zeros(width, bool)
    is_free[gap : width - gap] = True
    chosen: list[int] = []
    for x in np.argsort(total, kind="stable").tolist():
        if is_free[x] and len(chosen) < most:
            chosen.append(x)
            is_free[max(0, x - gap + 1) : x + gap] = False
    chosen.sort()
    return [_follow(downward, upward, middle, x) for x in chosen], [float(total[x]) for x in chosen]


def _accumulate(ink: Floats) -> Floats:
    """D of each pixel, from the top.  (h, w) -> (h, w)."""
    crossed = np.empty_like(ink)
    above = np.pad(ink[0] * 0, 1, constant_values=np.inf)
    for y, row in enumerate(ink):
        crossed[y] = row + np.minimum(above[1:-1], np.minimum(above[:-2], above[2:]) + CUTTING.sideways)
        above[1:-1] = crossed[y]
    return crossed


def _follow(downward: Floats, upward: Floats, middle: int, x: int) -> Path:
    """The path through a pixel of the middle row, back to the top and on to the bottom."""
    path = np.full(len(downward), x)
    for crossed, rows in ((downward, range(middle - 1, -1, -1)), (upward, range(middle + 1, len(downward)))):
        here = x
        for y in rows:
            left, right = max(0, here - 1), min(crossed.shape[1], here + 2)
            steps = np.abs(np.arange(left, right) - here) * CUTTING.sideways
            here = left + int((crossed[y, left:right] + steps).argmin())
            path[y] = here
    return path
