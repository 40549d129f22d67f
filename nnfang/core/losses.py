"""Losses L, their derivatives, and the error of the output layer.

Rows are samples: y and ŷ have shape (m, n), y is one-hot, and the loss of a batch is the mean over its rows. With one
row, the paper's batch size, that is the paper's L.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array


def categorical_crossentropy(y: Array, y_hat: Array, gradient: Array) -> float:
    """L = -Σ y_i log ŷ_i (eq. 3, 21) and dL/dŷ_i = -y_i / ŷ_i (the factors of eq. 26).

    Terms with y_i = 0 count 0 even where ŷ_i is 0.
    """
    m = len(y)
    true = y > 0
    gradient[...] = 0
    np.divide(y, y_hat, out=gradient, where=true)
    gradient *= -1 / m
    return -float(np.sum(y[true] * np.log(y_hat[true]))) / m


def mean_squared_error(y: Array, y_hat: Array, gradient: Array) -> float:
    """L = Σ (ŷ_i - y_i)² / n and dL/dŷ_i = 2 (ŷ_i - y_i) / n."""
    np.subtract(y_hat, y, out=gradient)
    flat = gradient.ravel(order="K")  # as it lies, row by row or column by column: no copy
    loss = float(flat.dot(flat)) / y.size
    gradient *= 2 / y.size
    return loss


@dataclass(frozen=True)
class Loss:
    """A loss and the output activations it may follow.

    ``function(y, y_hat, gradient)`` returns L, the mean over the m rows, and writes dL/dŷ (m, n) into `gradient`.
    """

    function: Callable[[Array, Array, Array], float]
    outputs: tuple[str, ...]


LOSSES = {
    "categorical_crossentropy": Loss(categorical_crossentropy, ("softmax",)),
    "mean_squared_error": Loss(mean_squared_error, ("softmax", "linear")),
}


class OutputError(Protocol):
    """How an output layer ends the forward process and begins the backward one.  z, y, a, delta: (m, n)."""

    def measure(self, z: Array, y: Array, a: Array, work: Array) -> float:
        """L, the mean over the m rows.  Writes a = ŷ; work (2, m, n) is scratch."""

    def differentiate(self, z: Array, y: Array, a: Array, delta: Array, work: Array, factor: float = 1.0) -> None:
        """Write a = ŷ and delta = factor · dL/dz.  Of delta all gradients are linear functions."""


class SoftmaxCrossentropy:
    """Softmax and categorical cross-entropy in one, which needs neither the logarithm of ŷ nor a division by it."""

    def measure(self, z: Array, y: Array, a: Array, work: Array) -> float:
        """L = -Σ y_i log(e^z_i / Σ_k e^z_k) = log Σ_k e^z_k - Σ y_i z_i, as the y_i sum to 1 (eq. 31 to 32).

        This is taken from z, never from ŷ, which may round to 0.
        """
        column = exponentiate(z, a, work)
        np.multiply(work[0], y, out=work[0])  # vdot would copy arrays that are not contiguous
        loss = -float(np.add.reduce(work[0], axis=None, dtype=np.float64))
        a /= column
        np.log(column, out=column)
        return (float(np.add.reduce(column, axis=None, dtype=np.float64)) + loss) / len(z)

    def differentiate(self, z: Array, y: Array, a: Array, delta: Array, work: Array, factor: float = 1.0) -> None:
        """dL/dz_j = ŷ_j - y_j (eq. 32)."""
        a /= exponentiate(z, a, work)
        np.subtract(a, y, out=delta)
        delta *= factor / len(z)


def exponentiate(z: Array, a: Array, work: Array) -> Array:
    """Write z - c to work[0] and e^(z - c) to a, with c the largest z of the row; give back Σ_k e^(z_k - c) (m, 1).

    z and z - c have the same softmax and the same loss, but e^z may be more than a float can hold.
    """
    column = work[1, :, :1]
    np.maximum.reduce(z, axis=1, keepdims=True, out=column)
    np.subtract(z, column, out=work[0])
    np.exp(work[0], out=a)
    np.add.reduce(a, axis=1, keepdims=True, out=column)
    return column


@dataclass(frozen=True)
class ChainedOutputError:
    """The chain rule as it stands in eq. 6: dL/dŷ first, then through the derivative of the activation."""

    activation: str
    loss: str

    def measure(self, z: Array, y: Array, a: Array, work: Array) -> float:
        """L, of ŷ."""
        ACTIVATIONS[self.activation].forward(z, a)
        return LOSSES[self.loss].function(y, a, work[0])

    def differentiate(self, z: Array, y: Array, a: Array, delta: Array, work: Array, factor: float = 1.0) -> None:
        """dL/dz by eq. 6."""
        ACTIVATIONS[self.activation].forward(z, a)
        LOSSES[self.loss].function(y, a, delta)
        ACTIVATIONS[self.activation].backward(delta, z, a, work)
        delta *= factor


def output_error(activation: str, loss: str) -> OutputError:
    """The error of an output layer with `activation` under `loss`: the fused form where there is one (eq. 32).

    Raises:
        ValueError: The pair has no meaning, such as the cross-entropy of outputs that are not probabilities.
    """
    allowed = LOSSES[loss].outputs
    if activation not in allowed:
        raise ValueError(f"{loss} needs an output layer with activation {' or '.join(allowed)}, found {activation}")
    if (activation, loss) == ("softmax", "categorical_crossentropy"):
        return SoftmaxCrossentropy()
    return ChainedOutputError(activation, loss)
