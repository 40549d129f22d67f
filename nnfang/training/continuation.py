"""The loss of a network at complex numbers: a second witness of its derivatives, independent of the core.

For an analytic f, Im f(x + ih) / h is f'(x) to the last digits, however small h is: nothing is subtracted, so nothing
cancels. Source: Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions".

relu and leaky_relu are not analytic, but linear on each side of their kink. They are continued from the side on which
the real part lies; since ih does not move that, no kink is ever crossed, and at one it is the derivative from the left.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nnfang.core.layers import Dense, Dropout

if TYPE_CHECKING:
    from nnfang.core.arrays import Array
    from nnfang.core.network import Network
    from nnfang.core.workspace import Workspace

Complex = npt.NDArray[np.complex128]

STEP = 1e-20
"""h: its square is lost beside 1, and it is far from the smallest number."""


def sigmoid(z: Complex) -> Complex:
    """1 / (1 + e^-z), which as (1 + tanh(z/2)) / 2 cannot overflow."""
    return np.asarray((1 + np.tanh(z / 2)) / 2, np.complex128)


def softmax(z: Complex) -> Complex:
    """e^z_i / Σ_k e^z_k; the largest real part is a constant, which leaves the quotient as it is."""
    exponentials = np.exp(z - z.real.max(axis=1, keepdims=True))
    a: Complex = exponentials / exponentials.sum(axis=1, keepdims=True)
    return a


CONTINUATIONS: dict[str, Callable[[Complex], Complex]] = {
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "leaky_relu": lambda z: np.where(z.real > 0, z, z / 100),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "gelu": lambda z: z * sigmoid(sqrt(8 / pi) * (z + 0.044715 * z**3)),
    "linear": lambda z: z,
    "softmax": softmax,
}
"""Each activation at complex numbers, (m, n) -> (m, n)."""

KINKED = ("relu", "leaky_relu")
"""Those that are analytic only while no z changes its sign."""


def crossentropy(z: Complex, y: Array, activation: str) -> complex:
    """-Σ y_i log ŷ_i of softmax (eq. 3, 7), with the logarithm of the quotient taken apart."""
    shifted = z - z.real.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -complex((y * logarithms).sum()) / len(z)


def squared_error(z: Complex, y: Array, activation: str) -> complex:
    """Σ (ŷ_i - y_i)² / n: a square, not that of an absolute value, which is not analytic."""
    return complex(((CONTINUATIONS[activation](z) - y) ** 2).mean())


LOSSES: dict[str, Callable[[Complex, Array, str], complex]] = {
    "categorical_crossentropy": crossentropy,
    "mean_squared_error": squared_error,
}
"""Each loss from the z of the output layer, (m, n); the mean over the rows."""


class Continuation:
    """L of a batch, and its slope along any change of a weight, a bias, the input, or the z of the output layer."""

    def __init__(self, network: Network, loss: str, x: Array, y: Array, workspace: Workspace) -> None:
        """Take the forward pass of real numbers.

        Args:
            network: In float64.
            loss: Name of the loss.
            x: (m, inputs).
            y: (m, outputs), one-hot.
            workspace: Of a forward pass of the core, whose dropout masks are used.
        """
        self.network, self.loss, self.y = network, loss, y
        self.masks = [here.mask.copy() for here in workspace]
        self.a: list[Complex] = [x.astype(np.complex128)]
        self.z: list[Complex] = []
        for i in range(len(network.layers)):
            self.z.append(self._affine(i, self.a[-1]))
            self.a.append(self._activate(i, self.z[-1]))

    def along_weights(self, layer: int, direction: Array) -> float:
        """The slope of L as W of a layer moves along `direction` (units, inputs)."""
        return self._slope(layer, self.z[layer] + 1j * STEP * (self.a[layer].real @ direction.T))

    def along_bias(self, layer: int, direction: Array) -> float:
        """The slope of L as b of a layer moves along `direction` (units,)."""
        return self._slope(layer, self.z[layer] + 1j * STEP * direction)

    def along_input(self, direction: Array) -> float:
        """The slope of L as x moves along `direction` (m, inputs)."""
        return self._slope(0, self._affine(0, self.a[0] + 1j * STEP * direction))

    def along_output(self, direction: Array) -> float:
        """The slope of L as z of the output layer moves along `direction` (m, outputs)."""
        last = len(self.z) - 1
        return self._slope(last, self.z[last] + 1j * STEP * direction)

    def _slope(self, layer: int, z: Complex) -> float:
        """Im L / h, of the z of a layer."""
        last = len(self.z) - 1
        for i in range(layer, last):
            z = self._affine(i + 1, self._activate(i, z))
        return LOSSES[self.loss](z, self.y, self.network.output_activation).imag / STEP

    def _affine(self, i: int, a: Complex) -> Complex:
        """W a + b, or the mask times a; W is real, so that the parts are multiplied one by one."""
        if isinstance(self.network.layers[i], Dropout):
            return a * self.masks[i]
        W, b = self.network.parameters[i]
        z: Complex = (a.real @ W.T + b) + 1j * (a.imag @ W.T)
        return z

    def _activate(self, i: int, z: Complex) -> Complex:
        layer = self.network.layers[i]
        return CONTINUATIONS[layer.activation](z) if isinstance(layer, Dense) else z
