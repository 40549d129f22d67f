"""Algorithm 3 as a stream of events: whoever iterates decides about bars, logs, files and stopping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from nnfang.core.network import Network
from nnfang.core.randomness import Purpose, generator
from nnfang.engines import ENGINES, CompiledEngine, Engine, Task, choose_engine, share_engine
from nnfang.training.augment import Distortion
from nnfang.training.batches import BatchLoader, measure_density, split_rows
from nnfang.training.compatibility import check_compatible
from nnfang.training.divergence import check_sanity
from nnfang.training.evaluation import evaluate
from nnfang.training.events import End, Epoch, Event, Progress
from nnfang.training.examples import Examples
from nnfang.training.familiarity import Familiarity, learn_familiarity
from nnfang.training.state import BestEpoch, TrainingState
from nnfang.training.together import check_agreement, evaluate_share, judge, lead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.arrays import Images, Labels
    from nnfang.core.optimizers import State
    from nnfang.core.schedules import Schedule
    from nnfang.machine.ranks import Ranks
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.recipe import Recipe

Data = TypeVar("Data", bound=Examples)

CHUNK = 1024
"""Images between two progress events, about: bytes become floats a chunk at a time."""


@dataclass(frozen=True)
class LearningRate:
    """α of each step: the optimizer's, times the schedule's factor."""

    start: float
    schedule: Schedule
    steps_per_epoch: int
    epochs: int

    def __call__(self, step: int) -> float:
        """α of `step`, counted from 0 over all epochs."""
        return self.start * self.schedule.factor(step / self.steps_per_epoch, self.epochs)


class Training(Generic[Data]):
    """A training run in memory. Iterate over it to train; stop iterating, and begin again, wherever you like.

    Attributes:
        network: Trained in place.
        data: Its training images are trained on, except those held out for validation.
        recipe: How.
        engine: Trains; `engine.state` are the optimizer's vectors.
        state: Where training stands; current at each event.
        rows: Indices of the images that are trained on.
        validation_rows: Indices of the images held out.
        ranks: The processes that train together; None for this one alone.
        is_stopped: Whether training ends after the current epoch.
    """

    def __init__(
        self,
        network: Network,
        data: Data,
        recipe: Recipe,
        state: TrainingState | None = None,
        optimizer_state: State | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        """Get ready to train; no step is taken yet. See `train` for the arguments."""
        check_compatible(recipe, data, network)
        self.network, self.data, self.recipe, self.ranks = network, data, recipe, ranks
        self.state = replace(state) if state else TrainingState()
        self.rows, self.validation_rows = split_rows(len(data.y_train), recipe)
        self.engine = create_engine(network, recipe, data, len(self.rows), ranks)
        self._distortion = create_distortion(recipe, data, self.engine)
        self.engine.step = self.state.step
        self.is_stopped = False
        for name, vector in (optimizer_state or {}).items():
            self.engine.state[name][...] = vector

    def __repr__(self) -> str:
        return f"Training(epoch {self.state.epoch} of {self.recipe.epochs}, {self.data.name}, {self.network!r})"

    def stop(self) -> None:
        """Let training end after the current epoch, because its time is up."""
        self.is_stopped = True

    def __iter__(self) -> Iterator[Event]:
        """Train: some `Progress` and one `Epoch` for each epoch, then one `End`.

        Raises:
            DivergedError: The loss is infinite, not a number, or out of all proportion.
        """
        return lead(self, self.ranks, self.events()) if self.ranks else self.events()

    def events(self) -> Iterator[Event]:
        """The same by this process alone, or as its part of what all ranks do at once."""
        self.engine.prepare()
        recipe, state = self.recipe, self.state
        best = BestEpoch(recipe.early_stopping, state)
        while state.epoch < recipe.epochs and not best.patience_is_over() and not self.is_stopped:
            yield from self._train_epoch()
            yield self._end_epoch(best)
        if state.epoch >= recipe.epochs:
            yield End(state.epoch, state.best_epoch, "done")
        else:
            yield End(state.epoch, state.best_epoch, "early_stopping" if best.patience_is_over() else "max_time")

    def _train_epoch(self) -> Iterator[Progress]:
        """The inner loop of Algorithm 3, from where training stands."""
        state, engine, epoch = self.state, self.engine, self.state.epoch + 1
        order = self.rows
        if self.recipe.shuffle:
            order = generator(self.recipe.seed, Purpose.SHUFFLE, epoch).permutation(order)
        size = engine.task.batch_size
        # A chunk is whole batches, or batches would be cut differently from one pass over all rows.
        chunk = max(CHUNK // size, 1) * size
        processes = self.ranks.size if self.ranks else 1
        loader = BatchLoader(
            self.data, min(chunk, len(order)), engine.inputs_dtype, self._distortion, engine.parts, processes
        )
        begin = perf_counter()
        for x, labels in loader.load(order, epoch, state.seen):
            with np.errstate(all="ignore"):  # a loss that overflows is reported below, once and in words
                loss, correct = engine.advance(x, labels)
            own = engine.parts(len(x))[0]
            check_sanity(engine, epoch, loss / len(x), x[own], labels[own])
            state.seconds += perf_counter() - begin
            state.step, state.seen = engine.step, state.seen + len(x)
            state.loss, state.correct = state.loss + loss, state.correct + correct
            yield self._report_progress()
            begin = perf_counter()

    def _report_progress(self) -> Progress:
        state = self.state
        loss, accuracy = state.loss / state.seen, state.correct / state.seen
        return Progress(state.epoch + 1, state.seen, len(self.rows), loss, accuracy, state.seconds)

    def _end_epoch(self, best: BestEpoch) -> Epoch:
        """Validate, and start counting for the next epoch."""
        last = self._report_progress()
        val_loss, val_accuracy = self._validate()
        digest = self.network.digest()
        if self.ranks:
            check_agreement(self.ranks, digest, last.epoch)
        self.state.end_epoch()
        return Epoch(
            epoch=last.epoch,
            loss=last.loss,
            accuracy=last.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=self.engine.task.learning_rate(self.engine.step - 1),
            seconds=last.seconds,
            images_per_second=last.images_per_second,
            digest=digest,
            is_best=best.update(val_loss, val_accuracy),
        )

    def _validate(self) -> tuple[float | None, float | None]:
        """Loss and accuracy on the images held out for validation; None where there are none."""
        if not len(self.validation_rows):
            return None, None
        what = self.network, self.recipe.loss, self.data.x_train, self.data.y_train, self.validation_rows
        result = evaluate_share(self.ranks, *what) if self.ranks else evaluate(*what)
        return result.loss, result.accuracy

    def test(self, network: Network, images: Images, labels: Labels) -> Evaluation:
        """How good a network that came of this training is on other images."""
        what = network, self.recipe.loss, images, labels
        return judge(self.ranks, *what) if self.ranks else evaluate(*what)

    def learn_familiarity(self, network: Network) -> Familiarity | None:
        """What tells whether an image is like those of this training, for a network that came of it; None for rows."""
        data = self.data
        return learn_familiarity(network, data.x_train, data.y_train, self.rows, self.validation_rows)


def train(
    network: Network,
    data: Data,
    recipe: Recipe,
    state: TrainingState | None = None,
    optimizer_state: State | None = None,
    ranks: Ranks | None = None,
) -> Training[Data]:
    """Train `network` in place: Algorithm 3 (the order of the images is new in each epoch unless `shuffle` is off).

    Args:
        network: As it is at `state`.
        data: Its training images are trained on, except those held out for validation.
        recipe: How. Its layers and dtype must be those of the network.
        state: Where to continue, left as it is; None is the beginning.
        optimizer_state: The optimizer's vectors there, left as they are.
        ranks: The processes of MPI that share the work; this is the first, and the others `follow`.

    Returns:
        A training run that takes its steps while one iterates over its events.

    Raises:
        FieldError: Recipe, data set and network do not fit together, or the engine or the split that the recipe asks
            for is impossible.
    """
    return Training(network, data, recipe, state, optimizer_state, ranks)


def create_distortion(recipe: Recipe, data: Examples, engine: Engine) -> Distortion | None:
    """What distorts the images, compiled where the engine is; None where they stay as they are."""
    if not recipe.augment:
        return None
    is_compiled = engine.name == CompiledEngine.name and engine.inputs_dtype == np.float32
    return Distortion(recipe.augment, data.input_shape, recipe.seed, is_compiled=is_compiled)


def check_engine(recipe: Recipe) -> None:
    """Refuse an engine that cannot run a recipe, whatever the data; that is known before any are loaded.

    Raises:
        FieldError: It cannot; the reason says why.
    """
    if recipe.engine != "auto":
        network = Network.initialize(recipe.layers, inputs=1, dtype=recipe.dtype)
        rate = LearningRate(recipe.optimizer.learning_rate, recipe.schedule, 1, recipe.epochs)
        ENGINES[recipe.engine].check(Task(network, recipe.loss, recipe.optimizer, rate, recipe.batch_size))


def create_engine(network: Network, recipe: Recipe, data: Examples, images: int, ranks: Ranks | None = None) -> Engine:
    """The engine for `images` training images of a data set, before its first step."""
    batch_size = min(recipe.batch_size, images)  # an engine allocates memory for a whole batch
    rate = LearningRate(recipe.optimizer.learning_rate, recipe.schedule, -(-images // batch_size), recipe.epochs)
    is_bytes = data.x_train.dtype == np.uint8 and recipe.augment is None
    density = measure_density(data.x_train)
    task = Task(network, recipe.loss, recipe.optimizer, rate, batch_size, recipe.seed, is_bytes, density)
    return share_engine(recipe.engine, task, ranks) if ranks else choose_engine(recipe.engine, task)
