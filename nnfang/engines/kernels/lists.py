"""Lists of what is not 0 in some vectors: where it stands, and what it is.

An entry is a pair of numbers, or for bytes one word, which takes half the memory. Compiled functions take either form:

    place(of, q), value(of, q)      of entry q
    copy(of, q, k, to, at)          entry `at` of another list: place k, and the value of entry q
    append(x, at, i, of, q)         list ``x.flat[at]`` as entry q if it is not 0, with place i; returns q, or q + 1
    append_lanes(x, at, i, of, q)   the same for 16 numbers
"""

from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from nnfang.engines.kernels.compilation import PART
from nnfang.engines.kernels.moves import compress, compress_bytes
from nnfang.engines.kernels.vectors import get, put


class Numbers(NamedTuple):
    """Entries: places, and values in the network's dtype."""

    places: Any
    values: Any


class Bytes(NamedTuple):
    """Entries place << 8 | byte, and the 256 values that a byte stands for."""

    words: Any
    fractions: Any


class Lists(NamedTuple):
    """Entries, in lists of which each ends where ``ends`` says."""

    of: Any
    ends: Any


def place(of: Any, q: int) -> int:
    """Where entry q stands in its vector."""
    raise NotImplementedError("is compiled")


def value(of: Any, q: int) -> float:
    """The number of entry q."""
    raise NotImplementedError("is compiled")


def copy(of: Any, q: int, k: int, to: Any, at: int) -> None:
    """Write the value of entry q to entry `at` of another list of the same form, with place k."""
    raise NotImplementedError("is compiled")


def append(x: Any, at: int, i: int, of: Any, q: int) -> int:
    """List ``x.flat[at]`` as entry q, with place i, if it is not 0.  Returns where the next entry goes."""
    raise NotImplementedError("is compiled")


def append_lanes(x: Any, at: int, i: int, of: Any, q: int) -> int:
    """The same for ``x.flat[at : at + 16]``, with places from i on.  Up to 16 entries from q on are overwritten."""
    raise NotImplementedError("is compiled")


@overload(place, strict=False, jit_options=PART)
def _place(of, q):
    if of.instance_class is Bytes:
        return lambda of, q: np.intp(get(of.words, q) >> 8)
    return lambda of, q: np.intp(get(of.places, q))


@overload(value, strict=False, jit_options=PART)
def _value(of, q):
    if of.instance_class is Bytes:
        return lambda of, q: get(of.fractions, np.intp(get(of.words, q) & 255))
    return lambda of, q: get(of.values, q)


@overload(copy, strict=False, jit_options=PART)
def _copy(of, q, k, to, at):
    def word(of, q, k, to, at):
        put(np.uint32((k << 8) | (get(of.words, q) & 255)), to.words, at)

    def pair(of, q, k, to, at):
        put(np.int32(k), to.places, at)
        put(get(of.values, q), to.values, at)

    return word if of.instance_class is Bytes else pair


@overload(append, strict=False, jit_options=PART)
def _append(x, at, i, of, q):
    def word(x, at, i, of, q):
        put(np.uint32((i << 8) | x[at]), of.words, q)
        return q + (x[at] != 0)

    def pair(x, at, i, of, q):
        put(np.int32(i), of.places, q)
        put(x[at], of.values, q)
        return q + (x[at] != 0)

    return word if of.instance_class is Bytes else pair


@overload(append_lanes, strict=False, jit_options=PART)
def _append_lanes(x, at, i, of, q):
    if of.instance_class is Bytes:
        return lambda x, at, i, of, q: q + compress_bytes(x, at, i, of.words, q)
    return lambda x, at, i, of, q: q + compress(x, at, i, of.places, of.values, q)
