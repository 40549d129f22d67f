"""What the layers of a network do on some images: whether units are dead or saturated, and how large gradients are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import scale_pixels
from nnfang.core.backprop import backpropagate
from nnfang.core.layers import Dense
from nnfang.core.losses import output_loss

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.core.network import Network
    from nnfang.core.workspace import LayerWorkspace

MOST_IMAGES = 1000
"""Images that are enough to look at."""

SILENT = 1e-6
"""An activation no larger than this, either way, is none."""

STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
"""The largest Q'(z) of the activations that saturate."""

FLAT, NEARLY_ALL = 0.05, 0.95
"""A unit is saturated where Q'(z) is below this part of the largest, on this part of the images."""


@dataclass(frozen=True)
class LayerActivity:
    """A dense layer.

    Attributes:
        index: Its place among the layers of the recipe, from 0.
        activation: The name of Q.
        units: How many it has.
        mean: Of its activations a, over units and images.
        deviation: Their standard deviation.
        dead: Units that are 0 for every image.
        saturated: Units in which Q'(z) is nearly 0 for nearly every image, though they are not.
        gradient_norm: ‖(dL/dW, dL/db)‖, L being the mean loss of the images.
        weight_norm: ‖(W, b)‖.
    """

    index: int
    activation: str
    units: int
    mean: float
    deviation: float
    dead: int
    saturated: int
    gradient_norm: float
    weight_norm: float


def measure_activity(network: Network, loss: str, images: Images, labels: Labels) -> list[LayerActivity]:
    """The forward and the backward pass on labelled images (m, …), with dropout off; each dense layer in order.

    Args:
        network: Left as it is.
        loss: Name of the loss.
        images: As for `Network.predict`; of more than `MOST_IMAGES` the first.
        labels: (m,) classes.
    """
    images, labels = images[:MOST_IMAGES], labels[:MOST_IMAGES]
    x, gradient = np.empty((len(images), network.inputs), network.dtype), np.empty_like(network.theta)
    scale_pixels(images, x)
    y, workspace = np.eye(network.outputs, dtype=network.dtype)[labels], network.allocate(len(x))
    gradients = network.views(gradient)
    with np.errstate(all="ignore"):  # the weights of a training that went wrong may be of any size
        backpropagate(network, output_loss(network.output_activation, loss), x, y, gradients, workspace)
        return [
            LayerActivity(
                index=i,
                activation=layer.activation,
                units=layer.units,
                mean=float(here.a.mean()),
                deviation=float(here.a.std()),
                dead=int((np.abs(here.a) <= SILENT).all(axis=0).sum()),
                saturated=count_saturated(layer, here),
                gradient_norm=_norm(gradients[i]),
                weight_norm=_norm(network.parameters[i]),
            )
            for i, (layer, here) in enumerate(zip(network.layers, workspace, strict=True))
            if isinstance(layer, Dense)
        ]


def count_saturated(layer: Dense, here: LayerWorkspace) -> int:
    """The saturated units of a layer; 0 where its activation has no bounds."""
    if layer.activation not in STEEPEST:
        return 0
    slope = np.ones_like(here.a)
    ACTIVATIONS[layer.activation].backward(slope, here.z, here.a, here.scratch)  # dL/da = 1, so that dL/dz = Q'(z)
    return int(((slope < FLAT * STEEPEST[layer.activation]).mean(axis=0) >= NEARLY_ALL).sum())


def _norm(arrays: tuple[Array, ...]) -> float:
    return float(np.sqrt(sum(float(np.vdot(array, array)) for array in arrays)))
