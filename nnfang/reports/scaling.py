"""Pictures in fewer pixels and in other levels, so that they can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

SURROUNDINGS = 6
"""What part of the longer side of a picture is around a pixel, either way."""


def shrink(image: npt.NDArray[Any], most: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The means of equal parts of an image, which is no larger than `most` (h, w) then; a small one is unchanged."""
    factor = max(1.0, *(side / limit for side, limit in zip(image.shape, most, strict=True)))
    found = image.astype(np.float64)
    for axis, (side, limit) in enumerate(zip(image.shape, most, strict=True)):
        size = max(1, min(round(side / factor), limit))
        edges = (np.arange(size) * side) // size
        counts = np.diff(np.append(edges, side))
        found = np.add.reduceat(found, edges, axis) / np.expand_dims(counts, 1 - axis)
    return found


def flatten_light(image: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What is lighter than its surroundings in a picture (h, w), from 0 to 255: strokes, not the light on the page."""
    reach = max(2, max(image.shape) // SURROUNDINGS)
    around = np.pad(image, reach, mode="edge")
    sums = np.pad(around, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    size = 2 * reach + 1
    means = (sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]) / size**2
    lighter = np.maximum(image - means, 0)
    flat: npt.NDArray[np.float64] = np.minimum(255, lighter * (255 / max(1.0, float(np.quantile(lighter, 0.98)))))
    return flat


def strongest(values: npt.NDArray[np.float64]) -> float:
    """The size from which on values are shown as the largest, so that a single one does not outshine all others."""
    sizes = np.abs(values[values != 0])
    return float(np.quantile(sizes, 0.99)) if len(sizes) else 1.0


def to_bytes(image: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Grey levels (h, w), rounded."""
    return np.rint(image).astype(np.uint8)


def to_levels(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An image of bytes as it is, and one of numbers within 0 .. 1 as grey levels."""
    return image if image.dtype == np.uint8 else 255 * image
