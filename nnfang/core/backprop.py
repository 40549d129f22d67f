"""The backward process, Algorithm 1, for one sample or a batch of them.

The paper counts layers from the end where it trains (eq. 41 to 43) and from the start where it predicts (eq. 1); here
they are counted from the start throughout, as in eq. 38 to 40. The paper changes each layer's weights as soon as their
gradient is known; here every gradient is computed before any weight changes (see README.md, "Departures").
"""

import numpy as np

from nnfang.core.arrays import Array
from nnfang.core.layers import Parameters
from nnfang.core.losses import OutputError
from nnfang.core.network import Network, Trace


def loss_and_gradient(
    network: Network,
    error: OutputError,
    x: Array,
    y: Array,
    gradients: tuple[Parameters, ...],
    trace: Trace,
    rng: np.random.Generator | None = None,
) -> float:
    """L and dL/dθ: the forward process, then Algorithm 1 but for its last two lines, the optimizer's (eq. 44, 45).

    Args:
        network: Left as it is.
        error: From `nnfang.core.losses.output_error`.
        x: (m, inputs).
        y: (m, outputs), one-hot.
        gradients: Receives dW and db of each layer, as from ``network.views(gradient)``.
        trace: From ``network.trace(m)``; afterwards trace[-1].a is ŷ.
        rng: Draws the masks of dropout layers.

    Returns:
        L, the mean over the m rows.
    """
    z = network.logits(x, trace, rng)
    loss = error(z, y, trace[-1].a, trace[-1].delta, trace[-1].work)  # dL/dz of the output layer (eq. 32)
    backward_to_first(network, gradients, trace)
    network.layers[0].accumulate(x, trace[0], gradients[0])  # the first layer sees x (eq. 42)
    return loss


def backward_to_first(network: Network, gradients: tuple[Parameters, ...], trace: Trace) -> None:
    """From dL/dz of the output layer to dL/dz of the first, with the gradients of all layers between and the output's.

    Args:
        network: Left as it is.
        gradients: Receives dW and db of each layer but the first.
        trace: Of the forward process, with trace[-1].delta = dL/dz; receives every other delta.
    """
    layers = network.layers
    for i in range(len(layers) - 1, 0, -1):
        layers[i].accumulate(trace[i - 1].a, trace[i], gradients[i])  # dL/dw, dL/db (eq. 39, 40)
        layers[i].propagate(network.parameters[i], trace[i], trace[i - 1].delta)  # wᵀ dL/dz of the layer after ...
        layers[i - 1].differentiate(trace[i - 1])  # ... times Q'(z) (eq. 38)
