"""The array types of the maths."""

import sys
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
"""Floating-point numbers of the network's dtype, float32 or float64."""

Labels = npt.NDArray[np.integer[Any]]
"""Class numbers 0 .. classes - 1, shape (m,)."""

Pixels = npt.NDArray[np.uint8]
"""Bytes 0 .. 255."""

Images = Pixels | Array
"""Bytes 0 .. 255, or floats, which are not scaled; shape (m, ...)."""


CACHE_LINE = 64
"""Bytes that a processor loads at a time, which is also the width of its widest registers."""


def aligned_empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """An uninitialized array that begins at a cache line: matrix products are a few percent faster."""
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if size > sys.maxsize // 2:  # NumPy would raise a ValueError
        raise MemoryError(f"unable to allocate {size:.3g} bytes")
    memory = np.empty(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    array: Array = memory[start : start + size].view(dtype).reshape(shape)
    return array


def scale_pixels(images: Images, out: Array) -> None:
    """Write the network's inputs: bytes divided by 255, floats unchanged.

    Args:
        images: (m, ...) pictures or rows.
        out: (m, inputs), receives one row per picture, in 0 .. 1 for bytes.
    """
    rows = images.reshape(out.shape)
    if rows.dtype == np.uint8:
        np.divide(rows, 255, out=out, dtype=out.dtype, casting="unsafe")
    else:
        out[...] = rows
