"""The fast updates are the textbook's, for every optimizer."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.core.optimizers import OPTIMIZERS, Momentum, Optimizer, State
from nnfang.engines import BatchEngine
from nnfang.engines.updates import UPDATES, TextbookUpdate, update_for
from tests.engines.tasks import Case, constant_rate, dense, samples

SIZE, STEPS = 50, 60

VARIANTS: dict[str, list[Optimizer]] = {
    **{name: [kind()] for name, kind in OPTIMIZERS.items()},
    "momentum": [Momentum(), Momentum(nesterov=True)],
}
CASES = [
    pytest.param(optimizer, decay, id=f"{name}-{i}-{decay}")
    for name in OPTIMIZERS
    for i, optimizer in enumerate(VARIANTS[name])
    for decay in (0.0, 0.03)
]


@pytest.mark.parametrize(("optimizer", "decay"), CASES)
def test_a_fast_update_is_the_textbooks_to_rounding(optimizer: Optimizer, decay: float) -> None:
    optimizer = replace(optimizer, weight_decay=decay)  # type: ignore[type-var]
    fast, rng = update_for(optimizer), np.random.default_rng(0)
    theta = rng.normal(0, 1, SIZE)
    state: State = {name: np.zeros(SIZE) for name in optimizer.state_names}
    start, fast_theta, fast_state = theta.copy(), theta.copy(), deepcopy(state)
    for t in range(1, STEPS + 1):
        rate, gradient = 0.02 / (1 + 0.05 * t), rng.normal(0, 1, SIZE) * np.logspace(-3, 1, SIZE)
        scaled = gradient * fast.gradient_scale(rate)
        optimizer.update(theta, gradient, state, rate, t)
        fast.apply(fast_theta, scaled, fast_state, rate, t, np.full(SIZE, np.nan))
        np.testing.assert_allclose(fast_theta, theta, rtol=1e-12, atol=1e-14)
        for name, vector in state.items():
            np.testing.assert_allclose(fast_state[name], vector, rtol=1e-12, atol=1e-14)
    assert (theta != start).all()


def test_a_fast_update_is_that_of_a_registered_optimizer() -> None:
    assert UPDATES
    assert set(UPDATES) <= set(OPTIMIZERS.values())


@dataclass(frozen=True)
class SignDescent:
    """θ := θ - α sign(v), v := v + g: an optimizer of which the engines know nothing."""

    state_names: ClassVar[tuple[str, ...]] = ("sum",)

    learning_rate: float = 0.01
    weight_decay: float = 0.0

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, t: int) -> None:
        state["sum"] += gradient
        theta -= learning_rate * np.sign(state["sum"])


def test_an_optimizer_without_a_fast_update_is_run_by_its_own() -> None:
    case = Case(dense(5), optimizer=SignDescent(), rate=constant_rate, batch_size=4)
    assert isinstance(update_for(case.optimizer), TextbookUpdate)
    engine, start = BatchEngine(case.task()), case.task().network.theta
    engine.advance(*samples(4))
    np.testing.assert_allclose(np.abs(engine.task.network.theta - start), constant_rate(0), rtol=1e-12)
    engine.advance(*samples(40))
    assert engine.step == 11
    assert engine.state["sum"].all()
