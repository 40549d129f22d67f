"""A recipe is right or does not exist."""

import re
from typing import Any

import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import Adam
from nnfang.training.recipe import EarlyStopping, Recipe

SOFTMAX = Dense(10, "softmax")
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"batch_size": 0}, "batch_size: found 0, expected an integer >= 1"),
    ({"epochs": -1}, "epochs: found -1, expected an integer >= 0"),
    ({"validation_split": 1.0}, "validation_split: found 1.0, expected a number >= 0 and < 1"),
    ({"validation_split": float("nan")}, "validation_split: found nan, expected a number >= 0 and < 1"),
    ({"limit": 0}, "limit: found 0, expected an integer >= 1 or null"),
    ({"seed": -1}, "seed: found -1, expected an integer >= 0"),
    ({"dtype": "float16"}, "dtype: found 'float16', expected one of float32, float64"),
    ({"engine": "gpu"}, "engine: found 'gpu', expected one of auto, batch, online, compiled"),
    ({"loss": "mse"}, f"loss: found 'mse', expected one of {', '.join(LOSSES)}"),
    ({"layers": ()}, "layers: a network needs at least one layer"),
    ({"layers": (SOFTMAX, Dropout())}, "layers[1]: the last layer must be dense, with one unit per class"),
    ({"layers": (SOFTMAX, SOFTMAX)}, "layers[0].activation: softmax is for the last layer only"),
    (
        {"layers": (Dense(5), Dense(10, "sigmoid"))},
        "layers[1].activation: categorical_crossentropy needs an output layer with activation softmax, found sigmoid",
    ),
    (
        {"early_stopping": EarlyStopping(), "validation_split": 0},
        "early_stopping: there are no validation images to watch, because validation_split is 0",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_a_contradiction_is_said_with_the_path_of_the_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Recipe(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"patience": 0}, "patience: found 0, expected an integer >= 1"),
        ({"metric": "loss"}, "metric: found 'loss', expected one of val_loss, val_accuracy or null"),
    ],
)
def test_early_stopping_checks_its_fields(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        EarlyStopping(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"validation_split": 0},
        {"limit": 1},
        {"layers": (SOFTMAX,)},
        {"layers": (Dropout(0.5), SOFTMAX), "optimizer": Adam()},
        {"layers": (Dense(3, "linear"),), "loss": "mean_squared_error"},
        {"early_stopping": EarlyStopping(1, "val_accuracy")},
    ],
)
def test_what_can_be_trained_is_allowed_and_equal_to_its_like(changes: dict[str, Any]) -> None:
    assert Recipe(**changes) == Recipe(**changes)
    assert hash(Recipe(**changes)) == hash(Recipe(**changes))
    assert Recipe(**changes) != Recipe()
