"""Trains a run again and compares what comes out with all that its files claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnfang.core.constraints import shorten
from nnfang.errors import CheckpointError, ConfigError
from nnfang.runs.checkpoint import load
from nnfang.runs.claims import (
    TIMINGS,
    MetricsClaim,
    compare_checkpoint,
    compare_config,
    compare_csv,
    compare_epochs,
    is_decisive,
)
from nnfang.runs.finding import has_file, load_model
from nnfang.runs.folder import DIVERGED, METRICS
from nnfang.runs.resumption import check_data
from nnfang.runs.starting import find_beginning
from nnfang.training.events import Epoch, Event
from nnfang.training.loop import train
from nnfang.training.state import TrainingState, metric_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import Meta
    from nnfang.runs.session import StoredRun
    from nnfang.runs.starting import LoadModel

THE_CHECKPOINT = "the checkpoint"
"""What a checkpoint is called that is verified on its own."""


class Verification:
    """A training from the config of a run. Iterate over it to train; it ends with the first epoch that differs.

    Attributes:
        epochs: Completed epochs to compare.
        images: Images of the next epoch to compare.
        identical: How many epochs have come out with the digest that was recorded, from the first on.
        checked: The files that were compared.
        faults: What in them is not as the training was, such as ``best.npz: the weights``.
        unchecked: What they say and was not compared.
    """

    def __init__(
        self, stored: StoredRun, data: Dataset, load_start: LoadModel = load_model, *, is_whole: bool = True
    ) -> None:
        """Get ready to train.

        Args:
            stored: The run.
            data: What it was trained on.
            load_start: Loads the trained network that it began with, where it did.
            is_whole: Whether all files of the run are compared, rather than one checkpoint of it.

        Raises:
            ConfigError: The run cannot be repeated from its config alone.
            CheckpointError: One of its checkpoints cannot be read.
            DataError: The data set has changed.
            FieldError: The run's engine cannot be used here.
        """
        checkpoint, folder = stored.checkpoint, stored.run.folder
        state = checkpoint.meta.state.restore()
        check_repeatable(checkpoint.meta, folder)
        self._start = checkpoint.meta.start
        check_data(checkpoint, data)
        self._run, self._is_whole = stored.run, is_whole
        self._pending: dict[str, Checkpoint] = {THE_CHECKPOINT: checkpoint}
        if is_whole:
            paths = stored.run.last, stored.run.best, stored.run.previous
            self._pending = {path.name: load(path) for path in paths if has_file(path)}
        latest = max(self._pending.values(), key=_position)  # best.npz, where the process was killed before last.npz
        self._end, self._history = _position(latest), latest.meta.history
        self._recipe, self._requested = checkpoint.recipe, checkpoint.meta.dataset.requested or data.name
        self._metrics: MetricsClaim | None = None
        recipe = replace(checkpoint.recipe, engine=checkpoint.meta.engine, early_stopping=None)
        begin = TrainingState(metric=metric_for(checkpoint.recipe.early_stopping, state))
        network = find_beginning(checkpoint, data, load_start, folder)
        self._training = train(network, data, recipe, begin)
        self.epochs, self.images = self._end
        self.identical = 0
        self.checked: list[str] = []
        self.faults: list[str] = []
        self.unchecked = [f"{' and '.join(TIMINGS)} of the epochs"]
        if self.is_import and self._start:
            self.unchecked = [f"the file {self._start.model}, which they were imported from"]
            self.faults += [] if network.digest() == self._start.digest else ["the weights are not those imported"]

    def __iter__(self) -> Iterator[Event]:
        """Train and compare."""
        if self._is_whole:
            self._compare_files()
        else:
            self.unchecked.append("the other files of its folder")
        self._compare_where_it_stands()
        if self._stands_at() < self._end:
            yield from self._repeat()
        self._finish()

    def _repeat(self) -> Iterator[Event]:
        """Train as far as the run came, or to the first epoch that differs."""
        for event in self._training:
            yield event
            if isinstance(event, Epoch) and not self._compare_epoch(event):
                break
            self._compare_where_it_stands()
            if self._stands_at() >= self._end:
                break

    def _stands_at(self) -> tuple[int, int]:
        return self._training.state.epoch, self._training.state.seen

    def _compare_epoch(self, event: Epoch) -> bool:
        """Compare an epoch with the history; whether the network is as recorded, so that more can be compared."""
        if event.epoch > len(self._history):
            return True
        differing = compare_epochs(self._history[event.epoch - 1], event)
        if "digest" in differing:
            return False
        self.identical = event.epoch
        self.faults += [f"epoch {event.epoch} of the history: {name}" for name in differing]
        return True

    def _compare_where_it_stands(self) -> None:
        """Compare the checkpoints that say they are of this moment, and metrics.json after the best epoch."""
        here = self._stands_at()
        for name in [name for name, claim in self._pending.items() if _position(claim) == here]:
            claim = self._pending.pop(name)
            self.faults += [f"{name}: {what}" for what in self._compare_checkpoint(claim)]
            self.checked.append(name)
        if self._metrics and here == (self._metrics.best_epoch, 0):
            wrong, unknown = self._metrics.compare(self._training, self._history, self._requested)
            self.faults += [f"{METRICS}: {key}" for key in wrong]
            self.unchecked += [f"{shorten(', '.join(unknown))} of {METRICS}"] if unknown else []
            self.checked.append(METRICS)
            self._metrics = None

    def _compare_checkpoint(self, claim: Checkpoint) -> Iterator[str]:
        return compare_checkpoint(claim, self._training, self._history, self._start)

    def _compare_files(self) -> None:
        """Compare what needs no training, and read what is compared in its course."""
        run = self._run
        for path, compare in (
            (run.config, self._compare_config),
            (run.history, self._compare_csv),
            (run.metrics, self._read_metrics),
        ):
            if not has_file(path):
                self.unchecked.append(f"{path.name}, which is not there")
                continue
            try:
                compare(path)
            except CheckpointError as error:
                self.faults.append(f"{path.name}: {error.reason}")
        missing = [path.name for path in (run.best, run.last) if path.name not in self._pending]
        self.unchecked += [f"{name}, which is not there" for name in missing]
        self.unchecked += [DIVERGED] if has_file(run.diverged) else []

    def _compare_config(self, path: Path) -> None:
        for key in compare_config(path, self._recipe):
            if is_decisive(key):
                self.faults.append(f"{path.name}: {key}")
            else:
                self.unchecked.append(f"{key} of {path.name}, which changes no number")
        self.checked.append(path.name)

    def _compare_csv(self, path: Path) -> None:
        line, more = compare_csv(path, self._history)
        if line:
            self.faults.append(f"{path.name}: line {line}")
        if more:
            self.unchecked.append(f"the last {more} lines of {path.name}, which are of epochs in no checkpoint")
        self.checked.append(path.name)

    def _read_metrics(self, path: Path) -> None:
        self._metrics = MetricsClaim(path)

    def _finish(self) -> None:
        """Say what the training did not come to."""
        rest = [*self._pending, *([METRICS] if self._metrics else [])]
        if self.identical < min(self.epochs, len(self._history)):
            self.unchecked += rest
        else:
            self.faults += [f"{name}: training never stands where it says" for name in rest]

    @property
    def is_import(self) -> bool:
        """Whether the weights came from another program, so that there is no training to repeat."""
        return self._start is not None and self._start.is_import

    @property
    def is_identical(self) -> bool:
        """Whether nothing differs."""
        return self.identical == self.epochs and not self.faults


def check_repeatable(meta: Meta, folder: Path) -> None:
    """Refuse a run that cannot be repeated, by what a checkpoint of it says.

    Raises:
        ConfigError: It is such a one; the reason says why.
    """
    if meta.parent:
        raise ConfigError(f"was forked from {meta.parent.run}, so it has no beginning", folder)
    if meta.retries:
        raise ConfigError("its learning rate was changed after training diverged, so it cannot be repeated", folder)
    if not meta.step and not meta.start:
        raise ConfigError("no step was taken, so there is nothing to compare", folder)


def _position(checkpoint: Checkpoint) -> tuple[int, int]:
    state = checkpoint.meta.state
    return state.epoch, state.seen
