"""Whole training runs in one call, for whoever works in Python."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfang.core.network import Network
from nnfang.machine.description import describe_machine
from nnfang.runs import session
from nnfang.runs.checkpoint import Checkpoint, load
from nnfang.runs.datasets import load_data
from nnfang.runs.meta import at_state, describe_training
from nnfang.training.compatibility import size_output_layer
from nnfang.training.events import End, Epoch
from nnfang.training.loop import train
from nnfang.training.recipe import PAPER_LAYERS, Recipe

if TYPE_CHECKING:
    from os import PathLike

    from nnfang.data import Dataset
    from nnfang.runs.recorder import RecordedTraining


def fit(
    recipe: Recipe, data: Dataset | str | None = None, folder: str | PathLike[str] | None = None, *, force: bool = False
) -> Checkpoint:
    """Train a new network.

    Args:
        recipe: How to train. If its layers are the default, there will be one output unit per class of the data.
        data: What on, or its name or path; by default what the recipe says.
        folder: Where the run is recorded, with checkpoints from which `resume` continues. None keeps all in memory.
        force: Whether a run that is in `folder` may be deleted.

    Returns:
        The network of the best epoch.

    Raises:
        FieldError: Recipe and data do not fit together.
        DivergedError: Training diverged.
        FolderInUseError: `folder` holds a run.
    """
    if data is None or isinstance(data, str):
        data = load_data(data or recipe.dataset)
    if recipe.layers == PAPER_LAYERS:
        recipe = size_output_layer(recipe, data)
    if folder is None:
        return _fit_in_memory(recipe, data)
    with session.start(recipe, data, Path(folder), force=force) as training:
        return _finish(training)


def resume(folder: str | PathLike[str], data: Dataset | None = None, **changes: Any) -> Checkpoint:
    """Continue a run to its end, as if it had not been interrupted.

    Args:
        folder: The run's folder, or one of the checkpoints in it.
        data: What it was trained on; by default that is loaded again.
        **changes: Of the recipe, such as ``epochs=40``; only what changes no number that has been computed.

    Returns:
        The network of the best epoch.

    Raises:
        AnotherTrainingError: A change would make it a different run.
        CheckpointError: There is no run, or it cannot be read.
        DataError: The data set has changed.
    """
    with session.reopen(Path(folder)) as stored:
        recipe = replace(stored.recipe, **changes)
        return _finish(session.resume(stored, recipe, lambda name: data or load_data(name)))


def _finish(training: RecordedTraining) -> Checkpoint:
    for event in training:
        if isinstance(event, End):
            training.finish(event)
    return load(training.run.best)


def _fit_in_memory(recipe: Recipe, data: Dataset) -> Checkpoint:
    training = train(Network.for_recipe(recipe, data), data, recipe)
    meta = describe_training(recipe, data, engine=training.engine.name, environment=describe_machine())
    history: list[Epoch] = []

    def snapshot() -> Checkpoint:
        network, vectors = deepcopy((training.network, dict(training.engine.state)))
        return Checkpoint(network, recipe, at_state(meta, training.state, tuple(history)), vectors)

    best = snapshot()
    for event in training:
        if isinstance(event, Epoch):
            history.append(event)
            if event.is_best:
                best = snapshot()
    return replace(best, familiarity=training.learn_familiarity(best.network))
