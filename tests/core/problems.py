"""Small problems for the maths: a network with random weights and biases, a batch, and the loss between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from nnfang.core.activations import ACTIVATIONS, OUTPUT_ONLY
from nnfang.core.arrays import Array, Labels
from nnfang.core.backprop import backpropagate, forward
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.losses import LOSSES, output_loss
from nnfang.core.network import Network
from nnfang.core.randomness import Purpose, generator
from nnfang.core.workspace import Workspace

HIDDEN = [name for name in ACTIVATIONS if name not in OUTPUT_ONLY]
"""Activations that a hidden layer may have."""

OUTPUTS = [(loss, activation) for loss in LOSSES for activation in LOSSES[loss].outputs]
"""Losses with the output activations that they may follow."""

KINKS = ("relu", "leaky_relu")
"""Activations that no finite difference may step across zero with."""


def random_network(layers: Sequence[Layer], inputs: int, seed: int = 0) -> Network:
    """The usual first weights, and biases that are not zero, in float64."""
    network = Network.initialize(layers, inputs, seed=seed, dtype=np.float64)
    rng = np.random.default_rng(seed)
    for parameters in network.parameters:
        for b in parameters[1:]:
            b[...] = rng.normal(0, 0.3, b.shape)
    return network


def random_rows(rows: int, inputs: int, classes: int, seed: int = 0) -> tuple[Array, Labels]:
    """Inputs of either sign, and labels."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (rows, inputs)), rng.integers(0, classes, rows)


@dataclass(frozen=True)
class Problem:
    """A network, a batch and a loss: a function of θ."""

    network: Network
    loss: str
    x: Array
    labels: Labels

    @classmethod
    def random(
        cls, layers: Sequence[Layer], inputs: int, rows: int, loss: str, gap: float = 0.0, seed: int = 0
    ) -> "Problem":
        """The first problem, by seed, in which no z before a kink is nearer to zero than `gap`."""
        for attempt in count(seed):
            network = random_network(layers, inputs, attempt)
            problem = cls(network, loss, *random_rows(rows, inputs, network.outputs, attempt))
            if problem.distance_to_kink() >= gap:
                return problem
        raise AssertionError

    @property
    def y(self) -> Array:
        """The labels, one-hot."""
        return np.eye(self.network.outputs)[self.labels]

    @cached_property
    def workspace(self) -> Workspace:
        """For the batch."""
        return self.network.allocate(len(self.x))

    @cached_property
    def has_dropout(self) -> bool:
        """Whether the network has a layer that draws a mask."""
        return any(isinstance(layer, Dropout) for layer in self.network.layers)

    def gradient(self) -> tuple[float, Array]:
        """L and dL/dθ, with the same dropout masks each time."""
        network, gradient = self.network, np.full_like(self.network.theta, np.nan)
        output = output_loss(network.output_activation, self.loss)
        rng = generator(0, Purpose.DROPOUT, 0) if self.has_dropout else None
        backpropagate(network, output, self.x, self.y, network.views(gradient), self.workspace, rng)
        return output.measure(self.workspace[-1].z, self.y, self.workspace[-1].scratch), gradient

    def slope(self, direction: Array, h: float) -> float:
        """The central difference of L along `direction`."""
        theta, start = self.network.theta, self.network.theta.copy()
        theta += h * direction
        after, _ = self.gradient()
        theta[...] = start - h * direction
        before, _ = self.gradient()
        theta[...] = start
        return (after - before) / (2 * h)

    def distance_to_kink(self) -> float:
        """The smallest |z| of a layer whose activation has a kink there."""
        forward(self.network, self.x, self.workspace, generator(0, Purpose.DROPOUT, 0))
        before_kinks = (
            np.abs(at.z).min()
            for layer, at in zip(self.network.layers, self.workspace, strict=True)
            if isinstance(layer, Dense) and layer.activation in KINKS
        )
        return float(min(before_kinks, default=np.inf))
