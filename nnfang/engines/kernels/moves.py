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

    Writes 16 numbers to `positions` from `found` on, of which as many are meant as are returned: where they stood,
    counted from `first`. What stood there goes to `values`; bytes go to the low 8 bits of `positions`, see `unpack`.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source_, start_, first_, positions_, values_, found_ = arguments
        kinds = signature.args
        kind, places = ir.VectorType(context.get_data_type(source.dtype), LANES), ir.VectorType(INT32, LANES)
        place = pointer(context, builder, kinds[0], source_, start_, kind)
        loaded = builder.load(place, align=source.dtype.bitwidth // 8)
        numbers = builder.add(
            repeat(builder, builder.trunc(first_, INT32), places), ir.Constant(places, list(range(LANES)))
        )
        zero = ir.Constant(kind, None)
        if isinstance(source.dtype, types.Integer):
            kept = builder.icmp_unsigned("!=", loaded, zero)
            packed = builder.or_(builder.shl(numbers, ir.Constant(places, [8] * LANES)), builder.zext(loaded, places))
            targets = [(packed, positions_, kinds[3])]
        else:
            kept = builder.fcmp_unordered("!=", loaded, zero)
            targets = [(numbers, positions_, kinds[3]), (loaded, values_, kinds[4])]
        lanes = min(LANES, PIECE // values.dtype.bitwidth)
        for begin in range(0, LANES, lanes):
            mask = part_of(builder, kept, begin, lanes)
            for vector, array, array_kind in targets:
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
def unpack(typing: Any, positions: Any, values: Any, start: Any) -> Any:
    """Split 16 numbers that `compress` made of bytes: position << 8 | byte, to the position and byte / 255."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        positions_, values_, start_ = arguments
        packed = ir.VectorType(INT32, LANES)
        numbers = ir.VectorType(context.get_data_type(values.dtype), LANES)
        place = pointer(context, builder, signature.args[0], positions_, start_, packed)
        loaded = builder.load(place, align=4)
        value = builder.uitofp(builder.and_(loaded, ir.Constant(packed, [255] * LANES)), numbers)
        builder.store(builder.lshr(loaded, ir.Constant(packed, [8] * LANES)), place, align=4)
        place = pointer(context, builder, signature.args[1], values_, start_, numbers)
        value = builder.fdiv(value, ir.Constant(numbers, [255] * LANES))
        builder.store(value, place, align=values.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(positions, values, types.intp), generate


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
