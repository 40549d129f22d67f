"""Losses L, their derivatives, and dL/dz of the output layer.

Rows are samples: y and ŷ have shape (m, n), y is one-hot, and the loss of a batch is the mean over its rows. With one
row, the paper's batch size, that is the paper's L.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nnfang.core.activations import ACTIVATIONS, shifted_exponentials
from nnfang.core.arrays import Array
from nnfang.core.constraints import FieldError


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
    flat = gradient.ravel(order="K")  # in the order of memory: no copy
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


class OutputLoss(Protocol):
    """A loss together with the activation of the output layer, on whose z it depends.

    All arrays have shape (m, n), but `scratch` (2, m, n), which is overwritten.
    """

    def measure(self, z: Array, y: Array, scratch: Array) -> float:
        """L, the mean over the m rows."""

    def output_delta(self, z: Array, y: Array, y_hat: Array, delta: Array, scratch: Array) -> None:
        """Write delta = dL/dz, where y_hat = Q(z) is known from the forward pass."""


class SoftmaxCrossentropy:
    """Softmax and categorical cross-entropy in one, which needs neither the logarithm of ŷ nor a division by it."""

    def measure(self, z: Array, y: Array, scratch: Array) -> float:
        """L = -Σ y_i log(e^z_i / Σ_k e^z_k) = log Σ_k e^z_k - Σ y_i z_i, as the y_i sum to 1 (eq. 31 to 32).

        It is computed from z, never from ŷ, which may round to 0.
        """
        shifted, exponentials = scratch
        sums = shifted_exponentials(z, shifted, exponentials)
        np.log(sums, out=sums)
        np.multiply(shifted, y, out=shifted)  # vdot would copy arrays that are not contiguous
        of_labels = float(np.add.reduce(shifted, axis=None, dtype=np.float64))
        return (float(np.add.reduce(sums, axis=None, dtype=np.float64)) - of_labels) / len(z)

    def output_delta(self, z: Array, y: Array, y_hat: Array, delta: Array, scratch: Array) -> None:
        """dL/dz_j = ŷ_j - y_j (eq. 32), divided by m for the mean over the rows."""
        np.subtract(y_hat, y, out=delta)
        delta /= len(y)


@dataclass(frozen=True)
class ChainedOutputLoss:
    """The chain rule of eq. 6: first dL/dŷ, then the derivative of the activation."""

    activation: str
    loss: str

    def measure(self, z: Array, y: Array, scratch: Array) -> float:
        """L, from ŷ."""
        y_hat, gradient = scratch
        ACTIVATIONS[self.activation].forward(z, y_hat)
        return LOSSES[self.loss].function(y, y_hat, gradient)

    def output_delta(self, z: Array, y: Array, y_hat: Array, delta: Array, scratch: Array) -> None:
        """dL/dz by eq. 6."""
        LOSSES[self.loss].function(y, y_hat, delta)
        ACTIVATIONS[self.activation].backward(delta, z, y_hat, scratch)


def output_loss(activation: str, loss: str) -> OutputLoss:
    """The loss of an output layer with `activation`: the fused form of eq. 32 where there is one.

    Raises:
        FieldError: The pair has no meaning, such as the cross-entropy of outputs that are not probabilities.
    """
    allowed = LOSSES[loss].outputs
    if activation not in allowed:
        names = " or ".join(allowed)
        raise FieldError("loss", f"{loss} needs an output layer with activation {names}, found {activation}")
    if (activation, loss) == ("softmax", "categorical_crossentropy"):
        return SoftmaxCrossentropy()
    return ChainedOutputLoss(activation, loss)
