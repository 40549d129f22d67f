"""Vectors of 16 numbers that go to other places: what is not 0, side by side; a matrix, transposed."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nnfang.engines.kernels.vectors import INT32, INT64, LANES, call, part_of, pointer, repeat, suffix

PIECE = 512
"""Bits that are compressed at a time: of two registers, LLVM 20 stores the second where only the first may be."""


PLACES = ir.VectorType(INT32, LANES)
NUMBERED = ir.Constant(PLACES, list(range(LANES)))


@intrinsic
def compress(typing: Any, source: Any, start: Any, first: Any, places: Any, values: Any, found: Any) -> Any:
    """Of ``source.flat[start : start + 16]``, keep what is not 0.

    Writes 16 numbers to `places` and to `values` from `found` on, of which as many are meant as are returned: where
    they stood, counted from `first`, and what stood there.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = load_lanes(context, builder, signature, arguments)
        kept = builder.fcmp_unordered("!=", loaded, ir.Constant(loaded.type, None))
        targets = [(number_lanes(builder, arguments[2]), 3), (loaded, 4)]
        return store_kept(context, builder, signature, arguments, kept, targets)

    return types.intp(source, types.intp, types.intp, places, values, types.intp), generate


@intrinsic
def compress_bytes(typing: Any, source: Any, start: Any, first: Any, words: Any, found: Any) -> Any:
    """As `compress`, for bytes: place << 8 | byte goes to `words`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = load_lanes(context, builder, signature, arguments)
        kept = builder.icmp_unsigned("!=", loaded, ir.Constant(loaded.type, None))
        shifted = builder.shl(number_lanes(builder, arguments[2]), ir.Constant(PLACES, [8] * LANES))
        targets = [(builder.or_(shifted, builder.zext(loaded, PLACES)), 3)]
        return store_kept(context, builder, signature, arguments, kept, targets)

    return types.intp(source, types.intp, types.intp, words, types.intp), generate


def load_lanes(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """The 16 numbers of the first argument, an array, at the second, an index."""
    kind = signature.args[0]
    lanes = ir.VectorType(context.get_data_type(kind.dtype), LANES)
    place = pointer(context, builder, kind, arguments[0], arguments[1], lanes)
    return builder.load(place, align=kind.dtype.bitwidth // 8)


def number_lanes(builder: Any, first: Any) -> Any:
    """first .. first + 15."""
    return builder.add(repeat(builder, builder.trunc(first, INT32), PLACES), NUMBERED)


def store_kept(
    context: Any, builder: Any, signature: Any, arguments: Any, kept: Any, targets: list[tuple[Any, int]]
) -> Any:
    """Store what is kept of each vector, side by side, in the argument of that number, an array, from the last one on.

    Returns how many are kept.
    """
    found = arguments[-1]
    widest = max(signature.args[number].dtype.bitwidth for _, number in targets)
    lanes = min(LANES, PIECE // widest)
    for begin in range(0, LANES, lanes):
        mask = part_of(builder, kept, begin, lanes)
        for vector, number in targets:
            piece, array = part_of(builder, vector, begin, lanes), signature.args[number]
            name = f"llvm.experimental.vector.compress.{suffix(piece.type)}"
            packed = call(builder, name, piece.type, piece, mask, ir.Constant(piece.type, ir.Undefined))
            place = pointer(context, builder, array, arguments[number], found, piece.type)
            builder.store(packed, place, align=array.dtype.bitwidth // 8)
        bits = builder.bitcast(mask, ir.IntType(lanes))
        count = call(builder, f"llvm.ctpop.i{lanes}", bits.type, bits)
        found = builder.add(found, builder.zext(count, INT64))
    return builder.sub(found, arguments[-1])


@intrinsic
def transpose(typing: Any, source: Any, start: Any, row: Any, target: Any, target_start: Any, target_row: Any) -> Any:
    """Transpose 16 x 16 numbers: ``target.flat[target_start + r target_row + c] = source.flat[start + c row + r]``.

    Sixteen rows are exchanged with each other four times: halves, then quarters, eighths and single numbers.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, start_, row_, _, target_start_, target_row_ = arguments
        kind = ir.VectorType(context.get_data_type(source.dtype), LANES)
        size = source.dtype.bitwidth // 8

        def place(array: int, begin: Any, step: Any, k: int) -> Any:
            index = builder.add(begin, builder.mul(step, ir.Constant(INT64, k)))
            return pointer(context, builder, signature.args[array], arguments[array], index, kind)

        rows = [builder.load(place(0, start_, row_, k), align=size) for k in range(LANES)]
        half = LANES // 2
        while half:
            low = [j if not j & half else LANES + j - half for j in range(LANES)]
            high = [j + half if not j & half else LANES + j for j in range(LANES)]
            masks = [ir.Constant(ir.VectorType(INT32, LANES), order) for order in (low, high)]
            for k in range(LANES):
                if not k & half:
                    pair = rows[k], rows[k + half]
                    rows[k], rows[k + half] = (builder.shuffle_vector(*pair, mask) for mask in masks)
            half //= 2
        for k in range(LANES):
            builder.store(rows[k], place(3, target_start_, target_row_, k), align=size)
        return context.get_dummy_value()

    arguments = source, types.intp, types.intp, target, types.intp, types.intp
    return types.void(*arguments), generate
