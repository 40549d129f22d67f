"""The loss of a few images as a function, in float64: of the weights, the input, or the z of the output layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nnfang.core.backprop import backpropagate, forward
from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import output_loss
from nnfang.core.randomness import Purpose, generator
from nnfang.training.continuation import KINKED

if TYPE_CHECKING:
    from nnfang.core.arrays import Array
    from nnfang.core.network import Network

Side = list[npt.NDArray[np.bool_]]
"""For each layer whose activation has a kink, on which side of it each z is."""


class Objective:
    """L of a batch by the core's own forward pass, and dL/dθ by its backward pass.

    The masks of dropout layers are drawn from the seed, and are the same at each evaluation.
    """

    def __init__(self, network: Network, loss: str, x: Array, y: Array, seed: int) -> None:
        """See `nnfang.training.continuation.Continuation`; x is changed in place by whoever measures its slope."""
        self.network, self.x, self.y, self.seed = network, x, y, seed
        self.output_loss = output_loss(network.output_activation, loss)
        self.workspace = network.allocate(len(x))
        self.has_dropout = any(isinstance(layer, Dropout) for layer in network.layers)
        self.kinked = [
            here
            for layer, here in zip(network.layers, self.workspace, strict=True)
            if isinstance(layer, Dense) and layer.activation in KINKED
        ]

    def _masks(self) -> np.random.Generator | None:
        return generator(self.seed, Purpose.DROPOUT, 0) if self.has_dropout else None

    def gradient(self) -> Array:
        """dL/dθ by the backward pass; the workspace then has δ of each layer."""
        gradient = np.empty_like(self.network.theta)
        views = self.network.views(gradient)
        backpropagate(self.network, self.output_loss, self.x, self.y, views, self.workspace, self._masks())
        return gradient

    def input_gradient(self) -> Array:
        """dL/dx after `gradient`: Wᵀ δ of the first layer, which training has no use for (eq. 38)."""
        derivative = np.empty_like(self.x)
        self.network.layers[0].propagate(self.network.parameters[0], self.workspace[0], derivative)
        return derivative

    def evaluate(self) -> tuple[float, Side]:
        """L, and on which side of its kink each z is."""
        forward(self.network, self.x, self.workspace, self._masks())
        return self.measure(), [here.z > 0 for here in self.kinked]

    def measure(self) -> float:
        """L of the z of the output layer as it is."""
        output = self.workspace[-1]
        return self.output_loss.measure(output.z, self.y, output.scratch)
