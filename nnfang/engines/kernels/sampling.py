"""Pixels of an image between its pixels, for `nnfang.training.augment`: 16 places at a time.

The four pixels around a place are bytes that fit one word of 32 bits, so that one look-up finds all of them. Of images
that are not bytes, four look-ups do.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.vectors import (
    INT32,
    INT64,
    LANES,
    call,
    fill,
    load,
    multiply_add,
    operation,
    pointer,
    repeat,
    store,
    suffix,
    zeros,
)

AHEAD = LANES
"""Numbers after the last image that are read, and not used."""


def sample_bytes(padded, words, y, x, h, w, out):
    """Interpolate between the four pixels around each place, and divide by 255.

    Args:
        padded: (m or more, h + 2, w + 2) bytes and `AHEAD` + w + 3 more, flat: the images within a border of 0.
        words: (padded images' size + `AHEAD`,), receives each pixel's word.
        y: (m, h w), the row of each place, counted in the padded image.
        x: (m, h w), the column.
        h: Height of the images; h w is 16 or more. Numbers are of 32 bits.
        w: Width.
        out: (m, h w).
    """
    m, n = out.shape
    row, size, end = np.intp(w) + 2, (np.intp(h) + 2) * (np.intp(w) + 2), np.intp(h) * np.intp(w) - LANES
    y, x, pixels = y.reshape(-1), x.reshape(-1), out.reshape(-1)
    zero = zeros(out, 16)
    white = fill(np.float32(255), zero)
    for k in range(m):
        for i in range(0, size - row - 1, LANES):
            pack(padded, k * size + i, row, words, i)
        for j in range(0, n, LANES):
            at = k * n + min(j, end)
            corner, down, right = find_corner(load(y, at, zero), load(x, at, zero), h, w)
            a, b, c, d = take_bytes(words, corner)
            store(interpolate(a, b, c, d, down, right) / white, pixels, at)


def sample_floats(padded, y, x, h, w, out):
    """The same for images of numbers from 0 to 1."""
    m, n = out.shape
    row, size, end = np.intp(w) + 2, (np.intp(h) + 2) * (np.intp(w) + 2), np.intp(h) * np.intp(w) - LANES
    y, x, pixels = y.reshape(-1), x.reshape(-1), out.reshape(-1)
    zero = zeros(out, 16)
    for k in range(m):
        for j in range(0, n, LANES):
            at, first = k * n + min(j, end), k * size
            corner, down, right = find_corner(load(y, at, zero), load(x, at, zero), h, w)
            a, b = take(padded, first, corner), take(padded, first + 1, corner)
            c, d = take(padded, first + row, corner), take(padded, first + row + 1, corner)
            store(interpolate(a, b, c, d, down, right), pixels, at)


@part
def find_corner(y, x, h, w):
    """The number of the pixel up and left of each place, and how far the place is below it and right of it."""
    y, x = clip(y, h + np.float32(0.999)), clip(x, w + np.float32(0.999))
    above, left = truncate(y), truncate(x)
    return multiply_add(w + np.float32(2), above, left), y - above, x - left


@part
def interpolate(a, b, c, d, down, right):
    """Between a and b in the row above, between c and d in the row below, and between the two."""
    upper, lower = right * (b - a) + a, right * (d - c) + c
    return down * (lower - upper) + upper


@part
def clip(v, most):
    """v between 0 and a number."""
    return smaller(larger(v, v - v), fill(most, v))


smaller = operation(lambda builder, a, b: builder.select(builder.fcmp_ordered("<", a, b), a, b))
larger = operation(lambda builder, a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))


@intrinsic
def truncate(typing: Any, vector: Any) -> Any:
    """The whole part of each number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        return call(builder, f"llvm.trunc.{suffix(value.type)}", value.type, value)

    return vector(vector), generate


@intrinsic
def pack(typing: Any, pixels: Any, start: Any, row: Any, words: Any, to: Any) -> Any:
    """16 words: a pixel in the lowest 8 bits, then the one right of it, the one below it, and the one right of that."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pixels_, start_, row_, words_, to_ = arguments
        lanes, wide = ir.VectorType(ir.IntType(8), LANES), ir.VectorType(INT32, LANES)
        one, packed = ir.Constant(INT64, 1), ir.Constant(wide, None)
        below = builder.add(start_, row_)
        for shift, index in enumerate((start_, builder.add(start_, one), below, builder.add(below, one))):
            place = pointer(context, builder, signature.args[0], pixels_, index, lanes)
            bits = builder.zext(builder.load(place, align=1), wide)
            packed = builder.or_(packed, builder.shl(bits, ir.Constant(wide, [8 * shift] * LANES)))
        builder.store(packed, pointer(context, builder, signature.args[3], words_, to_, wide), align=4)
        return context.get_dummy_value()

    return types.void(pixels, types.intp, types.intp, words, types.intp), generate


def look_up(context: Any, builder: Any, kind: Any, array: Any, start: Any, indices: Any) -> Any:
    """``array.flat[start + index]`` of 32 bits, for a vector of indices that are whole numbers of 32 bits."""
    count, element = indices.type.count, context.get_data_type(kind.dtype)
    wide, loaded = ir.VectorType(INT64, count), ir.VectorType(element, count)
    offsets = builder.sext(builder.fptosi(indices, ir.VectorType(INT32, count)), wide)
    first = builder.ptrtoint(pointer(context, builder, kind, array, start, element), INT64)
    addresses = builder.add(repeat(builder, first, wide), builder.shl(offsets, ir.Constant(wide, [2] * count)))
    pointers = builder.inttoptr(addresses, ir.VectorType(element.as_pointer(), count))
    every = ir.Constant(ir.VectorType(ir.IntType(1), count), [1] * count)
    arguments = pointers, ir.Constant(INT32, 4), every, ir.Constant(loaded, ir.Undefined)
    signature = ir.FunctionType(loaded, [argument.type for argument in arguments])
    name = f"llvm.masked.gather.{suffix(loaded)}.v{count}p0"
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments)


@intrinsic
def take(typing: Any, array: Any, start: Any, indices: Any) -> Any:
    """``array.flat[start + index]`` for each index."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return look_up(context, builder, signature.args[0], *arguments)

    return indices(array, types.intp, indices), generate


@intrinsic
def take_bytes(typing: Any, words: Any, indices: Any) -> Any:
    """The four bytes of ``words[index]`` for each index, the lowest first, as four vectors."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words_, indices_ = arguments
        found = look_up(context, builder, signature.args[0], words_, ir.Constant(INT64, 0), indices_)
        low = ir.Constant(found.type, [255] * LANES)
        shifted = (builder.lshr(found, ir.Constant(found.type, [8 * k] * LANES)) for k in range(4))
        parts = [builder.uitofp(builder.and_(bits, low), indices_.type) for bits in shifted]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(indices, 4)(words, indices), generate
