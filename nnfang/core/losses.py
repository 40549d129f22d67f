"""Losses L, their derivatives, and the error of the output layer.

Rows are samples: y and ŷ have shape (m, n), y is one-hot, and the loss of a batch is the mean over its rows. With one
row, the paper's batch size, that is the paper's L.
"""

from collections.abc import Callable
from dataclasses import dataclass

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
    loss = float(np.vdot(gradient, gradient)) / y.size
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

OutputError = Callable[[Array, Array, Array, Array, Array], float]
"""(z, y, a, delta, work) -> L: ends the forward process and begins the backward one.

Reads z and y (m, n); writes the output a = ŷ and delta = dL/dz (m, n); work (2, m, n) is scratch.
"""


def softmax_crossentropy(z: Array, y: Array, a: Array, delta: Array, work: Array) -> float:
    """Softmax and categorical cross-entropy in one: dL/dz_j = ŷ_j - y_j (eq. 32).

    The loss is taken from z through log-sum-exp, never from ŷ, which may round to 0:
    L = -Σ y_i log(e^z_i / Σ_k e^z_k) = log Σ_k e^z_k - Σ y_i z_i, as the y_i sum to 1 (the step from eq. 31 to 32).
    """
    m = len(z)
    shifted, column = work[0], work[1, :, :1]
    np.maximum.reduce(z, axis=1, keepdims=True, out=column)
    np.subtract(z, column, out=shifted)  # z and z - c have the same softmax and the same loss
    np.exp(shifted, out=a)
    np.add.reduce(a, axis=1, keepdims=True, out=column)
    a /= column
    np.subtract(a, y, out=delta)
    delta /= m
    np.log(column, out=column)
    return (float(np.add.reduce(column, axis=None)) - float(np.vdot(y, shifted))) / m


def output_error(activation: str, loss: str) -> OutputError:
    """The error of an output layer with `activation` under `loss`: the fused form where there is one (eq. 32).

    Raises:
        ValueError: The pair has no meaning, such as the cross-entropy of outputs that are not probabilities.
    """
    allowed = LOSSES[loss].outputs
    if activation not in allowed:
        raise ValueError(f"{loss} needs an output layer with activation {' or '.join(allowed)}, found {activation}")
    if (activation, loss) == ("softmax", "categorical_crossentropy"):
        return softmax_crossentropy
    return chained_output_error(activation, loss)


def chained_output_error(activation: str, loss: str) -> OutputError:
    """The chain rule as it stands in eq. 6: dL/dŷ first, then through the derivative of the activation."""
    output, criterion = ACTIVATIONS[activation], LOSSES[loss].function

    def chained(z: Array, y: Array, a: Array, delta: Array, work: Array) -> float:
        output.forward(z, a)
        loss_value = criterion(y, a, delta)
        output.backward(delta, z, a, work)
        return loss_value

    return chained
