"""A training run on disk while it happens: what is written, what happens where it diverges, and its result."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.config.schema import to_tree
from nnfang.errors import DivergedError, NnfangError
from nnfang.files import write_whole
from nnfang.runs.checkpoint import load, save
from nnfang.runs.finding import load_last
from nnfang.runs.meta import DivergenceRecord, RetryRecord, at_state
from nnfang.training.activity import MOST_IMAGES, measure_activity
from nnfang.training.diagnosis import diagnose
from nnfang.training.events import End, Epoch, Event, Progress, Retry
from nnfang.training.loop import train
from nnfang.training.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.folder import Run
    from nnfang.runs.meta import Meta, StartRecord
    from nnfang.training.diagnosis import Diagnosis
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.loop import Training
    from nnfang.training.recipe import Recipe


logger = logging.getLogger(__name__)


class Recorder:
    """Writes a training run into its folder."""

    def __init__(
        self,
        run: Run,
        training: Training[Dataset],
        meta: Meta,
        history: Sequence[Epoch] = (),
        *,
        best: Path | None = None,
        source: Path | None = None,
    ) -> None:
        """Write the checkpoints of the network as it is, where there are none.

        Args:
            run: Its folder.
            training: What is written down.
            meta: What checkpoints say of it, but for where training stands.
            history: The epochs completed before.
            best: The file of the best network so far, if that is not the network as it is.
            source: What training goes on from, where that is of this run: last.prev.npz stays until there is another
                checkpoint that is whole.
        """
        self.run, self.training, self.meta = run, training, meta
        self._status = run.folder.stat()
        self.history, self.keeps_last = list(history), source != run.previous
        self.saved_at, self.saved_step = monotonic(), training.state.step
        if not run.last.exists() and not run.previous.exists():
            self.save_last()
        if not run.best.exists():
            _copy(best, run.best) if best else self._save(run.best)

    def retry(self, training: Training[Dataset], config: dict[str, Any], failure: RetryRecord) -> None:
        """Write down that training continues from a checkpoint with another config, and why."""
        self.training = training
        self.meta = msgspec.structs.replace(self.meta, config=config, retries=(*self.meta.retries, failure))
        del self.history[training.state.epoch :]
        self.saved_step = training.state.step

    def record(self, event: Event) -> None:
        """Write down what has happened, as far as it is due."""
        if isinstance(event, Epoch):
            self.history.append(event)
            with self.in_place():
                self.run.write_history(self.history)
            if event.is_best:
                self._save(self.run.best)
            self.save_last()
        elif isinstance(event, Progress) and self._is_save_due():
            self.save_last()

    def _is_save_due(self) -> bool:
        """Whether to save in the middle of an epoch."""
        every, steps = self.training.recipe.checkpoint_every, self.training.state.step - self.saved_step
        return monotonic() - self.saved_at >= every.seconds or bool(every.steps and steps >= every.steps)

    def save_last(self) -> None:
        """Save the network as it is now; the file from before stays as last.prev.npz."""
        self._save(self.run.last, keep_old_as=self.run.previous if self.keeps_last else None)
        self.keeps_last = True
        self.saved_at, self.saved_step = monotonic(), self.training.state.step

    def save_unfinished(self) -> None:
        """Save the network in the middle of an epoch; in the first epoch it is better than the untrained one."""
        self.save_last()
        if not self.history:
            self._save(self.run.best)

    def record_divergence(self, error: DivergedError) -> None:
        """Write down that training goes no further from the latest checkpoint, and why."""
        divergence = DivergenceRecord(self.saved_step, error.learning_rate, error.reason)
        self.run.write_divergence(msgspec.structs.asdict(divergence))

    def _save(self, path: Path, keep_old_as: Path | None = None) -> None:
        training = self.training
        meta = at_state(self.meta, training.state, tuple(self.history))
        with self.in_place():
            save(path, training.network, meta, training.engine.state, keep_old_as=keep_old_as)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Around writing: only into the folder that is locked, even where its name leads to another by now.

        Raises:
            NnfangError: It was deleted or moved.
        """
        self._check_folder()
        try:
            yield
        except NnfangError:
            self._check_folder()
            raise

    def _check_folder(self) -> None:
        try:
            is_there = os.path.samestat(self.run.folder.stat(), self._status)
        except (FileNotFoundError, NotADirectoryError):
            is_there = False
        if not is_there:
            raise NnfangError("this folder was deleted or moved while its run was being trained", self.run.folder)


def _copy(source: Path, target: Path) -> None:
    try:
        content = source.read_bytes()
    except OSError as error:
        raise NnfangError(f"cannot be read: {error.strerror or error}", source) from error
    write_whole(target, lambda copy: copy.write(content))


MAX_RETRIES = 3
RETRY_DIVISOR = 3.0
"""What a learning rate is divided by after training diverged with it."""


@dataclass(frozen=True)
class Result:
    """How a training run ended.

    Attributes:
        end: Its last event.
        test: How the best network does on the test images.
        diagnosis: What is wrong with it, if anything.
        metrics: What metrics.json says, but for the environment.
    """

    end: End
    test: Evaluation
    diagnosis: Diagnosis | None
    metrics: dict[str, Any]


class RecordedTraining:
    """A training run on disk, under way. Iterate over it to train; each event is recorded before it is seen.

    Attributes:
        run: Its folder, which no other process trains into meanwhile.
        recipe: How it is trained, as the run's config says; the engine of `training` may be named more exactly.
        training: What goes on in memory.
        recorder: What writes it down.
    """

    def __init__(self, run: Run, recipe: Recipe, training: Training[Dataset], recorder: Recorder) -> None:
        self.run, self.recipe, self.training, self.recorder = run, recipe, training, recorder

    @property
    def data(self) -> Dataset:
        """What is trained on."""
        return self.training.data

    @property
    def start(self) -> StartRecord | None:
        """What it began with; None for fresh weights."""
        return self.recorder.meta.start

    def __iter__(self) -> Iterator[Event]:
        """Train to the end; where training diverges, continue from the latest checkpoint if the recipe says so.

        Raises:
            DivergedError: Training diverged, for the last time.
        """
        for attempt in range(MAX_RETRIES + 1):
            try:
                for event in self.training:
                    self.recorder.record(event)
                    yield event
            except DivergedError as error:
                if self.recipe.on_divergence == "stop" or attempt == MAX_RETRIES:
                    self.recorder.record_divergence(error)
                    reason = f"{error.reason}\nThe network from before is kept: {self.run.last}"
                    raise DivergedError(reason, error.learning_rate) from error
                yield self._retry(error.reason)
            else:
                return

    def _retry(self, reason: str) -> Retry:
        """Go back to the latest checkpoint, with a smaller learning rate; and write that down."""
        with self.recorder.in_place():
            checkpoint = load_last(self.run.folder)
        abandoned = self.recipe.optimizer.learning_rate
        optimizer = replace(self.recipe.optimizer, learning_rate=abandoned / RETRY_DIVISOR)  # type: ignore[type-var]
        self.recipe = replace(self.recipe, optimizer=optimizer)
        state = checkpoint.meta.state.restore()
        recipe = replace(self.recipe, engine=self.training.engine.name)
        vectors, ranks = checkpoint.optimizer_state, self.training.ranks
        self.training = train(checkpoint.network, self.data, recipe, state, vectors, ranks)
        self.recorder.retry(self.training, to_tree(self.recipe), RetryRecord(state.step, abandoned, reason))
        return Retry(state.epoch, state.step, optimizer.learning_rate, reason)

    def save(self) -> None:
        """Save the network as it is, to continue from here later."""
        self.recorder.save_unfinished()

    def finish(self, end: End) -> Result:
        """Test the best network, add to its file what it was trained on, and write metrics.json.

        Args:
            end: The last event.
        """
        seconds = sum(epoch.seconds for epoch in self.recorder.history)
        logger.info("Trained to epoch %d in %.2f s, not counting validation and saving", end.epochs, seconds)
        with self.recorder.in_place():
            best = load(self.run.best)
            known = self.training.learn_familiarity(best.network)
            save(self.run.best, best.network, best.meta, best.optimizer_state, familiarity=known)
        begin = perf_counter()
        test = self.training.test(best.network, self.data.x_test, self.data.y_test)
        logger.info("Evaluated %s test images in %.2f s", f"{test.n:,}", perf_counter() - begin)
        recorder = self.recorder
        metrics = {
            "run": as_text(self.run.folder),
            "checkpoint": as_text(self.run.best),
            "dataset": self.data.name,
            "requested_dataset": recorder.meta.dataset.requested,
            "test_accuracy": test.accuracy,
            "test_loss": test.loss,
            "test_interval": test.interval,
            "test_images": test.n,
            "epochs": end.epochs,
            "best_epoch": end.best_epoch,
            "stopped_by": end.reason,
            "engine": self.training.engine.name,
            "seconds": seconds,
            "digest": best.network.digest(),
        }
        with recorder.in_place():
            self.run.write_metrics(metrics | {"environment": recorder.meta.environment})
        return Result(end, test, diagnose(self._judge_by(best, test)), metrics)

    def _judge_by(self, best: Checkpoint, test: Evaluation) -> Outcome:
        """What the training is judged by, now that it is over."""
        data, held_out = self.data, self.training.validation_rows[:MOST_IMAGES]
        seen = (data.x_train[held_out], data.y_train[held_out]) if len(held_out) else (data.x_test, data.y_test)
        activity = measure_activity(best.network, self.recipe.loss, *seen)
        steps, names = self.training.state.step, data.class_names
        return Outcome(
            self.recipe,
            tuple(self.recorder.history),
            test,
            steps,
            activity,
            names,
            is_fresh=self.start is None,
        )


def as_text(path: Path) -> str:
    r"""A path as text that JSON can hold: a byte of it that is not UTF-8 as ``\xff``."""
    return os.fsencode(path).decode(errors="backslashreplace")
