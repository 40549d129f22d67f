"""Where ink may be cut in two, because digits touch there.

A cut is a path from the top of a piece of ink to its bottom that crosses as little ink as possible, and moves sideways
by at most a pixel a row: S. Avidan, A. Shamir, "Seam Carving for Content-Aware Image Resizing", ACM Transactions on
Graphics 26(3), 2007. With D(y, x) the ink on the way to a pixel,

    D(y, x) = ink(y, x) + min(D(y - 1, x - 1) + c, D(y - 1, x), D(y - 1, x + 1) + c)

People write at a slant, so that the same is done with ink that was sheared: there, "straight down" is aslant. A cut is
the cheapest path through a pixel of one of a few rows. Most are wrong; which are right is for others to judge.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from nnfang.images.arrays import Grey
from nnfang.images.components import Floats, Ints
from nnfang.images.pieces import Piece

Paths = npt.NDArray[np.int64]
"""(n, h), the first column to the right of each of n cuts in each row."""


@dataclass(frozen=True)
class CuttingLimits:
    """Where a piece is cut; lengths are fractions of the height of a digit.

    Attributes:
        height: Pixels; a cut is looked for at about this resolution.
        slants: By how much cuts lean to the right: columns per row.
        sideways: What a step sideways costs, in pixels of ink.
        rows: Where the pixels are through which cuts go, as fractions of the height of the piece.
        distance: How far these are apart.
        crossed: How many widths of a stroke a cut crosses at most.
        smallest: Of the ink to either side of a cut, in squares of the width of a stroke.
        different: By how much ink two cuts differ, in the same squares.
    """

    height: int = 48
    slants: tuple[float, ...] = (-0.3, 0, 0.3, 0.6)
    sideways: float = 1
    rows: tuple[float, ...] = (0.3, 0.5, 0.7)
    distance: float = 0.1
    crossed: float = 5
    smallest: float = 0.8
    different: float = 0.25


CUTTING = CuttingLimits()

VIEW = 40, 24
"""Rows and columns of the view of a cut: the ink to its left, and below that, the ink to its right."""

VIEW_WIDTH = 1.8
"""Of a view, in heights of a digit."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """Ways to cut a piece in two, cheapest first.

    Attributes:
        piece: What is cut.
        paths: (n, h) in pixels of the piece.
        crossed: (n,) what each crosses, in widths of a stroke.
        views: (n, *VIEW) the ink around the middle of each.
        parted: (n, rows of the search) pixels of the search to the left of each, by which cuts are compared.
        square: The square of the width of a stroke, in pixels of the search.
    """

    piece: Piece
    paths: Paths
    crossed: Floats
    views: Grey
    parted: Floats
    square: float

    def differ(self, one: int, others: list[int]) -> Floats:
        """How much ink lies between a cut and each of some others, in squares of the width of a stroke."""
        difference: Floats = np.abs(self.parted[others] - self.parted[one]).sum(axis=1) / self.square
        return difference

    def cross(self, left: int, right: int) -> float:
        """How much ink is to the left of one cut, but to the right of another that should be to its right; as above."""
        return float(np.maximum(self.parted[left] - self.parted[right], 0).sum() / self.square)


def find_cuts(piece: Piece, height: float) -> Cuts:
    """Find where digits may touch in a piece.

    Args:
        piece: What is to be cut.
        height: Of a digit, in pixels.
    """
    factor = max(1, round(height / CUTTING.height))
    ink = np.asarray(Image.fromarray(piece.mask.astype(np.uint8) * 255).reduce(factor), np.float64) / 255
    stroke = max(1.0, piece.stroke_width / factor)
    paths, crossed = _find_paths(ink, height / factor, CUTTING.crossed * stroke)
    total = np.pad(np.cumsum(ink, axis=1), ((0, 0), (1, 0)))
    parted = total[np.arange(len(ink)), paths]
    left = parted.sum(axis=1)
    order = np.argsort(crossed, kind="stable")
    order = order[np.minimum(left, total[:, -1].sum() - left)[order] > CUTTING.smallest * stroke**2]
    kept: list[int] = []
    for k in order.tolist():
        if (np.abs(parted[kept] - parted[k]).sum(axis=1) > CUTTING.different * stroke**2).all():
            kept.append(k)
    rows = np.minimum(np.arange(piece.height) // factor, len(ink) - 1)
    views = _view(total, paths[kept], height / factor)
    fine = np.minimum(paths[kept][:, rows] * factor, piece.width)
    return Cuts(piece, fine, crossed[kept] / stroke, views, parted[kept], stroke**2)


def cut_out(piece: Piece, left: npt.NDArray[np.int64] | None, right: npt.NDArray[np.int64] | None) -> Piece | None:
    """The ink between two paths (h,), or between one and a side of the piece; None where there is none."""
    columns = np.arange(piece.width)
    mask = piece.mask
    if left is not None:
        mask = mask & (columns >= left[:, None])
    if right is not None:
        mask = mask & (columns < right[:, None])
    return Piece.at(mask, *piece.box[:2]) if mask.any() else None


def _find_paths(ink: Floats, height: float, most: float) -> tuple[Paths, Floats]:
    """The cheapest paths through ink (h, w), and what each costs, at most.  (n, h), (n,)."""
    h, w = ink.shape
    lean = np.rint(np.outer(CUTTING.slants, h // 2 - np.arange(h))).astype(int)
    margin = int(np.abs(lean).max())
    sheared = np.zeros((len(lean), h, w + 2 * margin))
    columns = np.arange(w) + margin
    for one, offsets in zip(sheared, lean, strict=True):
        one[np.arange(h)[:, None], columns - offsets[:, None]] = ink
    downward, upward = _accumulate(sheared), _accumulate(sheared[:, ::-1])[:, ::-1]
    gap = max(2, round(CUTTING.distance * height))
    paths, costs = [], []
    for y in {int(row * h) for row in CUTTING.rows}:
        total = downward[:, y] + upward[:, y] - sheared[:, y]
        slant, x = _spread(total, gap, most)
        paths.append(_follow(downward, upward, y, slant, x) - margin + lean[slant])
        costs.append(total[slant, x])
    return np.concatenate(paths).clip(0, w), np.concatenate(costs)


def _accumulate(ink: Floats) -> Floats:
    """D of each pixel, from the top.  (s, h, w) -> (s, h, w)."""
    crossed = np.empty_like(ink)
    above = np.pad(ink[:, 0] * 0, ((0, 0), (1, 1)), constant_values=np.inf)
    for y in range(ink.shape[1]):
        aside = np.minimum(above[:, :-2], above[:, 2:]) + CUTTING.sideways
        crossed[:, y] = ink[:, y] + np.minimum(above[:, 1:-1], aside)
        above[:, 1:-1] = crossed[:, y]
    return crossed


def _spread(total: Floats, gap: int, most: float) -> tuple[Ints, Ints]:
    """The cheapest places of each row, some distance apart.  (s, w) -> the rows and the columns of n places."""
    slants, columns = [], []
    for slant, row in enumerate(total):
        is_free = row < most
        for x in np.argsort(row, kind="stable").tolist():
            if is_free[x]:
                slants.append(slant)
                columns.append(x)
                is_free[max(0, x - gap + 1) : x + gap] = False
    return np.array(slants, np.int64), np.array(columns, np.int64)


def _follow(downward: Floats, upward: Floats, start: int, slant: Ints, x: Ints) -> Paths:
    """The paths through pixels (n,) of a row, back to the top and on to the bottom.  (n, h)."""
    height, width = downward.shape[1:]
    paths = np.repeat(x[:, None], height, axis=1)
    for crossed, rows in ((downward, range(start - 1, -1, -1)), (upward, range(start + 1, height))):
        here = x
        for y in rows:
            beside = np.stack([here, np.maximum(here - 1, 0), np.minimum(here + 1, width - 1)])
            costs = crossed[slant, y, beside] + np.array([[0], [CUTTING.sideways], [CUTTING.sideways]])
            here = np.take_along_axis(beside, costs.argmin(axis=0)[None], axis=0)[0]
            paths[:, y] = here
    return paths


def _view(total: Floats, paths: Paths, height: float) -> Grey:
    """What is to the left and to the right of cuts: the mean of the ink in each cell.

    Args:
        total: (h, w + 1), the ink to the left of each column.
        paths: (n, h)
        height: Of a digit.

    Returns:
        (n, *VIEW)
    """
    rows, columns = VIEW[0] // 2, VIEW[1]
    h, w = len(total), total.shape[1] - 1
    edges = paths.mean(axis=1)[:, None] + VIEW_WIDTH * height * (np.arange(columns + 1) / columns - 0.5)
    edges = np.rint(edges)[:, None]
    views = np.empty((len(paths), 2, rows, columns))
    row = np.arange(h)[None, :, None]
    bounds = np.linspace(0, h, rows + 1)
    # How much of each row of pixels is in each row of cells.
    shares = np.clip(np.minimum(bounds[1:, None], np.arange(h) + 1) - np.maximum(bounds[:-1, None], np.arange(h)), 0, 1)
    shares /= (h / rows) * (VIEW_WIDTH * height / columns)
    for side, clip in enumerate((np.minimum, np.maximum)):
        cells = total[row, clip(edges, paths[:, :, None]).clip(0, w).astype(int)]
        views[:, side] = shares @ np.diff(cells, axis=2)
    levels: Grey = np.rint(views.clip(0, 1) * 255).astype(np.uint8).reshape(-1, *VIEW)
    return levels
