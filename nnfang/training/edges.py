"""How much edge of each direction there is in each part of an image: what strokes look like, apart from their ink.

Histograms of oriented gradients: N. Dalal and B. Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR
2005; without their blocks, since the images of a data set have one contrast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import scale_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.arrays import Array, Images

DIRECTIONS = 8
"""Directions of an edge, of half a turn: light on one side of a line or on the other is the same."""

CELLS = 4
"""Parts of the height, and of the width."""

SHARPNESS = 0.7
"""An edge counts for the directions with which cos 2α is larger than this, α being the angle between them."""

SMALLEST_SIDE = 4
"""Pixels of height and width below which a cell would have less than one."""

EDGES = DIRECTIONS * CELLS * CELLS
"""Numbers for each image."""

CHUNK = 64
"""Images at a time, so that all of them stay in the processor's cache."""


def edge_histograms(images: Images) -> Array:
    """The square roots of the sums of the gradient's length, direction by direction and cell by cell.

    With the gradient (g_x, g_y) = m (cos θ, sin θ), the direction b counts

        max(0, cos 2(θ - θ_b) - s) m / (1 - s),    θ_b = π b / DIRECTIONS, s = SHARPNESS,

    where m cos 2θ = (g_x² - g_y²) / m and m sin 2θ = 2 g_x g_y / m need no angle. A cell counts a pixel the more, the
    nearer it is to the cell's centre. The square root lets weak edges count beside strong ones.

    Args:
        images: (m, h, w) bytes, which are divided by 255, or floats; h and w at least `SMALLEST_SIDE`.

    Returns:
        (m, EDGES) float32.
    """
    cells = _cell_weights(images.shape[1:])
    histograms = np.empty((len(images), DIRECTIONS, len(cells)), np.float32)
    for start in range(0, len(images), CHUNK):
        chunk = images[start : start + CHUNK]
        grey = np.empty(chunk.shape, np.float32)
        scale_pixels(chunk, grey)
        for direction, strength in _directed(grey):
            histograms[start : start + CHUNK, direction] = strength.reshape(len(chunk), -1) @ cells.T
    return np.sqrt(histograms, out=histograms).reshape(len(images), -1)


def _directed(grey: Array) -> Iterator[tuple[int, Array]]:
    """What a direction counts at each pixel, direction by direction, in memory that the next one uses again.

    A quarter of a turn further on, cos 2(θ - θ_b) has the other sign.  (m, h, w) -> b, (m, h, w).
    """
    g_x, g_y = np.zeros_like(grey), np.zeros_like(grey)
    np.subtract(grey[:, :, 2:], grey[:, :, :-2], out=g_x[:, :, 1:-1])
    np.subtract(grey[:, 2:], grey[:, :-2], out=g_y[:, 1:-1])
    length = np.sqrt(g_x * g_x + g_y * g_y)
    per_length = 1 / np.maximum(length, np.finfo(np.float32).tiny)
    # m cos 2θ and m sin 2θ
    cosine = (g_x * g_x - g_y * g_y) * per_length
    sine = 2 * g_x * g_y * per_length
    threshold = SHARPNESS * length
    negative_threshold = -threshold
    along, scratch = np.empty_like(grey), np.empty_like(grey)
    for b in range(DIRECTIONS // 2):
        angle = 2 * np.pi * b / DIRECTIONS
        np.multiply(cosine, np.float32(np.cos(angle)), out=along)
        np.multiply(sine, np.float32(np.sin(angle)), out=scratch)
        along += scratch
        np.subtract(along, threshold, out=scratch)
        yield b, np.maximum(scratch, 0, out=scratch)
        np.subtract(negative_threshold, along, out=scratch)
        yield b + DIRECTIONS // 2, np.maximum(scratch, 0, out=scratch)


def _cell_weights(shape: tuple[int, ...]) -> Array:
    """How much each cell counts each pixel: 1 at its centre, 0 at that of the next.  (h, w) -> (CELLS², h w)."""
    centre = np.arange(CELLS)[:, None] + 0.5
    height, width = (np.maximum(0, 1 - np.abs((np.arange(side) + 0.5) * CELLS / side - centre)) for side in shape)
    return (np.kron(height, width) / (1 - SHARPNESS)).astype(np.float32)
