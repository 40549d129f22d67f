"""A training run on disk: started, resumed, or forked from another.

    with session.start(recipe, data, folder) as training:
        for event in training:
            print(event)
        result = training.finish(event)

Whoever iterates decides what is shown and when to stop; an event is on disk before it is seen.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from nnfang.config.sources import load as load_config
from nnfang.config.sources import to_yaml
from nnfang.core.network import Network
from nnfang.errors import ConfigError, NnfangWarning
from nnfang.machine.description import describe_machine
from nnfang.runs import resumption
from nnfang.runs.finding import has_file, is_folder, load_last, locate_run
from nnfang.runs.folder import CONFIG, Run, create
from nnfang.runs.meta import ForkRecord, StateRecord, describe_training
from nnfang.runs.recorder import RecordedTraining, Recorder, as_text
from nnfang.training.loop import Training, train

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.machine.ranks import Ranks
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import Meta
    from nnfang.runs.starting import Start
    from nnfang.training.recipe import Recipe
    from nnfang.training.state import TrainingState


FOREIGN = (".onnx", ".safetensors")
"""How the names of files end that hold a network for other programs, and no run."""

LoadData = Callable[[str], "Dataset"]
"""Loads a data set by its name or path."""


@contextmanager
def start(
    recipe: Recipe,
    data: Dataset,
    folder: Path | None = None,
    *,
    force: bool = False,
    begin: Start | None = None,
    ranks: Ranks | None = None,
) -> Iterator[RecordedTraining]:
    """A new run in a new folder.

    Args:
        recipe: How to train. If its `dataset` is not the name of `data`, checkpoints say what was requested.
        data: What to train on.
        folder: Where; None means ``runs/<time>-<dataset>``.
        force: Whether a run that is in `folder` may be deleted.
        begin: The first weights; None draws fresh ones.
        ranks: The processes of MPI that share the work; this is the first.

    Raises:
        FieldError: Recipe and data do not fit together; nothing has been created.
        FolderInUseError: `folder` holds a run.
    """
    requested, recipe = recipe.dataset, replace(recipe, dataset=data.name)
    training, meta = _begin(recipe, data, requested, begin, ranks)
    with create(folder, data.name, datetime.now().astimezone(), force=force) as run:
        if begin is None:
            run.write_config(to_yaml(recipe))
        recorder = Recorder(run, training, meta)
        if begin is not None:  # last: the config alone would begin with fresh weights
            run.write_config(to_yaml(recipe))
        yield RecordedTraining(run, recipe, training, recorder)


def _begin(
    recipe: Recipe, data: Dataset, requested: str, begin: Start | None, ranks: Ranks | None
) -> tuple[Training[Dataset], Meta]:
    """A run from its beginning, and what its checkpoints say of it."""
    training = train(begin.network if begin else Network.for_recipe(recipe, data), data, recipe, ranks=ranks)
    meta = describe_training(
        recipe, data, engine=training.engine.name, environment=describe_machine(), requested=requested
    )
    return training, msgspec.structs.replace(meta, start=begin and begin.record)


@dataclass(frozen=True)
class StoredRun:
    """A run on disk, and its latest checkpoint.

    Attributes:
        run: Its folder.
        checkpoint: What was read.
        path: From where: the folder, or one of the checkpoints in it.
    """

    run: Run
    checkpoint: Checkpoint
    path: Path

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        return self.checkpoint.recipe


@dataclass(frozen=True)
class UnsavedRun:
    """A run on disk that ended before its first checkpoint was written; its config says how to begin.

    Attributes:
        run: Its folder.
        recipe: How it is to be trained.
    """

    run: Run
    recipe: Recipe


def read_run(path: Path) -> StoredRun:
    """Read a run, to repeat it or to look into it.

    Args:
        path: Its folder, or one of the checkpoints in it.

    Raises:
        CheckpointError: There is no checkpoint, or it cannot be read.
        ConfigError: It was exported without what it takes to continue.
    """
    is_export = path.suffix.lower() in FOREIGN and not is_folder(path)
    checkpoint = None if is_export else load_last(path)
    if checkpoint is None or checkpoint.meta.inference_only:
        raise ConfigError("was exported for inference only, without what it takes to continue", path)
    return StoredRun(locate_run(path), checkpoint, path)


def read_training(path: Path) -> StoredRun:
    """Read a run, to train from where it stands.

    Raises:
        CheckpointError: As `read_run`.
        ConfigError: Likewise, or nothing was trained: its weights were imported.
    """
    stored = read_run(path)
    start = stored.checkpoint.meta.start
    if start and start.is_import:
        reason = f"was imported from {start.model}, so there is no training to continue; --from begins one with it"
        raise ConfigError(reason, path)
    return stored


@contextmanager
def reopen(path: Path) -> Iterator[StoredRun | UnsavedRun]:
    """The same, to resume it: from before it is read to the end no other process may train into its folder.

    Raises:
        ConfigError: There is no checkpoint yet, and the config cannot be read.
    """
    run = locate_run(path)
    with run.lock():
        if path == run.folder and run.find_files() == [CONFIG]:
            yield UnsavedRun(run, load_config(run.config, [], {}).recipe)
        else:
            yield read_training(path)


def resume(
    stored: StoredRun | UnsavedRun, recipe: Recipe, load: LoadData, ranks: Ranks | None = None
) -> RecordedTraining:
    """A run from its latest checkpoint on, as if it had not been interrupted.

    Args:
        stored: As `reopen` gives it, while its folder is locked.
        recipe: That of the run, or one that changes no number that has been computed.
        load: Loads its data set, once the recipe has been checked.
        ranks: The processes of MPI that share the work, as many as there are now.

    Raises:
        AnotherTrainingError: The recipe would make it a different run.
        FieldError: Its engine cannot be used here.
        DataError: The data set has changed.
    """
    if isinstance(stored, UnsavedRun):
        return _start_again(stored, recipe, load, ranks)
    checkpoint, run = stored.checkpoint, stored.run
    resumption.check_changes(stored.recipe, checkpoint.meta.state, recipe)
    data = load(recipe.dataset)
    state = checkpoint.meta.state.restore()
    if not run.best.exists():
        state.forget_best()
    exact = replace(recipe, engine=checkpoint.meta.engine)  # another engine would round differently
    training = _continue(checkpoint, exact, data, state, ranks)
    described = _describe(checkpoint, recipe, training, parent=checkpoint.meta.parent)
    meta = msgspec.structs.replace(
        described, start=checkpoint.meta.start, resumed=(*checkpoint.meta.resumed, state.step)
    )
    if not has_file(run.config):
        run.write_config(to_yaml(stored.recipe))
    recorder = Recorder(run, training, meta, checkpoint.meta.history, source=stored.path)
    return RecordedTraining(run, recipe, training, recorder)


def _start_again(unsaved: UnsavedRun, recipe: Recipe, load: LoadData, ranks: Ranks | None) -> RecordedTraining:
    """A run from its beginning on, in its folder."""
    resumption.check_changes(unsaved.recipe, StateRecord(), recipe)
    training, meta = _begin(recipe, load(recipe.dataset), recipe.dataset, None, ranks)
    return RecordedTraining(unsaved.run, recipe, training, Recorder(unsaved.run, training, meta))


@contextmanager
def fork(
    stored: StoredRun,
    recipe: Recipe,
    load: LoadData,
    folder: Path | None = None,
    *,
    force: bool = False,
    ranks: Ranks | None = None,
) -> Iterator[RecordedTraining]:
    """A new run that begins where another stands, and may be trained differently.

    Args:
        stored: The other run, as `read_training` gives it.
        recipe: With the same layers and dtype.
        load: Loads its data set, once the recipe has been checked; with images of the same shape and as many classes.
        folder: Of the new run; None means ``runs/<time>-<dataset>``.
        force: Whether a run that is in `folder` may be deleted; the other run itself may not.
        ranks: The processes of MPI that share the work.

    Raises:
        ConfigError: `folder` is that of the other run, and `force` is set.
        FieldError: The recipe does not fit the weights or the data; nothing has been created.
        DataError: The data set does not fit the network, or has changed.
        FolderInUseError: `folder` holds a run.
    """
    if force and folder and folder.resolve() == stored.run.folder.resolve():
        raise ConfigError("is the run to start from, which a fork does not replace; choose another folder", folder)
    checkpoint = stored.checkpoint
    resumption.check_weights(stored.recipe, recipe)
    data = load(recipe.dataset)
    recipe = replace(recipe, dataset=data.name)
    state = checkpoint.meta.state.restore()
    best = resumption.find_best(stored.run.best, checkpoint, recipe, data)
    if not best:
        state.forget_best()
    training = _continue(checkpoint, recipe, data, state, ranks)
    parent = ForkRecord(as_text(stored.run.folder), state.step, checkpoint.network.digest())
    meta = _describe(checkpoint, recipe, training, parent=parent)
    with create(folder, data.name, datetime.now().astimezone(), force=force) as run:
        recorder = Recorder(run, training, meta, checkpoint.meta.history, best=best)
        run.write_config(to_yaml(recipe))  # last: a fork cannot begin from its config alone
        yield RecordedTraining(run, recipe, training, recorder)


def _continue(
    checkpoint: Checkpoint, recipe: Recipe, data: Dataset, state: TrainingState, ranks: Ranks | None
) -> Training[Dataset]:
    """The training that continues from a checkpoint."""
    resumption.check_data(checkpoint, data)
    if differences := resumption.list_machine_differences(checkpoint):
        warnings.warn(
            "the last bits may come out differently than without the interruption: " + "; ".join(differences),
            NnfangWarning,
            stacklevel=3,
        )
    keeps_vectors = recipe.optimizer.state_names == checkpoint.recipe.optimizer.state_names
    vectors = checkpoint.optimizer_state if keeps_vectors else {}
    return train(checkpoint.network, data, recipe, state, vectors, ranks)


def _describe(
    checkpoint: Checkpoint, recipe: Recipe, training: Training[Dataset], *, parent: ForkRecord | None
) -> Meta:
    old = checkpoint.meta
    meta = describe_training(
        recipe,
        training.data,
        engine=training.engine.name,
        environment=describe_machine(),
        requested=old.dataset.requested,
    )
    return msgspec.structs.replace(meta, parent=parent, retries=old.retries)
