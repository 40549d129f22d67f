"""Vectors of 16 numbers that go to other places: what is not 0, side by side; a matrix, transposed."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nnfang.engines.kernels.vectors import INT32, INT64, LANES, call, part_of, pointer, repeat, suffix

PIECE = 512
"""Bits that are compressed at a time: of two registers, LLVM 20 stores the second where only the first may be."""


@intrinsic
def compress(typing: Any, source: Any, start: Any, first: Any, positions: Any, values: Any, found: Any) -> Any:
    """Of ``source.flat[start : start + 16]``, keep what is not 0.

    Writes 16 numbers to `positions` and to `values` from `found` on, of which as many are meant as are returned: where
    they stood, counted from `first`, and what stood there, in the dtype of `values`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source_, start_, first_, positions_, values_, found_ = arguments
        kinds = signature.args
        element = context.get_data_type(source.dtype)
        kind, places = ir.VectorType(element, LANES), ir.VectorType(INT32, LANES)
        place = pointer(context, builder, kinds[0], source_, start_, kind)
        loaded = builder.load(place, align=source.dtype.bitwidth // 8)
        zero = ir.Constant(kind, None)
        if isinstance(source.dtype, types.Integer):
            kept = builder.icmp_unsigned("!=", loaded, zero)
            loaded = builder.uitofp(loaded, ir.VectorType(context.get_data_type(values.dtype), LANES))
        else:
            kept = builder.fcmp_unordered("!=", loaded, zero)
        numbers = builder.add(
            repeat(builder, builder.trunc(first_, INT32), places), ir.Constant(places, list(range(LANES)))
        )
        lanes = min(LANES, PIECE // values.dtype.bitwidth)
        for begin in range(0, LANES, lanes):
            mask = part_of(builder, kept, begin, lanes)
            for vector, array, array_kind in ((numbers, positions_, kinds[3]), (loaded, values_, kinds[4])):
                piece = part_of(builder, vector, begin, lanes)
                name = f"llvm.experimental.vector.compress.{suffix(piece.type)}"
                packed = call(builder, name, piece.type, piece, mask, ir.Constant(piece.type, ir.Undefined))
                place = pointer(context, builder, array_kind, array, found_, piece.type)
                builder.store(packed, place, align=array_kind.dtype.bitwidth // 8)
            bits = builder.bitcast(mask, ir.IntType(lanes))
            found_ = builder.add(found_, builder.zext(call(builder, f"llvm.ctpop.i{lanes}", bits.type, bits), INT64))
        return builder.sub(found_, arguments[-1])

    return types.intp(source, types.intp, types.intp, positions, values, types.intp), generate


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
