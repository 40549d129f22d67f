"""The paper's formulas, index by index, to be read beside it: Python floats and sums, no arrays.

Each formula of the paper stands here once, with its number. Where the paper cannot be taken literally, the meaning is
the one that `nnfang/core/README.md` argues for under "Departures". Vectors are lists, W[j][i] leads from unit i of
the layer before to unit j, layers are counted from 0, and ``[-1]`` is the output layer.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import cosh, exp, log, pi, sqrt, tanh
from typing import Self

from nnfang.core.layers import Dense
from nnfang.core.network import Network

Vector = list[float]
Matrix = list[Vector]
Scalar = Callable[[float], float]


# Activations: Q and Q' of one number.


def _gelu_angle(z: float) -> float:
    return sqrt(2 / pi) * (z + 0.044715 * z**3)


def _gelu_slope(z: float) -> float:
    u = _gelu_angle(z)
    return (1 + tanh(u)) / 2 + z / 2 / cosh(u) ** 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2)


Q: dict[str, tuple[Scalar, Scalar]] = {
    "linear": (lambda z: z, lambda _: 1.0),
    "relu": (lambda z: z if z > 0 else 0.0, lambda z: 1.0 if z > 0 else 0.0),
    "leaky_relu": (lambda z: z if z > 0 else 0.01 * z, lambda z: 1.0 if z > 0 else 0.01),
    "sigmoid": (lambda z: 1 / (1 + exp(-z)), lambda z: exp(-z) / (1 + exp(-z)) ** 2),
    "tanh": (tanh, lambda z: 1 / cosh(z) ** 2),
    "gelu": (lambda z: z / 2 * (1 + tanh(_gelu_angle(z))), _gelu_slope),
}


def softmax(z: Vector) -> Vector:
    """Eq. 7."""
    return [exp(z_i) / sum(exp(z_k) for z_k in z) for z_i in z]


def activate(name: str, z: Vector) -> Vector:
    """Eq. 2."""
    return softmax(z) if name == "softmax" else [Q[name][0](z_i) for z_i in z]


# The forward pass.


def affine(W: Matrix, b: Vector, a_previous: Vector) -> Vector:
    """Eq. 1."""
    return [sum(W[j][i] * a_previous[i] for i in range(len(a_previous))) + b[j] for j in range(len(b))]


@dataclass
class Net:
    """The paper's w_i, b_i and Q, one of each per layer."""

    W: list[Matrix]
    b: list[Vector]
    Q: list[str]

    @classmethod
    def of(cls, network: Network) -> Self:
        """The same network in lists."""
        names = [layer.activation for layer in network.layers if isinstance(layer, Dense)]
        return cls([W.tolist() for W, _ in network.parameters], [b.tolist() for _, b in network.parameters], names)

    @property
    def theta(self) -> Vector:
        """All parameters in the order of `Network.theta`."""
        return flatten(self.W, self.b)


def flatten(W: list[Matrix], b: list[Vector]) -> Vector:
    """Layer after layer, W before b, W column after column."""
    return [entry for W_i, b_i in zip(W, b, strict=True) for part in [*zip(*W_i, strict=True), b_i] for entry in part]


def forward(net: Net, x: Vector) -> tuple[list[Vector], list[Vector]]:
    """Algorithm 2: all z and all a."""
    z: list[Vector] = []
    a: list[Vector] = []
    for i in range(len(net.W)):
        z.append(affine(net.W[i], net.b[i], x if i == 0 else a[i - 1]))
        a.append(activate(net.Q[i], z[i]))
    return z, a


# Losses.


def crossentropy(y: Vector, y_hat: Vector) -> float:
    """Eq. 3."""
    return -sum(y_i * log(y_hat_i) for y_i, y_hat_i in zip(y, y_hat, strict=True) if y_i)


def squared_error(y: Vector, y_hat: Vector) -> float:
    """Not in the paper: the mean of (ŷ_i - y_i)²."""
    return sum((y_hat_i - y_i) ** 2 for y_i, y_hat_i in zip(y, y_hat, strict=True)) / len(y)


LOSSES: dict[str, tuple[Callable[[Vector, Vector], float], Callable[[Vector, Vector], Vector]]] = {
    "categorical_crossentropy": (crossentropy, lambda y, p: [-y_i / p_i for y_i, p_i in zip(y, p, strict=True)]),
    "mean_squared_error": (
        squared_error,
        lambda y, p: [2 * (p_i - y_i) / len(y) for y_i, p_i in zip(y, p, strict=True)],
    ),
}


# The derivative of softmax, and of the loss through it, line by line.


def softmax_jacobian(y_hat: Vector) -> Matrix:
    """∂ŷ_i/∂z_j in row i and column j: eq. 14 where i = j, otherwise eq. 20."""
    n = len(y_hat)
    return [[y_hat[i] * (1 - y_hat[i]) if i == j else -y_hat[i] * y_hat[j] for j in range(n)] for i in range(n)]


def diagonal_derivation(z: Vector, i: int) -> dict[int, float]:
    """The right-hand sides of eq. 10 to 14."""
    e = [exp(z_k) for z_k in z]
    s = sum(e)
    y_hat = softmax(z)
    slope_of_e, slope_of_sum = e[i], e[i]
    return {
        10: (s * slope_of_e - e[i] * slope_of_sum) / s**2,
        11: (s * e[i] - e[i] * e[i]) / s**2,
        12: e[i] / s * ((s - e[i]) / s),
        13: e[i] / s * (1 - e[i] / s),
        14: y_hat[i] * (1 - y_hat[i]),
    }


def off_diagonal_derivation(z: Vector, i: int, j: int) -> dict[int, float]:
    """The right-hand sides of eq. 16 to 20."""
    e = [exp(z_k) for z_k in z]
    s = sum(e)
    y_hat = softmax(z)
    slope_of_e, slope_of_sum = 0.0, e[j]
    return {
        16: (s * slope_of_e - e[i] * slope_of_sum) / s**2,
        17: (s * 0 - e[i] * e[j]) / s**2,
        18: -(e[i] * e[j]) / s**2,
        19: -(e[i] * e[j]) / (s * s),
        20: -y_hat[i] * y_hat[j],
    }


def split_loss(y: Vector, y_hat: Vector, j: int) -> dict[int, float]:
    """The right-hand sides of eq. 21 to 23, the loss with its j-th term apart."""
    others = [i for i in range(len(y)) if i != j]
    return {
        21: -sum(y[i] * log(y_hat[i]) for i in range(len(y))),
        22: -(sum(y[i] * log(y_hat[i]) for i in others) + y[j] * log(y_hat[j])),
        23: -sum(y[i] * log(y_hat[i]) for i in others) - y[j] * log(y_hat[j]),
    }


def loss_derivation(y: Vector, z: Vector, j: int) -> dict[int, float]:
    """The right-hand sides of eq. 26 to 32."""
    y_hat = softmax(z)
    J = softmax_jacobian(y_hat)
    n = len(y)
    others = [i for i in range(n) if i != j]
    return {
        26: -sum(y[i] / y_hat[i] * J[i][j] for i in others) - y[j] / y_hat[j] * J[j][j],
        27: -sum(y[i] / y_hat[i] * -y_hat[i] * y_hat[j] for i in others) - y[j] / y_hat[j] * y_hat[j] * (1 - y_hat[j]),
        28: sum(y[i] * y_hat[j] for i in others) - y[j] * (1 - y_hat[j]),
        29: sum(y[i] * y_hat[j] for i in others) - y[j] + y[j] * y_hat[j],
        30: sum(y[i] * y_hat[j] for i in range(n)) - y[j],
        31: y_hat[j] * sum(y[i] for i in range(n)) - y[j],
        32: y_hat[j] - y[j],
    }


# The backward pass.


def output_delta(name: str, loss: str, y: Vector, y_hat: Vector) -> Vector:
    """dL/dz of the output layer: eq. 32, and for other pairs eq. 6 with its sum over i."""
    if (name, loss) == ("softmax", "categorical_crossentropy"):
        return [y_hat[j] - y[j] for j in range(len(y))]
    return through_jacobian(name, LOSSES[loss][1](y, y_hat), y_hat)


def through_jacobian(name: str, slope: Vector, y_hat: Vector) -> Vector:
    """Eq. 6: Σ_i ∂L/∂ŷ_i ∂ŷ_i/∂z_j, for softmax and linear outputs."""
    if name == "linear":
        return slope
    J = softmax_jacobian(y_hat)
    return [sum(slope[i] * J[i][j] for i in range(len(slope))) for j in range(len(slope))]


def hidden_delta(name: str, z: Vector, W_next: Matrix, delta_next: Vector) -> Vector:
    """Eq. 38: the matrix product first, Q'(z) elementwise."""
    return [Q[name][1](z[i]) * sum(W_next[j][i] * delta_next[j] for j in range(len(delta_next))) for i in range(len(z))]


def weight_gradient(delta: Vector, a_previous: Vector) -> Matrix:
    """Eq. 35 and 39: dL/dz a_previousᵀ."""
    return [[delta_j * a_i for a_i in a_previous] for delta_j in delta]


def gradient(net: Net, loss: str, x: Vector, y: Vector) -> tuple[Vector, float, list[Matrix], list[Vector]]:
    """Algorithm 1 without its updates, layers counted from the start (eq. 35, 37 to 40): ŷ, L, dL/dw and dL/db."""
    z, a = forward(net, x)
    delta = [output_delta(net.Q[-1], loss, y, a[-1])]
    for i in range(len(net.W) - 2, -1, -1):
        delta.insert(0, hidden_delta(net.Q[i], z[i], net.W[i + 1], delta[0]))
    dW = [weight_gradient(*pair) for pair in zip(delta, [x, *a[:-1]], strict=True)]
    return a[-1], LOSSES[loss][0](y, a[-1]), dW, delta


def gradient_from_the_end(net: Net, x: Vector, y: Vector) -> tuple[list[Matrix], list[Vector]]:
    """Eq. 41 to 43, j counted from the end: dL/dw_j and dL/db_j for j = 0 (the output layer) to k - 1."""
    z, a = forward(net, x)
    k = len(net.W)
    delta: list[Vector] = []
    dW: list[Matrix] = []
    for j in range(k):
        if j == 0:
            delta.append(output_delta("softmax", "categorical_crossentropy", y, a[-1]))
        else:
            delta.append(hidden_delta(net.Q[k - (j + 1)], z[k - (j + 1)], net.W[k - j], delta[j - 1]))
        dW.append(weight_gradient(delta[j], x if j == k - 1 else a[k - (j + 2)]))
    return dW, delta


def descend(net: Net, dW: list[Matrix], db: list[Vector], rate: float, decay: float = 0.0) -> None:
    """Eq. 44 and 45 for every layer; `decay` is λ of a weight decay, which the paper does not have."""
    for W, b, dW_i, db_i in zip(net.W, net.b, dW, db, strict=True):
        for j in range(len(b)):
            for i in range(len(W[j])):
                W[j][i] -= rate * (dW_i[j][i] + decay * W[j][i])
            b[j] -= rate * (db_i[j] + decay * b[j])


def algorithm_1_as_printed(net: Net, x: Vector, y: Vector, rate: float) -> tuple[list[Matrix], list[Vector]]:
    """Algorithm 1 in the printed order: each layer is updated before the delta of the layer before it is computed.

    Changes `net`, and returns the dL/dw and dL/db that it used, from the first layer to the last. Only the indices are
    corrected, without which it could not run at all.
    """
    z, a = forward(net, x)
    dW, db = deepcopy(net.W), deepcopy(net.b)
    k = len(net.W)
    for i in range(k):
        at = k - (i + 1)
        if i == 0:
            delta = output_delta("softmax", "categorical_crossentropy", y, a[-1])
        else:
            delta = hidden_delta(net.Q[at], z[at], net.W[at + 1], delta)  # W[at + 1] has changed already
        dW[at] = weight_gradient(delta, x if at == 0 else a[at - 1])
        db[at] = delta
        net.W[at] = [
            [w - rate * dw for w, dw in zip(*rows, strict=True)] for rows in zip(net.W[at], dW[at], strict=True)
        ]
        net.b[at] = [b - rate * db_j for b, db_j in zip(net.b[at], db[at], strict=True)]
    return dW, db


def train(
    net: Net,
    loss: str,
    samples: Sequence[tuple[Vector, int]],
    rate: Callable[[int], float],
    decay: float = 0.0,
) -> tuple[float, int]:
    """The inner loop of Algorithm 3: the summed loss, and how many predictions were correct before their own step."""
    total, correct = 0.0, 0
    for step, (x, label) in enumerate(samples):
        y = one_hot(label, len(net.b[-1]))
        y_hat, value, dW, db = gradient(net, loss, x, y)
        total += value
        correct += y_hat.index(max(y_hat)) == label
        descend(net, dW, db, rate(step), decay)
    return total, correct


def one_hot(label: int, n: int) -> Vector:
    """y of a class."""
    return [float(i == label) for i in range(n)]
