"""The first layer, whose inputs are mostly 0: four fifths of MNIST's pixels are.

The sparse form of sample k is a list of entries, which are a position i and a value x_i, and then

    forward   z_k = b + Σ_i x_i V_i       (eq. 1)     over the entries of sample k
    gradient  ∂L/∂V_i = Σ_k x_i δ_k       (eq. 39)    over the entries at position i

Both are sums of rows, in registers. For the second, the entries of a mini-batch are sorted by position.
"""

import numpy as np

from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.layout import for_columns
from nnfang.engines.kernels.lists import append, append_lanes, copy, place, value
from nnfang.engines.kernels.updates import update
from nnfang.engines.kernels.vectors import LANES, get, load, multiply_add, put, store

TILE = 112
"""Positions per tile of the forward pass, a multiple of 16: their rows of V stay in the nearest cache while all samples
of the mini-batch use them."""


@part
def extract(x, start, m, p, pixels):
    """List what is not 0 in rows start .. start + m - 1 of x (rows, p).

    With T tiles those of row k in tile t are from ``ends[k (T + 1) + t]`` to ``ends[k (T + 1) + t + 1]``. Returns how
    many there are.
    """
    found, tiles = 0, (p + TILE - 1) // TILE
    for k in range(m):
        row = (start + k) * p
        for t in range(tiles):
            pixels.ends[k * (tiles + 1) + t] = found
            i, end = t * TILE, min((t + 1) * TILE, p)
            while i + LANES <= end:
                found = append_lanes(x, row + i, i, pixels.of, found)
                i += LANES
            while i < end:
                found = append(x, row + i, i, pixels.of, found)
                i += 1
        pixels.ends[k * (tiles + 1) + tiles] = found
    return found


@part
def add_rows(zero, of, q, end, matrix, start, width):
    """Σ value · matrix.flat[start + place · width:] over the entries from q to `end`; as many numbers as `zero` has."""
    total = zero
    while q < end:
        total = multiply_add(value(of, q), load(matrix, start + place(of, q) * width, zero), total)
        q += 1
    return total


@part
def forward(m, p, pixels, V, start, n, z):
    """z += x V (eq. 1), for m samples: z (m, n) holds b before. V (p, n) begins at `start`."""
    for_columns(_forward_columns, n, V, (m, p, pixels, V, start, n, z))


@part
def _forward_columns(zero, column, rest):
    m, p, pixels, V, start, n, z = rest
    tiles = (p + TILE - 1) // TILE
    for t in range(tiles):
        for k in range(m):
            q, end = get(pixels.ends, k * (tiles + 1) + t), get(pixels.ends, k * (tiles + 1) + t + 1)
            if q < end:
                at = k * n + column
                store(load(z, at, zero) + add_rows(zero, pixels.of, q, end, V, start + column, n), z, at)


@part
def sort(first, last, p, capacity, pixels, buckets):
    """Sort the entries of samples first .. last - 1 by position: those at i stand from ``i capacity`` on."""
    tiles = (p + TILE - 1) // TILE
    for i in range(p):
        buckets.ends[i] = i * capacity
    for k in range(first, last):
        for q in range(pixels.ends[k * (tiles + 1)], pixels.ends[k * (tiles + 1) + tiles]):
            i = place(pixels.of, q)
            at = get(buckets.ends, i)
            copy(pixels.of, q, k, buckets.of, at)
            put(np.int32(at + 1), buckets.ends, i)


@part
def update_rows(p, capacity, buckets, delta, n, every, of, start, rate):
    """Take the step of V (p, n) with delta (m, n): of every row, or of those only whose position has entries."""
    for_columns(_update_columns, n, delta, (p, capacity, buckets, delta, n, every, of, start, rate))


@part
def _update_columns(zero, column, rest):
    p, capacity, buckets, delta, n, every, of, start, rate = rest
    for i in range(p):
        q, end = i * capacity, np.intp(get(buckets.ends, i))
        if every or end > q:
            g = add_rows(zero, buckets.of, q, end, delta, column, n)
            update(of, g, start + i * n + column, rate)
