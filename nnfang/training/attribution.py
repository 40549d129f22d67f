"""Which inputs speak for one class against another, and which units carry that.

f(x) = z_c - z_r is the difference of two outputs before the activation. Softmax knows nothing else: ŷ_c / ŷ_r = e^f.

    gradient times input    x_i ∂f/∂x_i
    integrated gradients    x_i ∫ ∂f/∂x_i (αx) dα, from α = 0 to 1

Integrated gradients add up to f(x) - f(0), whatever the activations (M. Sundararajan, A. Taly, Q. Yan, "Axiomatic
Attribution for Deep Networks", ICML 2017). Gradients times inputs add up to f(x) together with the biases times theirs,
where all activations are made of straight lines through 0: then f is that of one linear network around x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.backprop import backward, forward, input_gradient
from nnfang.core.layers import Dense
from nnfang.core.network import Network

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Labels
    from nnfang.core.workspace import Workspace

    Floats = npt.NDArray[np.float64]

PARTS, MOST_STEPS, ROWS = 64, 4096, 256
"""Of the way from black to the image: how many there are at first, and about how many at most; how many at a time."""

TOLERANCE = 1e-6
"""By how much the gradients of a part may miss what f grows there, as a fraction of f(x) - f(0), or of 1."""

STRAIGHT = ("relu", "leaky_relu", "linear")
"""Activations made of straight lines through 0."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """What speaks for one class against another.

    Attributes:
        winner: Number of the one class, c.
        rival: Number of the other, r.
        difference: f(x).
        of_black: f(0).
        gradient: (inputs,) ∂f/∂x.
        times_input: (inputs,) the same times x.
        biases: Σ b ∂f/∂b, over all layers.
        integrated: (inputs,) integrated gradients.
        is_linear: Whether f(x) is the sum of `times_input` and `biases`, to rounding.
    """

    winner: int
    rival: int
    difference: float
    of_black: float
    gradient: Floats
    times_input: Floats
    biases: float
    integrated: Floats
    is_linear: bool


@dataclass(frozen=True, eq=False)
class LayerActivations:
    """A dense layer as it sees one image; n units.

    Attributes:
        index: Its place among the layers of the recipe, from 0.
        activation: The name of Q.
        z: (n,) before the activation.
        a: (n,) after it.
        carried: (n,) a ∂f/∂a: how much each unit speaks for the one class against the other.
    """

    index: int
    activation: str
    z: Floats
    a: Floats
    carried: Floats

    def most_important(self, k: int) -> Labels:
        """(≤ k,) the units that carry most, either way; the largest first."""
        order = np.argsort(-np.abs(self.carried), kind="stable")[:k]
        found: Labels = order[self.carried[order] != 0]
        return found


def attribute(network: Network, x: Array, winner: int, rival: int) -> tuple[Attribution, list[LayerActivations]]:
    """Explain by its inputs and units why a network prefers one class to another.

    Args:
        network: Any; it is computed in float64, without dropout.
        x: (inputs,), as the network takes them.
        winner: Number of the one class.
        rival: Number of the other.

    Returns:
        What speaks for it, and what each dense layer does, from the first to the output layer.
    """
    precise, point = _in_float64(network), np.array(x, np.float64)
    direction = np.zeros(network.outputs)
    direction[winner], direction[rival] = 1, -1
    gradients = precise.views(np.zeros_like(precise.theta))
    gradient, workspace = _differentiate(precise, point[None], direction[None], gradients)
    attribution = Attribution(
        winner=winner,
        rival=rival,
        difference=float(workspace[-1].z[0] @ direction),
        of_black=float(_forward(precise, np.zeros((1, point.size)))[-1].z[0] @ direction),
        gradient=gradient[0],
        times_input=point * gradient[0],
        biases=sum(float(w[1] @ dw[1]) for w, dw in zip(precise.parameters, gradients, strict=True) if w),
        integrated=point * _mean_gradient(precise, point, direction),
        is_linear=all(layer.activation in STRAIGHT for layer in _dense(precise)[:-1]),
    )
    return attribution, _describe_layers(precise, workspace)


def differentiate_units(network: Network, x: Array, layer: int, units: Labels) -> Floats:
    """∂z/∂x of some units (k,) of a dense layer, at one x (inputs,).  Returns (k, inputs).

    Of the first layer, that is rows of W. Of a later one, it is what the unit looks for in images like x: around x, a
    network of straight lines is linear.
    """
    precise = _in_float64(network)
    used = sum(w.size for parameters in precise.parameters[: layer + 1] for w in parameters)
    head = Network(precise.layers[: layer + 1], precise.inputs, precise.theta[:used])
    rows = np.repeat(np.asarray(x, np.float64)[None], len(units), axis=0)
    dx, _ = _differentiate(head, rows, np.eye(head.outputs)[units], head.views(np.empty_like(head.theta)))
    return dx


def _mean_gradient(network: Network, x: Floats, direction: Floats) -> Floats:
    """∫ ∂f/∂x (αx) dα from 0 to 1.  (inputs,), (outputs,) -> (inputs,).

    By the midpoint rule, on parts that are halved until each agrees with how much f grows there, which is known: around
    a kink they get short, elsewhere they stay long.
    """

    def f(alpha: Floats) -> Floats:
        values: Floats = _forward(network, alpha[:, None] * x)[-1].z @ direction
        return values

    gradients, total = network.views(np.empty_like(network.theta)), np.zeros_like(x)
    tolerance = TOLERANCE * max(1.0, abs(float(np.diff(f(np.array([0.0, 1.0])))[0])))
    left, width, steps = np.arange(PARTS) / PARTS, 1 / PARTS, 0
    while left.size:
        steps += left.size
        rough = []
        for part in np.array_split(left, -(-left.size // ROWS)):
            dx, _ = _differentiate(
                network, (part + width / 2)[:, None] * x, np.tile(direction, (part.size, 1)), gradients
            )
            error = np.abs(width * (dx @ x) - (f(part + width) - f(part)))
            is_done = (error <= tolerance) | (steps > MOST_STEPS)
            total += width * dx[is_done].sum(axis=0)
            rough.append(part[~is_done])
        left, width = np.concatenate(rough), width / 2
        left = np.concatenate([left, left + width])
    return total


def _differentiate(
    network: Network, x: Floats, delta: Floats, gradients: tuple[tuple[Array, ...], ...]
) -> tuple[Floats, Workspace]:
    """∂f/∂x (m, inputs) at each row of x (m, inputs), where δ = ∂f/∂z of the output layer is given, (m, outputs)."""
    workspace = _forward(network, x)
    workspace[-1].delta[...] = delta
    backward(network, x, gradients, workspace)
    dx = np.empty_like(x)
    input_gradient(network, workspace, dx)
    return dx, workspace


def _forward(network: Network, x: Floats) -> Workspace:
    """The workspace after a forward pass on x (m, inputs)."""
    workspace = network.allocate(len(x))
    forward(network, x, workspace)
    return workspace


def _describe_layers(network: Network, workspace: Workspace) -> list[LayerActivations]:
    """The dense layers, after a forward and a backward pass of one row."""
    found = []
    for i, (layer, here) in enumerate(zip(network.layers, workspace, strict=True)):
        if not isinstance(layer, Dense):
            continue
        if i + 1 < len(network.layers):
            of_a = np.empty_like(here.a)  # here.delta is ∂f/∂z; ∂f/∂a is what the layer after it hands back
            network.layers[i + 1].propagate(network.parameters[i + 1], workspace[i + 1], of_a)
            carried = here.a[0] * of_a[0]
        else:
            carried = here.z[0] * here.delta[0]  # f is a difference of z, before the activation
        found.append(LayerActivations(i, layer.activation, here.z[0], here.a[0], carried))
    return found


def _dense(network: Network) -> list[Dense]:
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def _in_float64(network: Network) -> Network:
    return Network(network.layers, network.inputs, network.theta.astype(np.float64))
