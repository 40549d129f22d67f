"""Algorithm 3 as a generator of events: whoever iterates decides about bars, logs, files and stopping."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf, isfinite, log
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import Array, Labels, scale_pixels
from nnfang.core.backprop import backpropagate
from nnfang.core.constraints import FieldError
from nnfang.core.losses import output_loss
from nnfang.core.randomness import Purpose, generator
from nnfang.engines import Engine, Task, choose_engine
from nnfang.errors import DivergedError
from nnfang.training.augment import Distortion
from nnfang.training.evaluation import evaluate
from nnfang.training.events import End, Epoch, Event, Progress, Start
from nnfang.training.state import Position

if TYPE_CHECKING:
    from nnfang.core.network import Network
    from nnfang.core.optimizers import State
    from nnfang.core.schedules import Schedule
    from nnfang.data import Dataset
    from nnfang.training.recipe import Recipe

CHUNK = 1024
"""Images between two progress events, about: bytes become floats a chunk at a time."""

EXPLODED = 1000
"""A mean loss so many times that of guessing will not come down again."""


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
        FieldError: Nothing is left to train on.
    """
    images = min(images, recipe.limit or images)
    kept = round(images * recipe.validation_split)
    if kept >= images:
        raise FieldError("validation_split", f"{recipe.validation_split} of {images} images leaves none to train on")
    if recipe.validation_split and not kept:
        raise FieldError("validation_split", f"{recipe.validation_split} of {images} images leaves none for validation")
    order = generator(recipe.seed, Purpose.SPLIT).permutation(images)
    return np.sort(order[kept:]), np.sort(order[:kept])


def train(
    network: Network, data: Dataset, recipe: Recipe, position: Position | None = None, state: State | None = None
) -> Iterator[Event]:
    """Train `network` in place: Algorithm 3 (the order of the images is new in each epoch unless `shuffle` is off).

    Args:
        network: As it is at `position`.
        data: Its training images are trained on, but for those kept for validation.
        recipe: How.
        position: Where to go on; None is the beginning.
        state: The optimizer's vectors there.

    Yields:
        One `Start`, then for each epoch some `Progress` and one `Epoch`, then one `End`.

    Raises:
        FieldError: The engine or the split that the recipe asks for is impossible.
        DivergedError: The loss is infinite, not a number, or out of all proportion.
    """
    rows, validation_rows = split_rows(len(data.y_train), recipe)
    distortion = Distortion(recipe.augment, data.input_shape, recipe.seed) if recipe.augment else None
    position = position or Position()
    engine = make_engine(network, recipe, len(rows), position, state or {})
    best = Best(recipe, position)
    yield Start(engine, position, len(rows), len(validation_rows))
    engine.prepare()
    while position.epoch < recipe.epochs and not best.patience_is_over():
        epoch = position.epoch + 1
        order = generator(recipe.seed, Purpose.SHUFFLE, epoch).permutation(rows) if recipe.shuffle else rows
        progress = yield from _train_epoch(engine, data, order, position, distortion)
        val_loss, val_accuracy = validate(network, data, recipe, validation_rows)
        position.close_epoch()
        yield Epoch(
            epoch=epoch,
            loss=progress.loss,
            accuracy=progress.accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=engine.task.learning_rate(engine.step - 1),
            seconds=progress.seconds,
            images_per_second=progress.images_per_second,
            digest=network.digest(),
            is_best=best.improves(val_loss, val_accuracy),
        )
    yield End(position.epoch, position.best_epoch, "done" if position.epoch >= recipe.epochs else "early_stopping")


def validate(network: Network, data: Dataset, recipe: Recipe, rows: Labels) -> tuple[float | None, float | None]:
    """Loss and accuracy on the images that are kept for validation; None where there are none."""
    if not len(rows):
        return None, None
    result = evaluate(network, recipe.loss, data.x_train, data.y_train, rows)
    return result.loss, result.accuracy


def make_engine(network: Network, recipe: Recipe, images: int, position: Position, state: State) -> Engine:
    """The engine for `images` training images, as it is at `position`."""
    batch_size = min(recipe.batch_size, images)  # an engine makes room for a whole batch
    rate = LearningRate(recipe.optimizer.learning_rate, recipe.schedule, -(-images // batch_size), recipe.epochs)
    engine = choose_engine(recipe.engine, Task(network, recipe.loss, recipe.optimizer, rate, batch_size, recipe.seed))
    engine.step = position.step
    for name, vector in state.items():
        engine.state[name][...] = vector
    return engine


def _train_epoch(
    engine: Engine, data: Dataset, order: Labels, position: Position, distortion: Distortion | None
) -> Generator[Progress, None, Progress]:
    """The inner loop of Algorithm 3, from `position` on.

    Yields:
        Progress after each chunk.

    Returns:
        The last progress.
    """
    size = engine.task.batch_size
    # A chunk is whole batches, or batches would be cut differently from one pass over all rows.
    chunk = max(CHUNK // size, 1) * size
    feeder = Feeder(data, min(chunk, len(order)), engine.task.network, distortion)
    for start in range(position.seen, len(order), chunk):
        begin = perf_counter()
        x, labels = feeder.take(order[start : start + chunk], position.epoch + 1, start)
        with np.errstate(all="ignore"):  # a loss that overflows is reported below, once and in words
            loss, right = engine.advance(x, labels)
        check_sanity(engine, position.epoch + 1, loss / len(x), x, labels)
        position.seconds += perf_counter() - begin
        position.step, position.seen = engine.step, start + len(x)
        position.loss, position.right = position.loss + loss, position.right + right
        yield _report(position, len(order))
    return _report(position, len(order))


def _report(position: Position, images: int) -> Progress:
    loss, accuracy = position.loss / position.seen, position.right / position.seen
    return Progress(position.epoch + 1, position.seen, images, loss, accuracy, position.seconds)


def check_sanity(engine: Engine, epoch: int, loss: float, x: Array, labels: Labels) -> None:
    """Look at the weights, and at the mean loss of the rows x (m, inputs) that were just trained.

    Raises:
        DivergedError: One is infinite or not a number, or the loss far beyond that of guessing; the message says what
            to try.
    """
    network = engine.task.network
    if isfinite(loss) and loss <= EXPLODED * (1 + log(network.outputs)):
        if np.isfinite(network.theta).all():
            return
        symptom = "a weight is infinite or not a number"
    else:
        symptom = f"the loss is {loss:.4g}"
    with np.errstate(all="ignore"):
        norm = gradient_norm(network, engine.task.loss, x[: engine.task.batch_size], labels[: engine.task.batch_size])
    rate, start = engine.task.learning_rate(engine.step - 1), engine.task.optimizer.learning_rate
    raise DivergedError(
        f"training diverged in epoch {epoch}, by step {engine.step}: {symptom} at learning rate {rate:g}, "
        f"gradient norm {norm:.3g}. Try a smaller one: --learning-rate {min(start / 10, 0.1):g}"
    )


def gradient_norm(network: Network, loss: str, x: Array, labels: Labels) -> float:
    """‖dL/dθ‖ for the rows x (m, inputs), with dropout off."""
    workspace, gradient = network.allocate(len(x)), np.empty_like(network.theta)
    y = np.eye(network.outputs, dtype=network.dtype)[labels]
    output = output_loss(network.output_activation, loss)
    backpropagate(network, output, x, y, network.views(gradient), workspace)
    return float(np.linalg.norm(gradient))


class Feeder:
    """Turns rows of a data set into an engine's inputs, in the same buffers each time."""

    def __init__(self, data: Dataset, rows: int, network: Network, distortion: Distortion | None) -> None:
        self.images, self.labels = data.x_train, data.y_train.astype(np.intp)
        self.distortion = distortion
        self.pixels = np.empty((rows, *self.images.shape[1:]), self.images.dtype)
        self.x = np.empty((rows, network.inputs), network.dtype)

    def take(self, rows: Labels, epoch: int, position: int) -> tuple[Array, Labels]:
        """The images and labels of `rows`: (m, inputs) and (m,), valid until the next call.

        Args:
            rows: Numbers of the images.
            epoch: In which they are seen.
            position: Of the first of them in the epoch.
        """
        pixels, x = self.pixels[: len(rows)], self.x[: len(rows)]
        np.take(self.images, rows, axis=0, out=pixels, mode="clip")
        if self.distortion:
            self.distortion(pixels, epoch, position, x)
        else:
            scale_pixels(pixels, x)
        return x, self.labels[rows]


class Best:
    """The best epoch so far, by the metric of early stopping, otherwise by validation loss."""

    def __init__(self, recipe: Recipe, position: Position) -> None:
        """What was best is kept in `position`."""
        self.metric = recipe.early_stopping.metric if recipe.early_stopping else "val_loss"
        self.patience = recipe.early_stopping.patience if recipe.early_stopping else inf
        self.position = position

    def improves(self, val_loss: float | None, val_accuracy: float | None) -> bool:
        """Whether the epoch just over is better than all before; NaN never is; without validation the latest is."""
        at = self.position
        if val_loss is None or val_accuracy is None:
            at.best_epoch = at.epoch
            return True
        value = val_loss if self.metric == "val_loss" else -val_accuracy
        if not value < (inf if at.best_value is None else at.best_value):
            return False
        at.best_epoch, at.best_value = at.epoch, value
        return True

    def patience_is_over(self) -> bool:
        """Whether `patience` epochs have passed since the best."""
        return self.position.epoch - self.position.best_epoch >= self.patience
