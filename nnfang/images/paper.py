"""What of a picture is paper: how light it is from place to place, and how much it varies there."""

import numpy as np
import numpy.typing as npt

from nnfang.images.reading import Grey

Levels = npt.NDArray[np.float32]

CELLS = 40
"""Paper is estimated on a grid with this many cells along the longer side of a picture."""

REACH = 1
"""Whatever is lighter than paper and no wider than a cell and this many to either side is ink in full."""

STEEPEST = 0.1
"""How much the light on paper changes from cell to cell at most, as a share of the range of the picture.

This is what tells the soft edge of a shadow from ink, however wide either is."""

GAIN = 3
"""Ink in a shadow is amplified so many times at most."""

FEWEST = 32
"""Pixels along the shorter side, below which most of a picture may be ink and noise cannot be told from it."""

LAG = 4
"""Pixels apart at which noise is independent, even after JPEG has smoothed neighbours."""


def take_border(grey: Grey) -> Grey:
    """The pixels of the frame of a picture, 2 % of its sides wide but at least one.  (h, w) -> (pixels,)."""
    across = max(1, min(grey.shape) // 50)
    inner = grey[across:-across]
    parts = grey[:across], grey[-across:], inner[:, :across], inner[:, -across:]
    return np.concatenate([part.ravel() for part in parts])


def measure_range(grey: Grey) -> tuple[int, int]:
    """The darkest and the lightest level, but for a handful of pixels at either end.  (h, w)."""
    few = 4 + grey.size // 20_000
    below = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    low, high = np.searchsorted(below, (few, max(few, grey.size - few)))
    return int(low), int(high)


def has_light_border(grey: Grey) -> bool:
    """Whether the border of a picture is nearer to its lightest than to its darkest.  (h, w)."""
    low, high = measure_range(grey)
    paper = np.median(take_border(grey))
    return bool(paper - low > high - paper)


def has_light_paper(grey: Grey) -> bool:
    """Whether ink is dark, whatever is at the border: the explanation by which less of the page is ink.  (h, w)."""
    (low, mean, high), _ = _make_grids(grey)
    steepest = _limit_slope(grey)
    as_light_ink = mean - _smooth_paper(low, steepest)
    as_dark_ink = -_smooth_paper(-high, steepest) - mean
    return bool(as_dark_ink.sum() < as_light_ink.sum())


STRAIGHT = 0.7
"""The share of a frame's inner edge that is where a straight line would be."""


def is_framed(grey: Grey) -> bool:
    """Whether what differs from the border of a picture has a straight edge along all sides, as paper has.  (h, w)."""
    low, high = measure_range(grey)
    is_light = grey > (low + high) / 2
    is_inside = is_light != (np.median(take_border(grey)) > (low + high) / 2)
    return all(_is_straight(view) for view in (is_inside, is_inside[:, ::-1], is_inside.T, is_inside.T[:, ::-1]))


def _is_straight(is_inside: npt.NDArray[np.bool_]) -> bool:
    """Whether the first pixels inside, seen from the left, are on a line, but for the ends.  (h, w)."""
    rows = is_inside[len(is_inside) // 8 : len(is_inside) * 7 // 8 or 1]
    depth = np.where(rows.any(axis=1), rows.argmax(axis=1), rows.shape[1])
    third = max(1, len(depth) // 3)
    start, end = np.median(depth[:third]), np.median(depth[-third:])
    places = (np.arange(len(depth)) - third / 2) / max(1, len(depth) - third)
    off = np.abs(depth - (start + (end - start) * places))
    return bool((off <= max(2, rows.shape[1] // 100)).mean() > STRAIGHT)


def flatten(dark: Grey, *, is_inverted: bool) -> Grey:
    """How much lighter than the paper around it each pixel is.

    Args:
        dark: (h, w), light ink on dark paper.
        is_inverted: the paper was light: ink takes a share of its light, and so differs less in a shadow.

    Returns:
        (h, w), 0 for paper, whether well lit or not.
    """
    (low, _, _), block = _make_grids(dark)
    paper = _smooth_paper(_open(low, REACH), _limit_slope(dark))
    difference = dark - _spread(paper, dark.shape, block)
    if is_inverted:
        light = np.maximum(255 - paper, 1)
        gain = np.clip(np.median(light) / light, 1 / GAIN, GAIN)
        difference *= _spread(gain, dark.shape, block)
    flat: Grey = difference.clip(0, 255, out=difference).astype(np.uint8)
    return flat


def measure_noise(grey: Grey) -> float:
    """The standard deviation of the noise: of most pixels from those `LAG` beside, for most of a page is bare.

    0 for pictures that are too small to tell.
    """
    if min(grey.shape) < FEWEST:
        return 0.0
    rows = grey[:: max(1, grey.shape[0] // 240)].astype(np.int16)
    steps = np.bincount(np.abs(rows[:, LAG:] - rows[:, :-LAG]).ravel(), minlength=256)
    below = np.cumsum(steps)
    middle = int(np.searchsorted(below, below[-1] / 2))
    # Levels are whole numbers: where in the middle one the median is.
    median = middle + (below[-1] / 2 - (below[middle] - steps[middle])) / max(1, steps[middle]) - 0.5
    return max(0.0, float(median)) / 0.954 if middle else 0.0


def _make_grids(grey: Grey) -> tuple[tuple[Levels, Levels, Levels], int]:
    """The least, mean and largest level of each square block of a picture, and the side of the blocks."""
    from PIL import Image

    half = 2 if min(grey.shape) >= 2 * CELLS else 1  # which takes much of the noise away
    small = np.asarray(Image.fromarray(grey).reduce(half)) if half > 1 else grey
    block = max(1, -(-max(small.shape) // CELLS))
    blocks = np.pad(small, [(0, -side % block) for side in small.shape], mode="edge")
    rows = blocks.reshape(blocks.shape[0] // block, block, -1)
    shape = len(rows), -1, block
    low, high = rows.min(axis=1).reshape(shape).min(axis=2), rows.max(axis=1).reshape(shape).max(axis=2)
    mean = rows.sum(axis=1, dtype=np.uint32).reshape(shape).sum(axis=2) / block**2
    return (low.astype(np.float32), mean.astype(np.float32), high.astype(np.float32)), block * half


def _limit_slope(grey: Grey) -> float:
    low, high = measure_range(grey)
    return max(1.0, STEEPEST * (high - low))


def _smooth_paper(levels: Levels, steepest: float) -> Levels:
    """The lightest surface that is nowhere above the levels, and rises no more than so much a cell.  (h, w)."""
    for axis in (0, 1):
        climb = steepest * np.arange(levels.shape[axis], dtype=np.float32)
        climb = climb[:, None] if axis == 0 else climb[None]
        ahead = np.minimum.accumulate(levels - climb, axis=axis) + climb
        behind = np.flip(np.minimum.accumulate(np.flip(levels + climb, axis), axis=axis), axis) - climb
        levels = np.minimum(ahead, behind)
    return levels


def _open(grid: Levels, reach: int) -> Levels:
    """Morphological opening with a square: what is lighter and narrower than it goes.  (h, w) -> (h, w)."""
    for extreme in (np.min, np.max):
        for axis in (0, 1):
            pad = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
            padded = np.pad(grid, pad, mode="edge")
            grid = extreme(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis), axis=2)
    return grid


def _spread(grid: Levels, shape: tuple[int, ...], block: int) -> Levels:
    """Interpolate a grid of blocks to the pixels of a picture.  (h, w) -> shape."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(grid, np.float32))
    box = 0, 0, min(shape[1] / block, grid.shape[1]), min(shape[0] / block, grid.shape[0])
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=box))
