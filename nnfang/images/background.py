"""Estimate the background of a picture, such as paper in uneven light: its level from place to place, and its noise."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from nnfang.images.arrays import Grey, Mask
from nnfang.images.morphology import extreme_filter

Levels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BackgroundLimits:
    """What background may look like.

    Attributes:
        cells: The background is estimated on a grid with this many cells along the longer side of a picture.
        opening_radius: Cells; whatever is narrower than 2 r + 1 of them, and lighter than its surroundings, is ink.
        max_slope: How much the light changes from cell to cell at most, as a fraction of the range of the picture's
            levels. It distinguishes the soft edge of a shadow from ink, however wide either is.
        max_gain: The largest factor by which ink in a shadow is amplified.
        min_side_for_noise: Pixels along the shorter side; in smaller pictures most pixels may be ink, and noise is not
            estimated.
        noise_lag: Pixels apart at which noise is independent, even after JPEG has smoothed neighbours.
        noise_rows: Noise is estimated from about this many rows.
        median_difference: The median absolute difference of two pixels whose noise has a standard deviation of 1.
        border_divisor: The border of a picture is its shorter side divided by this wide, and at least one pixel.
        outliers: This many pixels are too few to mean anything, and in addition ...
        pixels_per_outlier: ... one per this many pixels of the picture.
        min_straight: The fraction of the inner edge of a frame that is straight.
    """

    cells: int = 40
    opening_radius: int = 1
    max_slope: float = 0.1
    max_gain: float = 3
    min_side_for_noise: int = 32
    noise_lag: int = 4
    noise_rows: int = 240
    median_difference: float = 0.954
    border_divisor: int = 50
    outliers: int = 4
    pixels_per_outlier: int = 20_000
    min_straight: float = 0.7


BACKGROUND = BackgroundLimits()


def border_pixels(grey: Grey) -> Grey:
    """The pixels along the four sides of a picture.  (h, w) -> (pixels,)."""
    width = max(1, min(grey.shape) // BACKGROUND.border_divisor)
    inner = grey[width:-width]
    sides = grey[:width], grey[-width:], inner[:, :width], inner[:, -width:]
    return np.concatenate([side.ravel() for side in sides])


def max_outliers(grey: Grey) -> int:
    """How many pixels of a picture (h, w) are too few to mean anything."""
    return BACKGROUND.outliers + grey.size // BACKGROUND.pixels_per_outlier


def level_range(grey: Grey) -> tuple[int, int]:
    """The darkest and the lightest level of a picture (h, w), except for a few outliers at either end."""
    outliers = max_outliers(grey)
    cumulative = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    low, high = np.searchsorted(cumulative, (outliers, max(outliers, grey.size - outliers)))
    return int(low), int(high)


def has_light_border(grey: Grey) -> bool:
    """Whether the border of a picture (h, w) is closer to its lightest than to its darkest level."""
    low, high = level_range(grey)
    border = np.median(border_pixels(grey))
    return bool(border - low > high - border)


def has_light_background(grey: Grey) -> bool:
    """Whether the ink on a picture (h, w) is dark, whatever its border is.

    Both are tried, and the explanation wins by which less of the picture is ink.
    """
    (low, mean, high), _ = _block_statistics(grey)
    max_slope = _max_slope(grey)
    light_ink = mean - _lower_envelope(low, max_slope)
    dark_ink = -_lower_envelope(-high, max_slope) - mean
    return bool(dark_ink.sum() < light_ink.sum())


def is_framed(grey: Grey) -> bool:
    """Whether what differs from the border of a picture (h, w) has four straight edges, as a sheet of paper has."""
    low, high = level_range(grey)
    middle = (low + high) / 2
    is_inside = (grey > middle) != (np.median(border_pixels(grey)) > middle)
    return all(_has_straight_edge(view) for view in (is_inside, is_inside[:, ::-1], is_inside.T, is_inside.T[:, ::-1]))


def subtract_background(grey: Grey, *, is_inverted: bool) -> Grey:
    """How much lighter each pixel is than the background around it.

    Args:
        grey: (h, w), light ink on a dark background.
        is_inverted: Whether the background of the original was light. Ink then absorbs a fraction of the light that
            falls on it, and its contrast is lower in a shadow; this is compensated for.

    Returns:
        (h, w), 0 for background whether well lit or not.
    """
    (low, _, _), block = _block_statistics(grey)
    side = 2 * BACKGROUND.opening_radius + 1  # an opening: what is lighter and narrower disappears
    opened = extreme_filter(extreme_filter(low, side, np.minimum), side, np.maximum)
    background = _lower_envelope(opened, _max_slope(grey))
    difference = grey - _upsample(background, grey.shape, block)
    if is_inverted:
        light = np.maximum(255 - background, 1)
        gain = np.clip(np.median(light) / light, 1 / BACKGROUND.max_gain, BACKGROUND.max_gain)
        difference *= _upsample(gain, grey.shape, block)
    foreground: Grey = difference.clip(0, 255, out=difference).astype(np.uint8)
    return foreground


def estimate_noise(grey: Grey) -> float:
    """The standard deviation of the noise of a picture (h, w), in grey levels; 0 if the picture is too small to tell.

    It follows from the median difference of two pixels that are `noise_lag` apart, most of which are background.
    """
    if min(grey.shape) < BACKGROUND.min_side_for_noise:
        return 0.0
    rows = grey[:: max(1, grey.shape[0] // BACKGROUND.noise_rows)].astype(np.int16)
    lag = BACKGROUND.noise_lag
    counts = np.bincount(np.abs(rows[:, lag:] - rows[:, :-lag]).ravel(), minlength=256)
    cumulative = np.cumsum(counts)
    half = cumulative[-1] / 2
    level = int(np.searchsorted(cumulative, half))
    # Differences are whole numbers: interpolate within the one that the median is in.
    median = level + (half - (cumulative[level] - counts[level])) / max(1, counts[level]) - 0.5
    return max(0.0, float(median)) / BACKGROUND.median_difference if level else 0.0


def _has_straight_edge(is_inside: Mask) -> bool:
    """Whether the first pixels inside, seen from the left, are on a line, apart from the corners.  (h, w)."""
    rows = is_inside[len(is_inside) // 8 : len(is_inside) * 7 // 8 or 1]
    depth = np.where(rows.any(axis=1), rows.argmax(axis=1), rows.shape[1])
    third = max(1, len(depth) // 3)
    start, end = np.median(depth[:third]), np.median(depth[-third:])
    position = (np.arange(len(depth)) - third / 2) / max(1, len(depth) - third)
    distance = np.abs(depth - (start + (end - start) * position))
    return bool((distance <= max(2, rows.shape[1] // 100)).mean() > BACKGROUND.min_straight)


def _block_statistics(grey: Grey) -> tuple[tuple[Levels, Levels, Levels], int]:
    """The minimum, mean and maximum of each square block of a picture, and the side of the blocks in pixels."""
    factor = 2 if min(grey.shape) >= 2 * BACKGROUND.cells else 1  # which removes much of the noise
    small = np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey
    block = max(1, -(-max(small.shape) // BACKGROUND.cells))
    padded = np.pad(small, [(0, -side % block) for side in small.shape], mode="edge")
    rows = padded.reshape(padded.shape[0] // block, block, -1)
    shape = len(rows), -1, block
    low, high = rows.min(axis=1).reshape(shape).min(axis=2), rows.max(axis=1).reshape(shape).max(axis=2)
    mean = rows.sum(axis=1, dtype=np.uint32).reshape(shape).sum(axis=2) / block**2
    return (low.astype(np.float32), mean.astype(np.float32), high.astype(np.float32)), block * factor


def _max_slope(grey: Grey) -> float:
    """Grey levels per cell."""
    low, high = level_range(grey)
    return max(1.0, BACKGROUND.max_slope * (high - low))


def _lower_envelope(levels: Levels, max_slope: float) -> Levels:
    """The highest surface that is nowhere above the levels, and changes by at most `max_slope` per cell.  (h, w)."""
    for axis in (0, 1):
        ramp = max_slope * np.arange(levels.shape[axis], dtype=np.float32)
        ramp = ramp[:, None] if axis == 0 else ramp[None]
        forward = np.minimum.accumulate(levels - ramp, axis=axis) + ramp
        backward = np.flip(np.minimum.accumulate(np.flip(levels + ramp, axis), axis=axis), axis) - ramp
        levels = np.minimum(forward, backward)
    return levels


def _upsample(grid: Levels, shape: tuple[int, ...], block: int) -> Levels:
    """Interpolate a value per block to one per pixel, bilinearly.  (rows, columns) -> shape."""
    image = Image.fromarray(np.ascontiguousarray(grid, np.float32))
    box = 0, 0, min(shape[1] / block, grid.shape[1]), min(shape[0] / block, grid.shape[0])
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=box))
