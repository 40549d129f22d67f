"""``nnfang train --resume``: a run's latest checkpoint and what may change -> the same training, further on."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from nnfang.commands import console, options
from nnfang.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnfang.config.sources import Override
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.folder import Run
    from nnfang.training.recipe import Recipe

NEWEST = "newest"
HARMLESS = {"epochs", "early_stopping", "checkpoint_every", "on_divergence"}
"""What may change in the middle of a run: it changes when training ends or is saved, but no number."""

SAMPLES = 8
"""Points of an epoch at which two schedules are compared."""


def open_run(name: str, *, is_quiet: bool) -> tuple[Run, Checkpoint]:
    """The run that is to go on, and its latest checkpoint."""
    from nnfang.runs import folder as runs

    run, checkpoint = runs.load_last(runs.find_newest() if name == NEWEST else options.as_path(name))
    if checkpoint.meta.is_final:
        raise ConfigError(f"{name}: was exported for prediction only, without what it takes to go on")
    if not is_quiet:
        at = checkpoint.meta.position
        where = (
            f"{console.count(at.epoch, 'epoch')} and {console.count(at.seen, 'image')}"
            if at.seen
            else f"epoch {at.epoch}"
        )
        console.note(f"Resuming {run.folder} after {where}.")
    return run, checkpoint


def adapt(checkpoint: Checkpoint, overrides: Sequence[Override], *, fork: bool) -> Recipe:
    """The run's recipe with what the environment and the command line change.

    Raises:
        ConfigError: That would make another training of it, and a fork was not asked for.
    """
    from nnfang.config import sources as config
    from nnfang.config.schema import to_tree

    old = checkpoint.recipe
    changed = config.load(None, overrides, os.environ, base=old)
    new = changed.recipe
    if new.layers != old.layers or new.dtype != old.dtype:
        raise changed.error(
            "layers" if new.layers != old.layers else "dtype", "cannot change: the weights would not fit"
        )
    if fork:
        return new
    for field in fields(new):
        name = find_difference(field.name, to_tree(getattr(old, field.name)), to_tree(getattr(new, field.name)))
        if name and (field.name not in HARMLESS or (name == "epochs" and rewrites_the_past(checkpoint, new))):
            reason = "another value means another training"
            raise changed.error(name, f"{reason}; --fork starts a new run from where this one stands")
    return new


def find_difference(path: str, old: Any, new: Any) -> str | None:
    """The path of the first value in which two trees differ."""
    if not isinstance(old, dict) or not isinstance(new, dict) or old.keys() != new.keys():
        return path if old != new else None
    return next((found for key in old if (found := find_difference(f"{path}.{key}", old[key], new[key]))), None)


def rewrites_the_past(checkpoint: Checkpoint, new: Recipe) -> bool:
    """Whether with the new number of epochs the learning rate would have been another one already."""
    old, done = checkpoint.recipe, checkpoint.meta.position.epoch + bool(checkpoint.meta.position.seen)
    times = [epoch / SAMPLES for epoch in range(done * SAMPLES)]
    return any(old.schedule.factor(time, old.epochs) != new.schedule.factor(time, new.epochs) for time in times)


def reload_data(checkpoint: Checkpoint, recipe: Recipe, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """The data set of the run.

    Raises:
        DataError: It is not the same any more.
    """
    data = options.load_dataset(recipe.dataset, is_offline=is_offline, is_quiet=is_quiet)
    if recipe.dataset == checkpoint.recipe.dataset and data.fingerprint != checkpoint.meta.dataset["fingerprint"]:
        raise DataError(f"{data.name}: it has changed since the run began, so the run cannot go on with it")
    return data


def keep_engine(checkpoint: Checkpoint, recipe: Recipe, *, fork: bool) -> Recipe:
    """The recipe with the engine of the run: another one would round differently.

    Raises:
        ConfigError: That engine cannot be used here.
    """
    from nnfang.engines.compiled import import_problem

    if fork:
        return recipe
    if checkpoint.meta.engine == "compiled" and (problem := import_problem()):
        raise ConfigError(f"this run was trained with the compiled engine, which {problem}")
    return replace(recipe, engine=checkpoint.meta.engine)


def warn_of_another_machine(checkpoint: Checkpoint) -> None:
    """Say in what this machine differs from that of the run, for the last bits may differ too."""
    if differences := machine_differences(checkpoint):
        console.warn("the last bits may come out differently than without the interruption: " + "; ".join(differences))


def machine_differences(checkpoint: Checkpoint) -> list[str]:
    """In what this machine differs from that of the run, such as ``numpy was 2.3.1, is 2.4.0``."""
    from nnfang.machine.description import describe_machine

    old, new = checkpoint.meta.environment, describe_machine()
    return [f"{key} was {old.get(key)}, is {value}" for key, value in new.items() if old.get(key) != value]
