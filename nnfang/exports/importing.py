"""Weights of another program -> the first and only weights of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.core.network import Network
from nnfang.exports.placing import place, take_plain_inputs
from nnfang.runs.meta import StartRecord
from nnfang.runs.recorder import as_text
from nnfang.runs.starting import Start

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.exports.weights import Layout, Weights
    from nnfang.training.recipe import Recipe


def import_weights(
    weights: Weights,
    recipe: Recipe,
    data: Dataset,
    *,
    layout: Layout | None = None,
    mean: float = 0.0,
    deviation: float = 1.0,
) -> Start:
    """The network of a recipe with weights from a file, for `nnfang.runs.session.start`.

    Args:
        weights: In an open file.
        recipe: Its layers and dtype are those of the network.
        data: Its images are what the network takes.
        layout: That of the matrices; None means the usual one of such a file.
        mean: If the weights are those for (x - mean) / deviation, where the pixels x are from 0 to 1.
        deviation: Likewise.

    Raises:
        FieldError: The weights do not fit the recipe's layers.
        CheckpointError: They cannot be read, or are none that a network can have.
    """
    network = Network.for_recipe(recipe, data)
    place(weights, network, layout)
    if (mean, deviation) != (0.0, 1.0):
        take_plain_inputs(network, mean, deviation)
    return Start(network, StartRecord(as_text(weights.path), network.digest(), is_import=True))
