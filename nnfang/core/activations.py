"""Activations Q (eq. 2) and the product of a gradient with their derivatives (eq. 38).

Each activation is a pair of functions on arrays of shape (m, n), m rows (samples) of n units:

- ``forward(z, a)`` writes a = Q(z);
- ``backward(delta, z, a, scratch)`` turns `delta` from dL/da into dL/dz, in place. For all but softmax that is the
  elementwise product with Q'(z). ``scratch`` (2, m, n) is overwritten.

No function allocates an (m, n) array: the memory is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from nnfang.core.arrays import Array

LEAK = 0.01
ZERO = np.zeros((), np.float32)
"""0 as an array: NumPy needs longer to convert a Python number than to take the maximum of 128 numbers."""
SIGN_IS_FASTER_BELOW = 1024
"""NumPy takes the sign of fewer numbers than this faster than it compares them; with more, comparing is faster."""
GELU_SCALE = 2.0 * sqrt(2.0 / pi)
GELU_CUBIC = 0.044715


def linear(z: Array, a: Array) -> None:
    """a = z."""
    a[...] = z


def linear_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = 1: dL/dz is dL/da."""


def relu(z: Array, a: Array) -> None:
    """a = max(z, 0)."""
    np.maximum(z, ZERO, out=a)


def relu_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = 1 where z > 0, otherwise 0: at the kink z = 0 the derivative from the left."""
    slope = scratch[0]
    if a.size < SIGN_IS_FASTER_BELOW:
        np.sign(a, out=slope)  # a >= 0, so that the sign is exactly the derivative
    else:
        np.greater(a, ZERO, out=slope)
    delta *= slope


def leaky_relu(z: Array, a: Array) -> None:
    """a = z where z > 0, otherwise z / 100."""
    np.multiply(z, LEAK, out=a)
    np.maximum(z, a, out=a)


def leaky_relu_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = 1 where z > 0, otherwise 1/100."""
    slope = scratch[0]
    np.sign(z, out=slope)
    np.maximum(slope, LEAK, out=slope)
    delta *= slope


def sigmoid(z: Array, a: Array) -> None:
    """a = 1 / (1 + e^-z), written as (1 + tanh(z/2)) / 2, which cannot overflow."""
    np.multiply(z, 0.5, out=a)
    np.tanh(a, out=a)
    a += 1
    a *= 0.5


def sigmoid_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = a (1 - a)."""
    slope = scratch[0]
    np.subtract(1, a, out=slope)
    slope *= a
    delta *= slope


def tanh(z: Array, a: Array) -> None:
    """a = tanh z."""
    np.tanh(z, out=a)


def tanh_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = 1 - a²."""
    slope = scratch[0]
    np.multiply(a, a, out=slope)
    np.subtract(1, slope, out=slope)
    delta *= slope


def gelu(z: Array, a: Array) -> None:
    """a = z s with s = sigmoid(u), u = 2 √(2/π) (z + 0.044715 z³).

    Source: Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", the tanh form (NumPy has no error function).
    """
    _gelu_gate(z, a)
    a *= z


def gelu_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """Q'(z) = s + t (1 - s) with t = a u', u' = 2 √(2/π) (1 + 3 · 0.044715 z²).

    That is the product rule on z s, with s' = s (1 - s) u'.
    """
    s, t = scratch
    np.multiply(z, z, out=t)
    t *= 3 * GELU_CUBIC * GELU_SCALE
    t += GELU_SCALE
    t *= a
    _gelu_gate(z, s)
    np.subtract(1, s, out=s)  # s + t (1 - s) = 1 - (1 - s) (1 - t), which needs no third array
    np.subtract(1, t, out=t)
    s *= t
    np.subtract(1, s, out=s)
    delta *= s


def _gelu_gate(z: Array, s: Array) -> None:
    """s = sigmoid(2 √(2/π) (z + 0.044715 z³))."""
    np.multiply(z, z, out=s)
    s *= GELU_CUBIC * GELU_SCALE
    s += GELU_SCALE
    s *= z
    sigmoid(s, s)


def softmax(z: Array, a: Array) -> None:
    """ŷ_i = e^z_i / Σ_k e^z_k along each row (eq. 7)."""
    a /= shifted_exponentials(z, a, a)


def shifted_exponentials(z: Array, shifted: Array, exponentials: Array) -> Array:
    """Write z - c and e^(z - c), c the largest z of each row.  Returns Σ_k e^(z_k - c), (m, 1).

    z and z - c have the same softmax, but e^z may be larger than a float can hold. `shifted` and `exponentials` (m, n)
    may be the same array, which then receives the exponentials.
    """
    np.subtract(z, np.maximum.reduce(z, axis=1, keepdims=True), out=shifted)
    np.exp(shifted, out=exponentials)
    sums: Array = np.add.reduce(exponentials, axis=1, keepdims=True)
    return sums


def softmax_backward(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    """dL/dz_j = Σ_i dL/dŷ_i ∂ŷ_i/∂z_j (eq. 6, with its sum over i).

    With the Jacobian ŷ_i (1 - ŷ_i) on the diagonal (eq. 14) and -ŷ_i ŷ_j beside it (eq. 20) the sum is
    ŷ_j (dL/dŷ_j - Σ_i dL/dŷ_i ŷ_i).
    """
    product = scratch[0]
    np.multiply(delta, a, out=product)
    delta -= np.add.reduce(product, axis=1, keepdims=True)
    delta *= a


@dataclass(frozen=True)
class Activation:
    """An activation and its derivative."""

    forward: Callable[[Array, Array], None]
    backward: Callable[[Array, Array, Array, Array], None]


ACTIVATIONS = {
    "relu": Activation(relu, relu_backward),
    "leaky_relu": Activation(leaky_relu, leaky_relu_backward),
    "sigmoid": Activation(sigmoid, sigmoid_backward),
    "tanh": Activation(tanh, tanh_backward),
    "gelu": Activation(gelu, gelu_backward),
    "linear": Activation(linear, linear_backward),
    "softmax": Activation(softmax, softmax_backward),
}

OUTPUT_ONLY = ("softmax",)
"""Activations whose units depend on one another: for the output layer only."""
