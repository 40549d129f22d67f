"""The backward process, Algorithm 1, for one sample or a batch of them.

The paper counts layers from the end where it trains (eq. 41 to 43) and from the start where it predicts (eq. 1); here
they are counted from the start throughout, as in eq. 38 to 40. The paper changes each layer's weights as soon as their
gradient is known; here every gradient is computed before any weight changes (see README.md, "Departures").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from nnfang.core.arrays import Array
    from nnfang.core.layers import Parameters
    from nnfang.core.losses import OutputError
    from nnfang.core.network import Network, Trace


def backpropagate(
    network: Network,
    error: OutputError,
    x: Array,
    y: Array,
    gradients: tuple[Parameters, ...],
    trace: Trace,
    rng: np.random.Generator | None = None,
    factor: float = 1.0,
) -> None:
    """dL/dθ: the forward process, then Algorithm 1 but for its last two lines, which are the optimizer's (eq. 44, 45).

    Args:
        network: Left as it is.
        error: From `nnfang.core.losses.output_error`.
        x: (m, inputs).
        y: (m, outputs), one-hot.
        gradients: Receives dW and db of each layer, as from ``network.views(gradient)``.
        trace: From ``network.trace(m)``; afterwards trace[-1].a is ŷ, and trace[-1].z what L is measured from.
        rng: Draws the masks of dropout layers.
        factor: Of the gradient, which is linear in the dL/dz of the output layer: a pass over θ saved.
    """
    z, last = network.logits(x, trace, rng), trace[-1]
    error.differentiate(z, y, last.a, last.delta, last.work, factor)  # dL/dz of the output layer (eq. 32)
    layers = network.layers
    for i in range(len(layers) - 1, 0, -1):
        layers[i].accumulate(trace[i - 1].a, trace[i], gradients[i])  # dL/dw, dL/db (eq. 39, 40)
        layers[i].propagate(network.parameters[i], trace[i], trace[i - 1].delta)  # wᵀ dL/dz of the layer after ...
        layers[i - 1].differentiate(trace[i - 1])  # ... times Q'(z) (eq. 38)
    layers[0].accumulate(x, trace[0], gradients[0])  # the first layer sees x (eq. 42)
