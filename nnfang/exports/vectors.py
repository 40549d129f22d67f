"""Inputs with which an exported network is tried where nnfang is not: made up, so that no training data leave home.

They are the same on every computer, and need neither the data set nor a random generator.
"""

from __future__ import annotations

import hashlib
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnfang.core.arrays import Images

COUNT = 10

PICTURE_AXES = 2


def make_vectors(shape: tuple[int, ...], count: int = COUNT) -> Images:
    """Inputs of which the first are sparse, as digits are, and the last are half full.

    Args:
        shape: (h, w) of an image, or (features,) of a row.
        count: How many.

    Returns:
        (count, *shape): bytes for images; for rows, numbers from -2 to 2 as float32.
    """
    size = count * prod(shape)
    levels, places = (_stream(name, size).reshape(count, -1) for name in ("levels", "places"))
    if len(shape) != PICTURE_AXES:
        return (levels.astype(np.float32) / 64 - 2).reshape(count, *shape)
    ink = np.linspace(16, 128, count)[:, None]
    return np.where(places < ink, levels, np.uint8(0)).reshape(count, *shape)


def _stream(name: str, size: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bytes that look random.  (size,)."""
    return np.frombuffer(hashlib.shake_256(f"nnfang {name}".encode()).digest(size), np.uint8)
