"""What a run begins with in place of fresh weights: those of a trained network, or of another program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense
from nnfang.core.network import Network, output_layer
from nnfang.errors import CheckpointError, ConfigError, DataError
from nnfang.runs.meta import StartRecord
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.core.layers import Layer
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

LoadModel = Callable[[str], "Checkpoint"]
"""Loads a trained network by its path, or by the name of the one that comes with nnfang."""


@dataclass(frozen=True)
class Start:
    """The first weights of a run.

    Attributes:
        network: With these weights; it is what will be trained.
        record: Where they came from.
    """

    network: Network
    record: StartRecord


def propose_recipe(model: Checkpoint) -> Recipe:
    """A recipe to train a trained network further: what it is and what for is the network's, how is the default."""
    old = model.recipe
    return Recipe(dataset=old.dataset, layers=old.layers, loss=old.loss, dtype=old.dtype)


def begin_with(model: Checkpoint, name: str, recipe: Recipe, data: Dataset) -> Start:
    """The first weights of a run that begins with those of a trained network.

    Where there are more or fewer classes than before, the last layer begins with fresh weights.

    Args:
        model: The trained network.
        name: Its path, or what it is called.
        recipe: Of the run. Dropout, initializers and the dtype may be others than before.
        data: Of the run, with images of the same shape as before.

    Raises:
        FieldError: The recipe has other layers, or a dtype for which a weight is too large.
        DataError: The images have another shape.
    """
    if data.input_shape != model.meta.input_shape:
        before = model.meta.input_shape
        raise DataError(f"its images are {data.input_shape}, the network was trained on {before}", data.name)
    check_layers(model, recipe)
    is_new = model.network.outputs != output_layer(recipe.layers).units
    network = Network.for_recipe(recipe, data)
    sources, targets = (list(filter(None, each.parameters)) for each in (model.network, network))
    with np.errstate(over="ignore"):
        for source, target in zip(sources[: -is_new or None], targets, strict=False):
            for i, array in enumerate(source):
                target[i][...] = array
    if not np.isfinite(network.theta).all():
        raise FieldError("dtype", f"a weight of the network is too large for {recipe.dtype}")
    return Start(network, StartRecord(name, model.network.digest(), new_layer=is_new))


def check_layers(model: Checkpoint, recipe: Recipe) -> None:
    """Refuse a recipe for whose layers the weights of a trained network are not.

    Raises:
        FieldError: One of its dense layers, the last excepted, has other units, or another activation; or the last
            has another activation for as many classes.
    """
    old, new = _describe(model.recipe.layers), _describe(recipe.layers)
    kept = len(old) - (old[-1][0] != new[-1][0])
    if old[:kept] != new[:kept] or len(old) != len(new):
        reason = f"found {_in_words(new)}, but the network has {_in_words(old)}, so its weights would not fit"
        raise FieldError("layers", reason)


def find_beginning(checkpoint: Checkpoint, data: Dataset, load: LoadModel, folder: Path) -> Network:
    """The network as it was before the first step of a run.

    Args:
        checkpoint: Of the run.
        data: What it is trained on.
        load: Loads the trained network that it began with, where it did.
        folder: Of the run.

    Raises:
        ConfigError: That network cannot be read, or is another by now.
    """
    recipe, start = checkpoint.recipe, checkpoint.meta.start
    if start is None:
        return Network.for_recipe(recipe, data)
    if start.is_import:
        return checkpoint.network
    claim = f"began with the weights of {start.model}"
    try:
        model = load(start.model)
    except CheckpointError as error:
        raise ConfigError(f"{claim}, which cannot be read: {error.reason}", folder) from error
    if model.network.digest() != start.digest:
        raise ConfigError(f"{claim}, which holds others now, so it cannot be repeated", folder)
    return begin_with(model, start.model, recipe, data).network


def _describe(layers: Sequence[Layer]) -> list[tuple[int, str]]:
    """The units and the activation of each dense layer."""
    return [(layer.units, layer.activation) for layer in layers if isinstance(layer, Dense)]


def _in_words(layers: Sequence[tuple[int, str]]) -> str:
    """Such as ``128 relu, 10 softmax``."""
    return ", ".join(f"{units} {activation}" for units, activation in layers)
