"""How fast this computer trains: one step after another, without events or files."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.arrays import Images, scale_pixels
from nnfang.core.network import Network
from nnfang.engines import Task, choose_engine, list_available
from nnfang.machine.timing import take_turns
from nnfang.training.batches import measure_density
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.core.arrays import Labels
    from nnfang.data import Dataset

IMAGES, EPOCH = 2048, 60_000
"""Images that are timed, and those of the epoch that the result is for."""

ROUNDS = 5
CASES = (
    ("online", 1),
    *(("batch", size) for size in (8, 32, 128, 512)),
    *(("compiled", size) for size in (1, 8, 32, 128, 512)),
)


def time_engines(data: Dataset) -> list[dict[str, Any]]:
    """Time each engine that can run here on the paper's network, at several batch sizes.

    Args:
        data: Images of 28x28 in ten classes, `IMAGES` or more.

    Returns:
        For each case engine, batch_size, seconds (per epoch of 60,000 images) and images_per_second.
    """
    pixels, labels = data.x_train[:IMAGES].reshape(IMAGES, -1).copy(), data.y_train[:IMAGES].astype(np.intp)
    available = list_available()
    runs = {
        (engine, size): training_run(replace(Recipe(), engine=engine, batch_size=size), pixels, labels)[1]
        for engine, size in CASES
        if engine in available
    }
    return [
        {
            "engine": engine,
            "batch_size": size,
            "seconds": median(seconds) * EPOCH / IMAGES,
            "images_per_second": IMAGES / median(seconds),
        }
        for (engine, size), seconds in take_turns(runs, ROUNDS).items()
    ]


def training_run(recipe: Recipe, images: Images, labels: Labels) -> tuple[str, Callable[[], object]]:
    """The name of the engine for `recipe`, and a function that trains once through rows of images (m, inputs).

    Raises:
        FieldError: The recipe's engine cannot run it.
    """
    network = Network.initialize(recipe.layers, images.shape[1], seed=recipe.seed, dtype=recipe.dtype)
    rate = recipe.optimizer.learning_rate
    kind = images.dtype == np.uint8, measure_density(images)
    task = Task(network, recipe.loss, recipe.optimizer, lambda _: rate, recipe.batch_size, recipe.seed, *kind)
    engine = choose_engine(recipe.engine, task)
    engine.prepare()
    x = images
    if engine.inputs_dtype != images.dtype:
        floats = np.empty(images.shape, recipe.dtype)
        scale_pixels(images, floats)
        x = floats
    return engine.name, lambda: engine.advance(x, labels)
