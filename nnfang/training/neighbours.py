"""The images of a data set that are nearest to one image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import scale_pixels

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images, Labels

BLOCK = 4096
"""Images that are compared at a time."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest images, the nearest first.

    Attributes:
        rows: (k,) where they are in the data set, counted from 0.
        labels: (k,) their classes.
        distances: (k,) ‖x - x'‖, where black is 0 and white 1: the square root of the sum over the pixels.
        images: (k, …) what they look like.
    """

    rows: Labels
    labels: Labels
    distances: npt.NDArray[np.float64]
    images: Images


def find_nearest(image: Images, images: Images, labels: Labels, rows: Labels, k: int) -> Neighbours:
    """Find the images that differ least, pixel by pixel.

    Args:
        image: (…), bytes or floats, as the network takes it.
        images: (n, …).
        labels: (n,).
        rows: Those of the images that are compared.
        k: How many are found, or all where there are fewer.
    """
    x = _scale(image[None])[0]
    squares = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        difference = _scale(images[rows[start : start + BLOCK]]) - x
        squares[start : start + BLOCK] = np.einsum("ij,ij->i", difference, difference)
    nearest = np.argsort(squares, kind="stable")[:k]
    found = rows[nearest]
    return Neighbours(found, labels[found], np.sqrt(squares[nearest]), images[found])


def _scale(images: Images) -> Array:
    """Rows of floats.  (m, …) -> (m, inputs)."""
    rows = np.empty((len(images), images[0].size), np.float32)
    scale_pixels(images, rows)
    return rows
