"""Activations and their derivatives, number by number (`nnfang.core.activations`)."""

from math import tanh

from nnfang.core.activations import GELU_CUBIC, GELU_SCALE, LEAK
from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.vectors import load, store, where_positive, zeros

RELU, LEAKY_RELU, SIGMOID, TANH, GELU, LINEAR = range(6)

CODES = {
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "gelu": GELU,
    "linear": LINEAR,
}
"""The hidden activations, by name."""


@part
def gate(z):
    """The s of gelu: sigmoid(2 √(2/π) (z + 0.044715 z³))."""
    return (1 + tanh(GELU_SCALE * (z + GELU_CUBIC * z * z * z) / 2)) / 2


@part
def activate(code, z, a, start, count):
    """a = Q(z) (eq. 2), for `count` numbers, a multiple of 16, from `start` on."""
    if code == RELU:
        zero = zeros(z, 16)
        for i in range(start, start + count, 16):
            v = load(z, i, zero)
            store(where_positive(v, v), a, i)
        return
    for i in range(start, start + count):
        value = z[i]
        if code == LEAKY_RELU:
            a[i] = max(value, value * z.dtype.type(LEAK))
        elif code == SIGMOID:
            a[i] = (1 + tanh(value / 2)) / 2
        elif code == TANH:
            a[i] = tanh(value)
        elif code == GELU:
            a[i] = value * gate(value)
        else:
            a[i] = value


@part
def clear_padding(code, a, start, rows, units, n):
    """a := 0 for the units that pad a row of n: Q(0) is 0, but not for sigmoid."""
    if code == SIGMOID:
        for k in range(rows):
            for j in range(units, n):
                a[start + k * n + j] = 0


@part
def multiply(masks, mask, a, start, count):
    """a := a · mask, for `count` numbers, a multiple of 16."""
    zero = zeros(a, 16)
    for i in range(0, count, 16):
        store(load(a, start + i, zero) * load(masks, mask + i, zero), a, start + i)


@part
def differentiate(code, z, a, delta, start, count):
    """delta · Q'(z), in place (the first factor of eq. 38)."""
    if code == RELU:
        zero = zeros(z, 16)
        for i in range(start, start + count, 16):
            store(where_positive(load(a, i, zero), load(delta, i, zero)), delta, i)
        return
    for i in range(start, start + count):
        value = a[i]
        if code == LEAKY_RELU:
            delta[i] *= z.dtype.type(1) if z[i] > 0 else z.dtype.type(LEAK)
        elif code == SIGMOID:
            delta[i] *= value * (1 - value)
        elif code == TANH:
            delta[i] *= 1 - value * value
        elif code == GELU:
            s = gate(z[i])
            t = value * GELU_SCALE * (1 + 3 * GELU_CUBIC * z[i] * z[i])
            delta[i] *= s + t * (1 - s)
