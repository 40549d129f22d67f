"""Networks of every kind to export, untrained or trained for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.meta import describe_training
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from nnfang.core.layers import Layer


def make_checkpoint(
    layers: tuple[Layer, ...],
    shape: tuple[int, ...],
    names: tuple[str, ...],
    *,
    dtype: str = "float32",
    loss: str = "categorical_crossentropy",
    preparation: str = "digit",
) -> Checkpoint:
    """A network with large weights, so that its outputs differ."""
    x = np.random.default_rng(5).integers(0, 256, (4 * len(names), *shape), np.uint8)
    y = np.tile(np.arange(len(names), dtype=np.uint8), 4)
    data = Dataset("own", x, y, x, y, names, preparation)
    recipe = Recipe(layers=layers, dtype=dtype, loss=loss)
    network = Network.for_recipe(recipe, data)
    network.theta[...] *= 2
    return Checkpoint(network, recipe, describe_training(recipe, data, engine="batch", environment={}), {})
