"""Algorithm 3 as a generator of events: whoever iterates decides about bars, logs, files and stopping."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf, isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import numpy as np

from nnfang.core.arrays import Array, Labels, scale_pixels
from nnfang.core.randomness import Purpose, generator
from nnfang.engines import Engine, Task, choose_engine
from nnfang.errors import DivergedError
from nnfang.evaluation import evaluate

if TYPE_CHECKING:
    from nnfang.core.network import Network
    from nnfang.core.schedules import Schedule
    from nnfang.data import Dataset
    from nnfang.recipe import Recipe

CHUNK = 1024
"""Images between two progress events, about: bytes become floats a chunk at a time."""


@dataclass(frozen=True)
class Start:
    """Training is about to begin.

    Attributes:
        engine: Trains; `engine.task.network` is the network, `engine.state` the optimizer's vectors. If it has a
            `preparation`, that is done next.
        images: Number of training images.
        validation_images: Number of images kept out.
    """

    engine: Engine
    images: int
    validation_images: int


@dataclass(frozen=True)
class Progress:
    """Some more images of an epoch have been trained; loss, accuracy and seconds are those of the epoch so far."""

    epoch: int
    seen: int
    images: int
    loss: float
    accuracy: float
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Training images a second, without what the iterating side does between events."""
        return self.seen / self.seconds


@dataclass(frozen=True)
class Epoch:
    """An epoch is over.

    Attributes:
        epoch: Counted from 1.
        loss: Mean over the epoch's images, each as it was when the image's step began.
        accuracy: Likewise.
        val_loss: On the validation images after the epoch; None where there are none.
        val_accuracy: Likewise.
        learning_rate: Of the epoch's last step.
        seconds: Training time only: without validation, and without what the iterating side does between events.
        images_per_second: Training images over `seconds`.
        digest: Short hash of θ.
        is_best: Whether this is the best epoch so far; without validation images the latest is.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float
    digest: str
    is_best: bool


@dataclass(frozen=True)
class End:
    """Training is over.

    Attributes:
        epochs: Epochs done.
        best_epoch: The best of them; 0 where none was done.
        reason: Whether all epochs were done, or patience ran out.
    """

    epochs: int
    best_epoch: int
    reason: Literal["done", "early_stopping"]


Event = Start | Progress | Epoch | End


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


def split_rows(images: int, recipe: Recipe) -> tuple[Labels, Labels]:
    """The numbers of the training images that are trained on, and of those kept for validation.

    Both are drawn from the seed alone, out of the first `limit` images, so that a later evaluation finds the same.

    Raises:
        ValueError: Nothing is left to train on.
    """
    images = min(images, recipe.limit or images)
    kept = round(images * recipe.validation_split)
    if kept >= images:
        raise ValueError(f"validation_split: {recipe.validation_split} of {images} images leaves none to train on")
    if recipe.validation_split and not kept:
        raise ValueError(f"validation_split: {recipe.validation_split} of {images} images leaves none for validation")
    order = generator(recipe.seed, Purpose.SPLIT).permutation(images)
    return np.sort(order[kept:]), np.sort(order[:kept])


def train(network: Network, data: Dataset, recipe: Recipe) -> Iterator[Event]:
    """Train `network` in place: Algorithm 3 (the order of the images is new in each epoch unless `shuffle` is off).

    Yields:
        One `Start`, then for each epoch some `Progress` and one `Epoch`, then one `End`.

    Raises:
        ValueError: The engine or the split that the recipe asks for is impossible.
        DivergedError: The loss is infinite or not a number.
    """
    rows, validation_rows = split_rows(len(data.y_train), recipe)
    batch_size = min(recipe.batch_size, len(rows))  # an engine makes room for a whole batch
    steps_per_epoch = -(-len(rows) // batch_size)
    rate = LearningRate(recipe.optimizer.learning_rate, recipe.schedule, steps_per_epoch, recipe.epochs)
    task = Task(network, recipe.loss, recipe.optimizer, rate, batch_size, recipe.seed)
    engine = choose_engine(recipe.engine, task)
    best = Best(recipe)
    yield Start(engine, len(rows), len(validation_rows))
    engine.prepare()
    for epoch in range(1, recipe.epochs + 1):
        order = generator(recipe.seed, Purpose.SHUFFLE, epoch).permutation(rows) if recipe.shuffle else rows
        progress = yield from _train_epoch(engine, data, order, epoch)
        val_loss, val_accuracy = None, None
        if len(validation_rows):
            validation = evaluate(network, recipe.loss, data.x_train, data.y_train, validation_rows)
            val_loss, val_accuracy = validation.loss, validation.accuracy
        yield Epoch(
            epoch=epoch,
            loss=progress.loss,
            accuracy=progress.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=rate(engine.step - 1),
            seconds=progress.seconds,
            images_per_second=progress.images_per_second,
            digest=network.digest(),
            is_best=best.improves(epoch, val_loss, val_accuracy),
        )
        if best.patience_is_over(epoch):
            yield End(epoch, best.epoch, "early_stopping")
            return
    yield End(recipe.epochs, best.epoch, "done")


def _train_epoch(engine: Engine, data: Dataset, order: Labels, epoch: int) -> Generator[Progress, None, Progress]:
    """The inner loop of Algorithm 3.

    Yields:
        Progress after each chunk.

    Returns:
        The last progress.
    """
    size = engine.task.batch_size
    # A chunk is whole batches, or batches would be cut differently from one pass over all rows.
    chunk = max(CHUNK // size, 1) * size
    feeder = Feeder(data, min(chunk, len(order)), engine.task.network)
    loss, right, seconds = 0.0, 0, 0.0
    progress = Progress(epoch, 0, len(order), 0.0, 0.0, 0.0)
    for start in range(0, len(order), chunk):
        begin = perf_counter()
        x, labels = feeder.take(order[start : start + chunk])
        with np.errstate(all="ignore"):  # a loss that overflows is reported below, once and in words
            chunk_loss, chunk_right = engine.advance(x, labels)
        seconds += perf_counter() - begin
        loss, right, seen = loss + chunk_loss, right + chunk_right, start + len(x)
        if not isfinite(loss):
            raise DivergedError(_divergence(engine, epoch, f"the loss is {loss}"))
        progress = Progress(epoch, seen, len(order), loss / seen, right / seen, seconds)
        yield progress
    if not np.isfinite(engine.task.network.theta).all():  # by the last step, after which no loss was computed
        raise DivergedError(_divergence(engine, epoch, "a weight is infinite or not a number"))
    return progress


def _divergence(engine: Engine, epoch: int, symptom: str) -> str:
    rate, start = engine.task.learning_rate(engine.step - 1), engine.task.optimizer.learning_rate
    return (
        f"training diverged in epoch {epoch}, by step {engine.step}: {symptom} at learning rate {rate:g}. "
        f"Try a smaller one: --learning-rate {min(start / 10, 0.1):g}"
    )


class Feeder:
    """Turns rows of a data set into an engine's inputs, in the same buffers each time."""

    def __init__(self, data: Dataset, rows: int, network: Network) -> None:
        self.images, self.labels = data.x_train, data.y_train.astype(np.intp)
        self.pixels = np.empty((rows, *self.images.shape[1:]), self.images.dtype)
        self.x = np.empty((rows, network.inputs), network.dtype)

    def take(self, rows: Labels) -> tuple[Array, Labels]:
        """The images and labels of `rows`: (m, inputs) and (m,), valid until the next call."""
        pixels, x = self.pixels[: len(rows)], self.x[: len(rows)]
        np.take(self.images, rows, axis=0, out=pixels, mode="clip")
        scale_pixels(pixels, x)
        return x, self.labels[rows]


class Best:
    """The best epoch so far, by the metric of early stopping, otherwise by validation loss."""

    def __init__(self, recipe: Recipe) -> None:
        self.metric = recipe.early_stopping.metric if recipe.early_stopping else "val_loss"
        self.patience = recipe.early_stopping.patience if recipe.early_stopping else inf
        self.epoch = 0
        self.value = inf

    def improves(self, epoch: int, val_loss: float | None, val_accuracy: float | None) -> bool:
        """Whether `epoch` is better than all before; NaN never is, and without validation the latest always is."""
        if val_loss is None or val_accuracy is None:
            self.epoch = epoch
            return True
        value = val_loss if self.metric == "val_loss" else -val_accuracy
        if not value < self.value:
            return False
        self.epoch, self.value = epoch, value
        return True

    def patience_is_over(self, epoch: int) -> bool:
        """Whether `patience` epochs have passed since the best."""
        return epoch - self.epoch >= self.patience
