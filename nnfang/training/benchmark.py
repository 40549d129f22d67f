"""One training step after another, without data set, events or files: what a benchmark times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnfang.core.network import Network
from nnfang.engines import Task, choose_engine

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Labels
    from nnfang.training.recipe import Recipe


def training_run(recipe: Recipe, x: Array, labels: Labels) -> tuple[str, Callable[[], object]]:
    """The name of the engine for `recipe`, and a function that trains once through the rows x (m, inputs).

    Raises:
        ValueError: The recipe's engine cannot run it.
    """
    network = Network.initialize(recipe.layers, x.shape[1], seed=recipe.seed, dtype=x.dtype)
    rate = recipe.optimizer.learning_rate
    task = Task(network, recipe.loss, recipe.optimizer, lambda _: rate, recipe.batch_size, recipe.seed)
    engine = choose_engine(recipe.engine, task)
    engine.prepare()
    return engine.name, lambda: engine.advance(x, labels)
