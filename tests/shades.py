"""A data set of a moment: squares, dark, grey or light; a recipe for it, and what a checkpoint says of a run on it."""

from datetime import datetime

import numpy as np

from nnfang.core.layers import Dense
from nnfang.core.optimizers import Momentum
from nnfang.data import Dataset
from nnfang.runs.meta import Meta, describe_training
from nnfang.training.recipe import Recipe

NOW = datetime(2024, 2, 29, 13, 5, 9)
RECIPE = Recipe(
    layers=(Dense(4, "tanh"), Dense(3, "softmax")),
    optimizer=Momentum(0.3),
    batch_size=8,
    epochs=6,
    validation_split=0.3,
)


def make_shades(images: int, side: int) -> Dataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, images).astype(np.uint8)
    pixels = (labels[:, None, None] * 70 + rng.integers(0, 110, (images, side, side))).astype(np.uint8)
    return Dataset("shades", pixels, labels, pixels[:9], labels[:9], ("dark", "grey", "light"), "plain", "this test")


def describe(recipe: Recipe, data: Dataset) -> Meta:
    return describe_training(recipe, data, engine="batch", environment={})
