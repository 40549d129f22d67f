"""Noticing that training has diverged, and saying so in words."""

from __future__ import annotations

from math import isfinite, log
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import scale_pixels
from nnfang.core.backprop import backpropagate
from nnfang.core.losses import output_loss
from nnfang.errors import DivergedError

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.core.network import Network
    from nnfang.engines import Engine

HOPELESS = 1000
"""A mean loss this many times that of guessing will not come down again."""


def check_sanity(engine: Engine, epoch: int, loss: float, x: Images, labels: Labels) -> None:
    """Look at the weights, and at the mean loss of the rows x (m, inputs) that were just trained on.

    Raises:
        DivergedError: One is infinite or not a number, or the loss far beyond that of guessing; the message says what
            to try.
    """
    network = engine.task.network
    if isfinite(loss) and loss <= HOPELESS * (1 + log(network.outputs)):
        if np.isfinite(network.theta).all():
            return
        symptom = "a weight is infinite or not a number"
    else:
        symptom = f"the loss is {loss:.4g}"
    rows = np.empty((min(len(x), engine.task.batch_size), network.inputs), network.dtype)
    scale_pixels(x[: len(rows)], rows)
    with np.errstate(all="ignore"):
        norm = gradient_norm(network, engine.task.loss, rows, labels[: len(rows)])
    rate, optimizer = engine.task.learning_rate(engine.step - 1), engine.task.optimizer
    smaller = min(optimizer.learning_rate / 10, type(optimizer)().learning_rate)
    raise DivergedError(
        f"training diverged in epoch {epoch}, by step {engine.step}: {symptom} at learning rate {rate:g}, "
        f"gradient norm {norm:.3g}. Try a smaller learning rate, such as {smaller:g}",
        smaller,
    )


def gradient_norm(network: Network, loss: str, x: Array, labels: Labels) -> float:
    """‖dL/dθ‖ for the rows x (m, inputs), with dropout off."""
    workspace, gradient = network.allocate(len(x)), np.empty_like(network.theta)
    y = np.eye(network.outputs, dtype=network.dtype)[labels]
    output = output_loss(network.output_activation, loss)
    backpropagate(network, output, x, y, network.views(gradient), workspace)
    return float(np.linalg.norm(gradient))
