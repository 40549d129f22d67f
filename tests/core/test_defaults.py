"""The defaults that the documentation promises, value by value: a run depends on each of them."""

from dataclasses import asdict
from typing import Any

import pytest

from nnfang.core.constraints import LONGEST, shorten
from nnfang.core.layers import Dense
from nnfang.core.optimizers import OPTIMIZERS
from nnfang.core.schedules import SCHEDULES

DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.01, "weight_decay": 0},
    "momentum": {"learning_rate": 0.01, "momentum": 0.9, "nesterov": False, "weight_decay": 0},
    "rmsprop": {"learning_rate": 0.001, "decay": 0.9, "epsilon": 1e-8, "weight_decay": 0},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0},
    "adamw": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_has_these_defaults(name: str) -> None:
    optimizer: Any = OPTIMIZERS[name]()
    assert asdict(optimizer) == DEFAULTS[name]


SCHEDULE_DEFAULTS: dict[str, dict[str, Any]] = {
    "constant": {"warmup": 0},
    "step": {"warmup": 0, "every": 10, "drop": 0.1},
    "exponential": {"warmup": 0, "decay": 0.95},
    "cosine": {"warmup": 0, "end": 0},
    "linear": {"warmup": 0, "end": 0},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_has_these_defaults(name: str) -> None:
    schedule: Any = SCHEDULES[name]()
    assert asdict(schedule) == SCHEDULE_DEFAULTS[name]


def test_a_layer_has_these_defaults() -> None:
    assert asdict(Dense(3)) == {"units": 3, "activation": "relu", "initializer": "glorot_uniform"}


def test_a_text_of_exactly_the_longest_length_is_shown_whole() -> None:
    assert LONGEST == 60
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 61) == f"{'x' * 57}..."
