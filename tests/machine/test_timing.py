from functools import partial

import numpy as np
import pytest

from nnfang.machine.timing import product_speed, take_turns
from nnfang.training.benchmark import training_run
from nnfang.training.recipe import Recipe


def test_contenders_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    seconds = take_turns({name: partial(order.append, name) for name in "ab"}, 3)
    assert order == ["a", "b"] * 4
    assert [len(times) for times in seconds.values()] == [3, 3]
    assert min(min(times) for times in seconds.values()) > 0


def test_a_training_run_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = np.random.default_rng(0).random((64, 12), np.float32), np.arange(64) % 10
    name, run = training_run(Recipe(engine="batch", batch_size=16), x, labels)
    assert name == "batch"
    losses = [run()[0] for _ in range(5)]  # type: ignore[index]
    assert losses == sorted(losses, reverse=True)


def test_the_speed_of_a_product_is_operations_over_seconds() -> None:
    speed, _ = product_speed((64, 64, 64), 5)
    assert 1e6 < speed < 1e14
