"""Forward pass, backward pass and update: the three algorithms of the paper, for one sample or a mini-batch of m rows.

Layers are counted from 0, the first that has weights, as in eq. 1 and eq. 38 to 40. Every function takes

- x (m, inputs), and y (m, outputs), one-hot;
- the workspace from ``network.allocate(m)``, in which the forward pass leaves z and a, and the backward pass δ = dL/dz;
- `gradients`, dW and db of each layer, which are written: ``network.views(gradient)`` of a vector of the size of θ;
- `rng`, which draws the masks of dropout layers; without it nothing is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from nnfang.core.arrays import Array
    from nnfang.core.layers import Parameters
    from nnfang.core.losses import OutputLoss
    from nnfang.core.network import Network
    from nnfang.core.workspace import Workspace


def forward(network: Network, x: Array, workspace: Workspace, rng: np.random.Generator | None = None) -> Array:
    """Algorithm 2.  Returns ŷ (m, outputs), the a of the output layer."""
    a = x
    for layer, parameters, here in zip(network.layers, network.parameters, workspace, strict=True):
        layer.affine(a, parameters, here, rng)  # z = W a_previous + b (eq. 1)
        layer.activate(here)  # a = Q(z) (eq. 2)
        a = here.a
    return a


def backward(network: Network, x: Array, gradients: tuple[Parameters, ...], workspace: Workspace) -> None:
    """Algorithm 1 without its updates, from the output layer's delta on, in which every gradient is linear.

    The paper updates a layer as soon as its gradient is known. Here no weight changes before all gradients are known,
    because eq. 38 needs the W of the forward pass (README.md, "Departures").
    """
    layers, parameters = network.layers, network.parameters
    for i in range(len(layers) - 1, 0, -1):
        here, before = workspace[i], workspace[i - 1]
        layers[i].parameter_gradients(before.a, here, gradients[i])  # dW = δ a_previousᵀ, db = δ (eq. 39, 40)
        layers[i].propagate(parameters[i], here, before.delta)  # δ of the layer before is Wᵀ δ, ...
        layers[i - 1].differentiate(before)  # ... times its Q'(z), elementwise (eq. 38)
    layers[0].parameter_gradients(x, workspace[0], gradients[0])  # a_previous of the first layer is x (eq. 42)


def input_gradient(network: Network, workspace: Workspace, dx: Array) -> None:
    """Write dL/dx (m, inputs), from the δ of the first layer that `backward` has left: which pixels matter, and how.

    x is the a that comes before the first layer, and has no Q: Wᵀ δ is all that is left of eq. 38.
    """
    network.layers[0].propagate(network.parameters[0], workspace[0], dx)


def backpropagate(
    network: Network,
    loss: OutputLoss,
    x: Array,
    y: Array,
    gradients: tuple[Parameters, ...],
    workspace: Workspace,
    rng: np.random.Generator | None = None,
) -> None:
    """Compute dL/dW and dL/db of every layer, L being the mean loss of the m rows."""
    y_hat, output = forward(network, x, workspace, rng), workspace[-1]
    loss.output_delta(output.z, y, y_hat, output.delta, output.scratch)  # δ = (ŷ - y) / m (eq. 32)
    backward(network, x, gradients, workspace)


def gradient_descent_step(
    network: Network,
    loss: OutputLoss,
    x: Array,
    y: Array,
    learning_rate: float,
    gradients: tuple[Parameters, ...],
    workspace: Workspace,
    rng: np.random.Generator | None = None,
) -> None:
    """The body of Algorithm 3: forward pass, backward pass, and the update of every layer with plain sgd."""
    backpropagate(network, loss, x, y, gradients, workspace, rng)
    for parameters, derivatives in zip(network.parameters, gradients, strict=True):
        for w, dw in zip(parameters, derivatives, strict=True):
            w[...] = w - learning_rate * dw  # w := w - α dL/dw, b := b - α dL/db (eq. 44, 45)
