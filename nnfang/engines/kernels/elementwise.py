"""Activations, their derivatives and the derivative of the loss, number by number (`nnfang.core.activations`)."""

from math import exp, log, tanh

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


CROSSENTROPY, SQUARES_OF_SOFTMAX, SQUARES = range(3)

LOSSES = {
    ("softmax", "categorical_crossentropy"): CROSSENTROPY,
    ("softmax", "mean_squared_error"): SQUARES_OF_SOFTMAX,
    ("linear", "mean_squared_error"): SQUARES,
}
"""The losses, by the output activation and the name."""


@part
def differentiate_loss(loss, z, start, n, width, label, scale, delta, results):
    """scale · dL/dz of one sample: n logits from `start` on, of which `width` are stored; the rest of delta is 0.

    With ŷ = softmax(z), cross-entropy gives ŷ - y (eq. 32). The mean squared error gives g = 2 (ŷ - y) / n for ŷ, and
    for z the same where ŷ = z, else ŷ_j (g_j - Σ g_i ŷ_i) (eq. 6).

    L is added to results[0], and 1 to results[1] where the largest logit is the label's.
    """
    best = 0
    for j in range(1, n):
        if z[start + j] > z[start + best]:
            best = j
    results[1] += best == label
    for j in range(n, width):
        delta[start + j] = 0
    if loss == SQUARES:
        squares = z.dtype.type(0)
        for j in range(n):
            error = z[start + j] - (j == label)
            squares += error * error
            delta[start + j] = error * (2 * scale / n)
        results[0] += squares / n
        return
    largest = z[start + best]
    total = z.dtype.type(0)
    for j in range(n):
        e = exp(z[start + j] - largest)
        delta[start + j] = e
        total += e
    if loss == CROSSENTROPY:
        results[0] += log(total) - (z[start + label] - largest)
        factor = scale / total
        for j in range(n):
            delta[start + j] *= factor
        delta[start + label] -= scale
        return
    mean, squares = z.dtype.type(0), z.dtype.type(0)
    for j in range(n):
        y_hat = delta[start + j] / total
        error = y_hat - (j == label)
        squares += error * error
        mean += y_hat * error
    results[0] += squares / n
    for j in range(n):
        y_hat = delta[start + j] / total
        delta[start + j] = (2 * scale / n) * y_hat * ((y_hat - (j == label)) - mean)
