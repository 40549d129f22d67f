"""Vectors for numba: a value of many numbers, which LLVM keeps in registers.

numba compiles loops over arrays, and each time round the numbers go through memory. A `Vector` is one value instead, of
16 to 128 numbers; LLVM's ``<128 x float>`` is that type, and it becomes 8 registers with AVX-512, 16 with AVX2 and 32
with NEON. Sums that run over many rows of a matrix then stay in registers until they are complete.

Within compiled functions,

    zero = zeros(a, 64)             64 zeros of the dtype of array a (the width is a literal)
    v = load(a, i, zero)            a.flat[i : i + 64], as many numbers as `zero` has
    store(v, a, i)                  a.flat[i : i + 64] = v
    v + w, v - w, v * w, v / w      number by number
    multiply_add(s, v, w)           s v + w, rounded once where the processor can; s a number or a vector
    fill(s, zero)                   s, repeated
    s = get(a, i)                   a.flat[i], one number
    put(s, a, i)                    a.flat[i] = s

``a[i]`` would first ask whether i is negative, which inner loops have no time for. Arrays have to be contiguous; that i
is in bounds is up to the caller. Nothing here may reorder a sum, so the same source gives the same bits, whoever calls
it and however it was inlined.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

INT32, INT64 = ir.IntType(32), ir.IntType(64)

LANES = 16
"""The width of every other vector is a multiple of this."""


class Vector(types.Type):  # numba has no types
    """So many numbers of a scalar type."""

    def __init__(self, width: int, scalar: Any) -> None:
        super().__init__(name=f"Vector({width}, {scalar})")
        self.width, self.scalar = width, scalar


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is what LLVM calls one."""

    def __init__(self, manager: Any, kind: Vector) -> None:
        scalar = ir.FloatType() if kind.scalar == types.float32 else ir.DoubleType()
        super().__init__(manager, kind, ir.VectorType(scalar, kind.width))


def pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any, to: Any) -> Any:
    """The address of ``array.flat[index]``, as that of a value of LLVM's type `to`."""
    data = cgutils.create_struct_proxy(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), to.as_pointer())


def repeat(builder: Any, number: Any, kind: Any) -> Any:
    """A vector of LLVM's type `kind` with the same number in each place."""
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(INT32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(INT32, kind.count), [0] * kind.count))


def call(builder: Any, name: str, kind: Any, *arguments: Any) -> Any:
    """One of LLVM's own functions, such as ``llvm.sqrt``, for vectors."""
    signature = ir.FunctionType(kind, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments)


def suffix(kind: Any) -> str:
    """How LLVM writes a type of vectors at the end of a function's name."""
    element = kind.element
    letter = f"i{element.width}" if isinstance(element, ir.IntType) else "f32" if element == ir.FloatType() else "f64"
    return f"v{kind.count}{letter}"


@intrinsic(prefer_literal=True)
def zeros(typing: Any, array: Any, width: Any) -> Any:
    """As many zeros as the literal `width` says, of the dtype of `array`."""
    kind = Vector(width.literal_value, array.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(context.get_value_type(signature.return_type), None)

    return kind(array, width), generate


@intrinsic
def load(typing: Any, array: Any, index: Any, like: Any) -> Any:
    """The numbers of an array from a flat index on, as many as `like` has."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        place = pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind)
        return builder.load(place, align=array.dtype.bitwidth // 8)

    return like(array, types.intp, like), generate


@intrinsic
def store(typing: Any, vector: Any, array: Any, index: Any) -> Any:
    """Write a vector to an array, from a flat index on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = pointer(context, builder, signature.args[1], arguments[1], arguments[2], arguments[0].type)
        builder.store(arguments[0], place, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(vector, array, types.intp), generate


@intrinsic
def get(typing: Any, array: Any, index: Any) -> Any:
    """The number of an array at a flat index."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        return builder.load(pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind))

    return array.dtype(array, types.intp), generate


@intrinsic
def put(typing: Any, number: Any, array: Any, index: Any) -> Any:
    """Write a number to an array, at a flat index."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, target, at = arguments
        builder.store(value, pointer(context, builder, signature.args[1], target, at, value.type))
        return context.get_dummy_value()

    return types.void(array.dtype, array, types.intp), generate


@intrinsic
def fill(typing: Any, number: Any, like: Any) -> Any:
    """A number in each place of a vector."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return repeat(builder, arguments[0], context.get_value_type(signature.return_type))

    return like(like.scalar, like), generate


@intrinsic
def multiply_add(typing: Any, factor: Any, vector: Any, total: Any) -> Any:
    """factor · vector + total; the factor is a number or a vector.

    This is LLVM's fmuladd, which is two operations on processors that have no fused one: fma would be a function of the
    C library there, ten times slower.
    """
    scalar = not isinstance(factor, Vector)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = arguments[2].type
        first = repeat(builder, arguments[0], kind) if scalar else arguments[0]
        return call(builder, f"llvm.fmuladd.{suffix(kind)}", kind, first, *arguments[1:])

    return total(total.scalar if scalar else total, total, total), generate


def operation(build: Callable[[Any, Any, Any], Any]) -> Any:
    """An intrinsic of two vectors."""

    @intrinsic
    def of_two(typing: Any, first: Any, second: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return build(builder, *arguments)

        return first(first, second), generate

    return of_two


def define_operator(symbol: Callable[[Any, Any], Any], build: Callable[[Any, Any, Any], Any]) -> None:
    """Let compiled functions write ``v + w`` and so on."""

    @infer_global(symbol)
    class OfVectors(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            first, second = arguments
            return first(first, second) if isinstance(first, Vector) and first == second else None

    @lower_builtin(symbol, Vector, Vector)
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return build(builder, *arguments)


define_operator(operator.add, lambda builder, a, b: builder.fadd(a, b))
define_operator(operator.sub, lambda builder, a, b: builder.fsub(a, b))
define_operator(operator.mul, lambda builder, a, b: builder.fmul(a, b))
define_operator(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))

where_positive = operation(
    lambda builder, condition, value: builder.select(
        builder.fcmp_ordered(">", condition, ir.Constant(condition.type, None)), value, ir.Constant(value.type, None)
    )
)
"""where_positive(c, v): v where c > 0, else 0; where_positive(v, v) is relu."""


@intrinsic
def halves(typing: Any, vector: Any) -> Any:
    """The first and the second half of a vector."""
    half = Vector(vector.width // 2, vector.scalar)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        return context.make_tuple(builder, signature.return_type, split(builder, value))

    return types.UniTuple(half, 2)(vector), generate


def split(builder: Any, value: Any) -> list[Any]:
    """LLVM's vectors of the first and of the second half."""
    size = value.type.count // 2
    return [part_of(builder, value, begin, size) for begin in (0, size)]


def part_of(builder: Any, value: Any, begin: int, size: int) -> Any:
    """So many numbers of a vector from `begin` on, as a vector of LLVM's."""
    places = list(range(begin, begin + size))
    return builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(INT32, size), places))


@intrinsic
def square_root(typing: Any, vector: Any) -> Any:
    """√, number by number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        return call(builder, f"llvm.sqrt.{suffix(value.type)}", value.type, value)

    return vector(vector), generate


@intrinsic
def total(typing: Any, vector: Any) -> Any:
    """The sum of a vector's numbers, by halves: the first half plus the second, and so on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (value,) = arguments
        while value.type.count > 1:
            value = builder.fadd(*split(builder, value))
        return builder.extract_element(value, ir.Constant(INT32, 0))

    return vector.scalar(vector), generate
