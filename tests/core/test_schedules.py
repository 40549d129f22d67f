"""Schedules, against optax and the closed formulas."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from nnfang.core.schedules import SCHEDULES, Constant, Cosine, Exponential, Linear, Schedule, Step
from tests.core.witness import optax

EPOCHS, STEPS_PER_EPOCH = 12, 10
STEPS = EPOCHS * STEPS_PER_EPOCH
WARMUPS = (0, 2.5)


def reference(name: str, warmup: float) -> tuple[Schedule, Callable[[int], Any]]:
    """A schedule and the same in optax, which counts steps."""
    rise = round(warmup * STEPS_PER_EPOCH)
    fall = STEPS - rise
    schedule, course = {
        "constant": (Constant(warmup), optax.constant_schedule(1.0)),
        "step": (
            Step(warmup, every=3.0, drop=0.5),
            optax.exponential_decay(1.0, 3 * STEPS_PER_EPOCH, 0.5, staircase=True),
        ),
        "exponential": (Exponential(warmup, decay=0.8), optax.exponential_decay(1.0, STEPS_PER_EPOCH, 0.8)),
        "cosine": (Cosine(warmup, end=0.1), optax.cosine_decay_schedule(1.0, fall, alpha=0.1)),
        "linear": (Linear(warmup, end=0.1), optax.linear_schedule(1.0, 0.1, fall)),
    }[name]
    start = optax.linear_schedule(0.0, 1.0, max(rise, 1))
    return schedule, optax.join_schedules([start, course], [rise])


@pytest.mark.parametrize("warmup", WARMUPS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_optax_agrees_at_every_step(name: str, warmup: float) -> None:
    schedule, expected = reference(name, warmup)
    factors = [schedule.factor(step / STEPS_PER_EPOCH, EPOCHS) for step in range(STEPS)]
    np.testing.assert_allclose(factors, [float(expected(step)) for step in range(STEPS)], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_begins_at_1_and_stays_within_0_and_1(name: str) -> None:
    schedule = SCHEDULES[name]()
    assert schedule.factor(0, EPOCHS) == 1
    factors = [schedule.factor(epoch, EPOCHS) for epoch in np.linspace(0, EPOCHS, 1000, endpoint=False).tolist()]
    assert all(isinstance(factor, float) and 0 <= factor <= 1 for factor in factors)
    assert factors == sorted(factors, reverse=True)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_begins_with_the_same_straight_rise(name: str) -> None:
    schedule, _ = reference(name, 2.5)
    assert [schedule.factor(epoch, EPOCHS) for epoch in (0, 0.5, 1.25, 2.5)] == [0, 0.2, 0.5, 1]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rise_as_long_as_the_training_or_longer_is_all_there_is(name: str) -> None:
    kind: Callable[..., Schedule] = SCHEDULES[name]
    for warmup in (12.0, 100.0):
        assert kind(warmup=warmup).factor(11.9, EPOCHS) == 11.9 / warmup


CLOSED: list[tuple[Schedule, list[tuple[float, float]]]] = [
    (Constant(), [(0, 1), (11.9, 1)]),
    (Step(every=3, drop=0.5), [(2.999, 1), (3, 0.5), (5.999, 0.5), (6, 0.25), (9, 0.125)]),
    (Exponential(decay=0.81), [(0, 1), (0.5, 0.9), (1, 0.81), (2, 0.6561)]),
    (Cosine(end=0.2), [(0, 1), (6, 0.6), (4, 0.8), (8, 0.4), (12, 0.2)]),
    (Linear(end=0.4), [(0, 1), (6, 0.7), (12, 0.4)]),
]


@pytest.mark.parametrize(("schedule", "points"), CLOSED)
def test_a_schedule_passes_through_the_points_of_its_formula(
    schedule: Schedule, points: list[tuple[float, float]]
) -> None:
    assert [schedule.factor(epoch, EPOCHS) for epoch, _ in points] == pytest.approx([y for _, y in points], rel=1e-12)


REFUSED: list[tuple[type[Schedule], dict[str, float], str]] = [
    (Constant, {"warmup": -1}, "warmup: found -1, expected a number >= 0"),
    (Constant, {"warmup": inf}, "warmup: found inf, expected a number >= 0"),
    (Step, {"every": 0}, "every: found 0, expected a number > 0"),
    (Step, {"drop": 1.5}, "drop: found 1.5, expected a number > 0 and <= 1"),
    (Exponential, {"decay": 0}, "decay: found 0, expected a number > 0 and <= 1"),
    (Cosine, {"end": nan}, "end: found nan, expected a number >= 0 and <= 1"),
    (Linear, {"end": -0.1}, "end: found -0.1, expected a number >= 0 and <= 1"),
]


@pytest.mark.parametrize(("kind", "fields", "message"), REFUSED)
def test_a_schedule_out_of_its_bounds_is_refused(kind: type[Schedule], fields: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        kind(**fields)
