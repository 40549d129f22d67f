"""Every optimizer against optax, and that each drives the loss of one batch to zero."""

from collections.abc import Callable
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.core.layers import Dense
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd, State
from tests import oracle
from tests.core.problems import Problem
from tests.core.witness import optax

STEPS, SIZE = 80, 7

REFERENCES: dict[str, list[tuple[Callable[[float], Optimizer], Callable[[Any], Any]]]] = {
    "sgd": [(lambda decay: Sgd(0.1, weight_decay=decay), optax.sgd)],
    "momentum": [
        (lambda decay: Momentum(0.1, 0.8, weight_decay=decay), lambda rate: optax.sgd(rate, 0.8)),
        (
            lambda decay: Momentum(0.1, 0.8, nesterov=True, weight_decay=decay),
            lambda rate: optax.sgd(rate, 0.8, nesterov=True),
        ),
    ],
    "rmsprop": [
        (
            lambda decay: RmsProp(0.1, 0.8, epsilon=1e-3, weight_decay=decay),
            lambda rate: optax.rmsprop(rate, 0.8, eps=1e-3, eps_in_sqrt=False),
        )
    ],
    "adam": [
        (
            lambda decay: Adam(0.1, 0.8, 0.95, epsilon=1e-3, weight_decay=decay),
            lambda rate: optax.adam(rate, 0.8, 0.95, eps=1e-3),
        )
    ],
    "adamw": [
        (
            lambda decay: AdamW(0.1, 0.8, 0.95, epsilon=1e-3, weight_decay=decay),
            lambda rate: optax.adamw(rate, 0.8, 0.95, eps=1e-3, weight_decay=0.0),
        )
    ],
}
"""Each optimizer, by its weight decay, and the same in optax, by its learning rate, without weight decay."""

CASES = [pytest.param(name, *pair, id=f"{name}-{i}") for name in OPTIMIZERS for i, pair in enumerate(REFERENCES[name])]


def rate_of(step: int) -> float:
    """A learning rate that changes from step to step."""
    return 0.1 / (1 + 0.05 * step)


def slope_of(theta: Array, step: int) -> Array:
    """The gradient at θ of some bowl, with noise; its coordinates differ by orders of magnitude."""
    noise = np.random.default_rng(step).normal(0, 1, SIZE)
    gradient: Array = np.logspace(-3, 1, SIZE) * (theta - 1) + 0.1 * noise
    return gradient


def fresh_state(optimizer: Optimizer, theta: Array) -> State:
    return {name: np.zeros_like(theta) for name in optimizer.state_names}


def walk(optimizer: Optimizer) -> list[Array]:
    theta = np.random.default_rng(99).normal(0, 1, SIZE)
    state = fresh_state(optimizer, theta)
    path: list[Array] = []
    for step in range(STEPS):
        optimizer.update(theta, slope_of(theta, step), state, rate_of(step), step + 1)
        path.append(theta.copy())
    return path


def walk_by_optax(optimizer: Any) -> list[Array]:
    theta: Any = np.random.default_rng(99).normal(0, 1, SIZE)
    state = optimizer.init(theta)
    path: list[Array] = []
    for step in range(STEPS):
        change, state = optimizer.update(slope_of(np.asarray(theta), step), state, theta)
        theta = np.asarray(optax.apply_updates(theta, change))
        path.append(theta)
    return path


@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize(("name", "ours", "theirs"), CASES)
def test_optax_takes_the_same_path(
    name: str, ours: Callable[[float], Optimizer], theirs: Callable[[Any], Any], decay: float
) -> None:
    reference = theirs(rate_of)
    if name == "adamw":
        reference = optax.adamw(rate_of, 0.8, 0.95, eps=1e-3, weight_decay=decay)
    elif decay:
        reference = optax.chain(optax.add_decayed_weights(decay), reference)
    np.testing.assert_allclose(walk(ours(decay)), walk_by_optax(reference), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("name", "ours", "theirs"), CASES)
def test_weight_decay_is_felt(name: str, ours: Callable[[float], Optimizer], theirs: Callable[[Any], Any]) -> None:
    assert np.abs(walk(ours(0.0))[-1] - walk(ours(0.05))[-1]).max() > 1e-3


def test_gradient_descent_is_equations_44_and_45() -> None:
    problem = Problem.random([Dense(4), Dense(3, "softmax")], 5, 1, "categorical_crossentropy")
    net, theta = oracle.Net.of(problem.network), problem.network.theta
    *_, dW, db = oracle.gradient(net, problem.loss, problem.x[0].tolist(), problem.y[0].tolist())
    oracle.descend(net, dW, db, 0.3)
    Sgd().update(theta, problem.gradient()[1], {}, 0.3, 1)
    np.testing.assert_allclose(theta, net.theta, rtol=1e-12)


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate() -> None:
    theta, slope = np.zeros(3), np.array([1e-4, -1.0, 1e4])
    adam = Adam(epsilon=1e-12)
    adam.update(theta, slope, fresh_state(adam, theta), 0.01, 1)
    np.testing.assert_allclose(theta, [-0.01, 0.01, -0.01], rtol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32_and_near_float64(name: str) -> None:
    ends = []
    for dtype in map(np.dtype, ("float32", "float64")):
        optimizer = OPTIMIZERS[name]()
        theta: Array = np.linspace(-1, 1, SIZE, dtype=dtype)
        state = fresh_state(optimizer, theta)
        for step in range(20):
            slope = slope_of(theta.astype(np.float64), step).astype(dtype)
            optimizer.update(theta, slope, state, 0.01, step + 1)
        assert {array.dtype for array in (theta, *state.values())} == {dtype}
        ends.append(theta)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_zero_moves_nothing_but_by_weight_decay(name: str) -> None:
    optimizer = OPTIMIZERS[name]()
    theta = np.ones(3)
    optimizer.update(theta, np.zeros(3), fresh_state(optimizer, theta), 0.1, 1)
    np.testing.assert_allclose(theta, 1 - 0.1 * optimizer.weight_decay, rtol=1e-15)


def losses_of(optimizer: Optimizer, problem: Problem, steps: int) -> list[float]:
    theta = problem.network.theta
    state = fresh_state(optimizer, theta)
    losses = []
    for step in range(steps):
        loss, gradient = problem.gradient()
        losses.append(loss)
        optimizer.update(theta, gradient, state, optimizer.learning_rate, step + 1)
    return losses


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_on_one_fixed_batch_drives_the_loss_to_zero(name: str, loss: str) -> None:
    problem = Problem.random([Dense(16, "tanh"), Dense(3, "softmax")], 20, 6, loss)
    problem.x[...] *= 3
    kind: Callable[..., Optimizer] = OPTIMIZERS[name]
    losses = losses_of(kind(learning_rate=0.2 if name == "sgd" else 0.05), problem, 1200)
    assert losses[0] > 0.1
    assert losses[-1] < 1e-3
    assert all(later < earlier for earlier, later in pairwise(losses[::300]))


def test_two_labels_for_one_image_leave_a_loss_that_no_training_takes_away() -> None:
    problem = Problem.random([Dense(8, "tanh"), Dense(2, "softmax")], 5, 2, "categorical_crossentropy")
    problem.x[1] = problem.x[0]
    problem.labels[...] = [0, 1]
    losses = losses_of(Sgd(0.5), problem, 1000)
    assert min(losses) >= log(2) * (1 - 1e-12)
    assert losses[-1] == pytest.approx(log(2))
