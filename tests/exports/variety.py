"""Networks of every kind, each with biases that are not zero, as they are exported."""

from dataclasses import replace

import numpy as np

from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.runs.checkpoint import Checkpoint
from nnfang.training.recipe import Recipe
from tests.core.problems import HIDDEN
from tests.shades import describe

PAPER = Recipe()
LINEAR_END = Recipe(
    layers=(Dense(6, "tanh"), Dense(3, "linear")), loss="mean_squared_error", dtype="float64", batch_size=8
)
NAMES = ('a "cat"', "<b>", "Ж\n猫", "", "0", "5", "6", "7", "8", "9")

VARIETY: dict[str, tuple[Recipe, tuple[int, ...], tuple[str, ...]]] = {
    "paper": (PAPER, (28, 28), tuple("0123456789")),
    **{
        f"{activation} {dtype}": (
            Recipe(layers=(Dense(7, activation), Dense(5, activation), Dense(3, "softmax")), dtype=dtype),
            (4, 5),
            ("x", "y", "z"),
        )
        for activation in HIDDEN
        for dtype in ("float32", "float64")
    },
    "dropout": (
        Recipe(layers=(Dropout(0.1), Dense(7), Dropout(0.5), Dropout(0.2), Dense(3, "softmax"))),
        (9, 2),
        ("x", "y", "z"),
    ),
    "output alone": (Recipe(layers=(Dense(10, "softmax"),)), (3, 3), NAMES),
    "features": (Recipe(layers=(Dense(7), Dense(10, "softmax"))), (12,), NAMES),
    "scores": (LINEAR_END, (12,), ("x", "y", "z")),
    "scores of pictures": (replace(LINEAR_END, dtype="float32"), (5, 4), ("x", "y", "z")),
}
"""What is exported: recipe, shape of the inputs, names of the classes."""


def make_checkpoint(kind: str) -> Checkpoint:
    """A network of one of these kinds, exported without its origin."""
    recipe, shape, names = VARIETY[kind]
    images = make_images(30, shape)
    labels = np.arange(30) % len(names)
    data = Dataset("mine", images, labels, images, labels, names)
    network = Network.for_recipe(recipe, data)
    rng = np.random.default_rng(1)
    network.theta[...] += rng.normal(0, 0.2, network.theta.shape).astype(network.dtype)
    return Checkpoint(network, recipe, describe(recipe, data), {}).for_inference()


def make_images(count: int, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Bytes at random, black and white among them."""
    images = np.random.default_rng(2).integers(0, 256, (count, *shape), dtype=np.uint8)
    images[0], images[1] = 0, 255
    return images
