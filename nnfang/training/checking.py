"""All that can be checked of a recipe: its network's gradients, its optimizer's step, and the engine that trains."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.arrays import scale_pixels
from nnfang.core.network import Network
from nnfang.core.optimizers import OPTIMIZERS
from nnfang.core.randomness import Purpose, generator
from nnfang.training.batches import split_rows
from nnfang.training.compatibility import check_compatible
from nnfang.training.derivatives import Row, check_gradients, largest
from nnfang.training.loop import LearningRate
from nnfang.training.steps import ENGINE_STEPS, MOST_ROWS, Batches, StepRow, check_engine, check_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.core.arrays import Array, Labels
    from nnfang.training.examples import Examples
    from nnfang.training.recipe import Recipe

IMAGES = 8
"""Of the batch whose loss is differentiated: more than one, so that the mean over them is checked too."""

DRAWN, DENSITY = 100, 0.2
"""Images that are drawn where there are none, and the fraction of their pixels that is not 0, as in MNIST."""


@dataclass(frozen=True)
class DrawnImages:
    """Images of noise, for a network whose own are not at hand; see `nnfang.training.examples.Examples`."""

    name: str
    x_train: Array
    y_train: Labels
    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        network: Whose gradients were checked, in float64.
        images: How many the loss is the mean of.
        rows: The gradients, in the order of the backward pass.
        steps: The optimizer, then the engine.
    """

    network: Network
    images: int
    rows: list[Row]
    steps: list[StepRow]

    @property
    def is_right(self) -> bool:
        """Whether every error is within its tolerance."""
        return all(row.is_right for row in self.rows) and all(row.is_right for row in self.steps)

    @property
    def largest(self) -> float:
        """The largest relative error of all."""
        errors = [error for row in self.rows for error in (row.differences, row.complex_step) if error is not None]
        return largest(errors + [row.error for row in self.steps])


def draw_images(shape: tuple[int, ...], classes: int, seed: int) -> DrawnImages:
    """Images (h, w) and labels, from the seed."""
    rng = generator(seed, Purpose.CHECK, 0)
    x = rng.random((DRAWN, *shape)) * (rng.random((DRAWN, *shape)) < DENSITY)
    names = tuple(map(str, range(classes)))
    return DrawnImages("noise drawn from the seed", x, rng.integers(0, classes, DRAWN), names, shape)


def check_recipe(network: Network, data: Examples, recipe: Recipe, tell: Callable[[str], None] | None = None) -> Check:
    """Check the derivatives of a network, and the steps by which a recipe would train it.

    Args:
        network: As it is; it is copied, in float64, and stays so.
        data: Some of its training images are used, which the seed chooses; they are not distorted.
        recipe: Its layers and dtype are those of the network. Batches are cut to 32 images.
        tell: Is told what takes a while, such as compiling an engine.

    Raises:
        FieldError: Recipe, data set and network do not fit together, or the engine cannot run the recipe.
    """
    check_compatible(recipe, data, network)
    exact = Network(network.layers, network.inputs, network.theta.astype(np.float64))
    size = min(recipe.batch_size, MOST_ROWS)
    x, labels = choose_images(data, recipe, max(IMAGES, ENGINE_STEPS * size))
    y = np.eye(exact.outputs)[labels[:IMAGES]]
    rows = list(check_gradients(exact, recipe.loss, x[:IMAGES], y, recipe.seed))
    used = ENGINE_STEPS * size
    batches = Batches(exact, recipe.loss, x[:used], labels[:used], size, recipe.seed)
    epochs = max(recipe.epochs, 1)
    # A step is as long as an epoch where that fits, so that the schedule moves.
    rate = LearningRate(recipe.optimizer.learning_rate, recipe.schedule, -(-ENGINE_STEPS // epochs), epochs)
    name = next(name for name, kind in OPTIMIZERS.items() if kind is type(recipe.optimizer))
    steps = [
        check_optimizer(batches, recipe.optimizer, name),
        check_engine(batches, recipe.optimizer, rate, recipe.engine, tell),
    ]
    return Check(exact, IMAGES, rows, steps)


def choose_images(data: Examples, recipe: Recipe, number: int) -> tuple[Array, Labels]:
    """Training images as rows of float64, and their labels; where there are fewer, some come again."""
    rows, _ = split_rows(len(data.y_train), recipe)
    chosen = np.resize(generator(recipe.seed, Purpose.CHECK, 0).permutation(rows), number)
    x = np.empty((number, prod(data.input_shape)))
    scale_pixels(data.x_train[chosen], x)
    return x, data.y_train[chosen].astype(np.intp)
