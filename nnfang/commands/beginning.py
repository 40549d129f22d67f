"""``nnfang train --from``: the network with whose weights a new run begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console
from nnfang.exports import reading
from nnfang.runs.bundled import BUNDLED, NETWORK
from nnfang.runs.recorder import as_text
from nnfang.runs.starting import begin_with, propose_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.starting import Start
    from nnfang.training.recipe import Recipe


def load(model: Path | None) -> Checkpoint | None:
    """The network, if one is named."""
    return None if model is None else reading.load_model(model)


def propose(network: Checkpoint | None) -> Recipe | None:
    """The recipe that the command line changes, if it is not the default."""
    return None if network is None else propose_recipe(network)


def take(network: Checkpoint, model: Path, recipe: Recipe, data: Dataset, *, is_quiet: bool) -> Start:
    """The first weights of a run, and say whose they are.

    Args:
        network: As it was loaded.
        model: From where.
        recipe: Of the run.
        data: Of the run.
        is_quiet: Whether stderr says nothing.

    Raises:
        FieldError: They do not fit the recipe.
        DataError: They do not fit the images.
    """
    begin = begin_with(network, BUNDLED if model == NETWORK else as_text(model), recipe, data)
    parts = [f"Beginning with the weights of {begin.record.model}"]
    if begin.record.new_layer:
        parts.append(f"but for the last layer, which begins with fresh ones for {begin.network.outputs} classes")
    if network.network.dtype != begin.network.dtype:
        parts.append(f"converted from {network.network.dtype} to {begin.network.dtype}")
    if not is_quiet:
        console.note(console.one_line(f"{', '.join(parts)}."))
    return begin
