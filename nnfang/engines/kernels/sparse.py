"""The first layer, whose inputs are mostly 0: four fifths of MNIST's pixels are.

The sparse form of sample k is a list of entries, which are a position i and a value x_i, and then

    forward   z_k = b + Σ_i x_i V_i       (eq. 1)     over the entries of sample k
    gradient  ∂L/∂V_i = Σ_k x_i δ_k       (eq. 39)    over the entries at position i

Both are sums of rows, in registers. For the second, the entries of a mini-batch are sorted by position.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from nnfang.engines.kernels.compilation import PART, part
from nnfang.engines.kernels.layout import Entries, for_columns
from nnfang.engines.kernels.moves import compress, unpack
from nnfang.engines.kernels.updates import update
from nnfang.engines.kernels.vectors import LANES, get, load, multiply_add, put, store, zeros

TILE = 112
"""Positions per tile of the forward pass, a multiple of 16: their rows of V stay in the nearest cache while all samples
of the mini-batch use them."""


@part
def extract(x, start, m, p, entries):
    """List the entries of rows start .. start + m - 1 of x (rows, p), of which bytes stand for 0 to 1.

    With T tiles those of row k in tile t are from ``ends[k (T + 1) + t]`` to ``ends[k (T + 1) + t + 1]``. Returns how
    many there are.
    """
    found, tiles = 0, (p + TILE - 1) // TILE
    for k in range(m):
        row = (start + k) * p
        for t in range(tiles):
            entries.ends[k * (tiles + 1) + t] = found
            found = extract_tile(x, row, t * TILE, min((t + 1) * TILE, p), entries, found)
        entries.ends[k * (tiles + 1) + tiles] = found
    finish(x, entries, found)
    return found


@part
def extract_tile(x, row, i, end, entries, found):
    """List the entries at positions i .. end - 1 of one row, from `found` on.  Returns where they end."""
    while i + LANES <= end:
        found += compress(x, row + i, i, entries.positions, entries.values, found)
        i += LANES
    while i < end:
        if x[row + i] != 0:
            note(x, row + i, i, entries, found)
            found += 1
        i += 1
    return found


def note(x: Any, at: int, i: int, entries: Entries, found: int) -> None:
    """List one entry, as `compress` does."""
    raise NotImplementedError("is compiled")


def finish(x: Any, entries: Entries, found: int) -> None:
    """Make positions and values of what `compress` and `note` have listed."""
    raise NotImplementedError("is compiled")


@overload(note, strict=False, jit_options=PART)
def _note(x, at, i, entries, found):
    def byte(x, at, i, entries, found):
        entries.positions[found] = (i << 8) | x[at]

    def number(x, at, i, entries, found):
        entries.positions[found] = i
        entries.values[found] = x[at]

    return byte if isinstance(x.dtype, types.Integer) else number


@overload(finish, strict=False, jit_options=PART)
def _finish(x, entries, found):
    def bytes_(x, entries, found):
        for q in range(0, found, LANES):
            unpack(entries.positions, entries.values, q)

    def numbers(x, entries, found):
        pass

    return bytes_ if isinstance(x.dtype, types.Integer) else numbers


@part
def add_rows(zero, rows, values, q, end, matrix, width, column):
    """Σ values[q] · matrix[rows[q], column:], over q up to `end`; as many columns as `zero` has."""
    total = zero
    while q < end:
        total = multiply_add(get(values, q), load(matrix, np.intp(get(rows, q)) * width + column, zero), total)
        q += 1
    return total


@part
def forward(m, p, entries, V, start, n, z):
    """z += x V (eq. 1), for m samples: z (m, n) holds b before. V (p, n) begins at `start`."""
    for_columns(_forward_columns, n, V, (m, p, entries, V, start, n, z))


@part
def _forward_columns(zero, column, rest):
    m, p, entries, V, start, n, z = rest
    tiles = (p + TILE - 1) // TILE
    for t in range(tiles):
        for k in range(m):
            q, end = entries.ends[k * (tiles + 1) + t], entries.ends[k * (tiles + 1) + t + 1]
            if q < end:
                at = k * n + column
                sums = add_rows(zero, entries.positions, entries.values, q, end, V, n, start + column)
                store(load(z, at, zero) + sums, z, at)


@part
def sort(first, last, p, capacity, entries, buckets):
    """Sort the entries of samples first .. last - 1 by position: those at i stand from ``i capacity`` on."""
    tiles = (p + TILE - 1) // TILE
    for i in range(p):
        buckets.ends[i] = i * capacity
    for k in range(first, last):
        for q in range(entries.ends[k * (tiles + 1)], entries.ends[k * (tiles + 1) + tiles]):
            i = get(entries.positions, q)
            place = get(buckets.ends, i)
            put(k, buckets.samples, place)
            put(get(entries.values, q), buckets.values, place)
            put(place + 1, buckets.ends, i)


@part
def update_rows(p, capacity, buckets, delta, n, every, of, start, rate):
    """Take the step of V (p, n) with delta (m, n): of every row, or of those only whose position has entries."""
    for_columns(_update_columns, n, delta, (p, capacity, buckets, delta, n, every, of, start, rate))


@part
def _update_columns(zero, column, rest):
    p, capacity, buckets, delta, n, every, of, start, rate = rest
    for i in range(p):
        q, end = i * capacity, buckets.ends[i]
        if every or end > q:
            g = add_rows(zero, buckets.samples, buckets.values, q, end, delta, n, column)
            update(of, g, start + i * n + column, rate)
