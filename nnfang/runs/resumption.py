"""Whether a run can go on with a recipe, a data set and this machine."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from nnfang.config.schema import to_tree
from nnfang.core.constraints import FieldError
from nnfang.errors import CheckpointError, DataError
from nnfang.machine.description import describe_machine
from nnfang.runs.checkpoint import Checkpoint, load
from nnfang.runs.evaluation import check_data as check_data_fits
from nnfang.runs.evaluation import split_as_trained
from nnfang.training.state import metric_for

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.meta import StateRecord
    from nnfang.training.recipe import Recipe

MAY_CHANGE = {"epochs", "early_stopping", "checkpoint_every", "on_divergence"}
"""What may change in the middle of a run: it changes when training ends or is saved, but no number."""

SAMPLES_PER_EPOCH = 8
"""Points of an epoch at which two schedules are compared."""


class AnotherTrainingError(FieldError):
    """With this value the run would be a different one, which needs a new folder."""


def check_weights(old: Recipe, new: Recipe) -> None:
    """Refuse a recipe for another network.

    Raises:
        FieldError: Its layers or its dtype are others.
    """
    for name in ("layers", "dtype"):
        if getattr(new, name) != getattr(old, name):
            raise FieldError(name, "cannot change: the weights would not fit")


def check_changes(old: Recipe, state: StateRecord, new: Recipe) -> None:
    """Refuse a recipe by which some number of the run would be another.

    Args:
        old: The recipe of the run.
        state: Where it stands.
        new: The recipe by which it is to go on.

    Raises:
        FieldError: The weights would not fit.
        AnotherTrainingError: The run would be a different one.
    """
    check_weights(old, new)
    for field in fields(new):
        before, after = (to_tree(getattr(each, field.name)) for each in (old, new))
        path = find_difference(field.name, before, after)
        if path and (field.name not in MAY_CHANGE or _changes_the_past(old, state, new, field.name)):
            raise AnotherTrainingError(path, "a different value makes this a different run")


def find_difference(path: str, old: Any, new: Any) -> str | None:
    """The path of the first value in which two trees differ."""
    if not isinstance(old, dict) or not isinstance(new, dict) or old.keys() != new.keys():
        return path if old != new else None
    return next((found for key in old if (found := find_difference(f"{path}.{key}", old[key], new[key]))), None)


def _changes_the_past(old: Recipe, state: StateRecord, new: Recipe, name: str) -> bool:
    """Whether with a new value something would have been different already."""
    if name == "early_stopping":  # the best epoch would have been chosen by another metric
        done = state.restore()
        return metric_for(old.early_stopping, done) != metric_for(new.early_stopping, done)
    if name == "epochs":  # the learning rate would have been different
        begun = state.epoch + bool(state.seen)
        times = [sample / SAMPLES_PER_EPOCH for sample in range(begun * SAMPLES_PER_EPOCH)]
        return any(old.schedule.factor(t, old.epochs) != new.schedule.factor(t, new.epochs) for t in times)
    return False


def check_data(checkpoint: Checkpoint, data: Dataset) -> None:
    """Refuse a data set that the network cannot take, or one that has changed since the run began.

    Raises:
        DataError: It is such a one.
        CheckpointError: The run cannot have come to where it stands.
    """
    check_data_fits(checkpoint, data)
    known = checkpoint.meta.dataset
    if data.name == known.name and data.fingerprint != known.fingerprint:
        raise DataError("it has changed since the run began, so the run cannot continue with it", data.name)
    if data.fingerprint == known.fingerprint:
        check_position(checkpoint, len(data.y_train))


def check_position(checkpoint: Checkpoint, images: int) -> None:
    """Refuse a checkpoint that stands where its training never does.

    Args:
        checkpoint: From which a training is to go on.
        images: Training images of its data set.

    Raises:
        CheckpointError: It has seen more images than there are, or taken more or fewer steps than they need; or the
            images cannot be split as its recipe says.
    """
    state, size = checkpoint.meta.state, checkpoint.recipe.batch_size
    rows, _ = split_as_trained(checkpoint, images)
    if state.seen > len(rows):
        raise CheckpointError(f"damaged: it has seen {state.seen:,} images of an epoch of {len(rows):,}")
    steps = state.epoch * -(-len(rows) // size) - (-state.seen // size)
    if state.step != steps and not checkpoint.meta.parent:  # which may have had batches of another size
        raise CheckpointError(f"damaged: it has taken {state.step:,} steps where a training has taken {steps:,}")


def find_best(path: Path, checkpoint: Checkpoint, recipe: Recipe, data: Dataset) -> Path | None:
    """The file of a run's best network, if a fork can go on comparing with it.

    Args:
        path: Where it should be.
        checkpoint: From which the fork begins.
        recipe: Of the fork.
        data: Of the fork.

    Returns:
        None where the file is not there, is of an epoch later than the checkpoint, or where the fork measures by
        another metric or on other validation images.
    """
    try:
        best = load(path)
    except CheckpointError:
        return None
    old = checkpoint.recipe
    measures, state = ("loss", "validation_split", "limit", "seed"), checkpoint.meta.state.restore()
    is_same_measure = (
        all(getattr(old, name) == getattr(recipe, name) for name in measures)
        and metric_for(old.early_stopping, state) == metric_for(recipe.early_stopping, state)
        and data.fingerprint == checkpoint.meta.dataset.fingerprint
    )
    return path if is_same_measure and best.meta.epoch == checkpoint.meta.state.best_epoch else None


def list_machine_differences(checkpoint: Checkpoint) -> list[str]:
    """In what this machine differs from that of the run, such as ``numpy was 2.3.1, is 2.4.0``."""
    old, new = checkpoint.meta.environment, describe_machine()
    return [
        f"{key} was {_in_words(old.get(key))}, is {_in_words(new.get(key))}"
        for key in {**new, **old}
        if old.get(key) != new.get(key)
    ]


def _in_words(value: Any) -> str:
    """A value of a machine's description, such as ``OMP_NUM_THREADS=1``; "none" where it is missing or empty."""
    if isinstance(value, dict):
        return " ".join(f"{name}={part}" for name, part in value.items()) or "none"
    return "none" if value is None else str(value)
