"""JAX, from the same start through the same samples in the same order, ends at the same weights."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, Momentum, Optimizer, Sgd
from nnfang.data import load
from nnfang.engines import ENGINES, Task
from tests.core import witness
from tests.core.problems import HIDDEN, OUTPUTS
from tests.core.witness import optax

PAPER = (Dense(128), Dense(64), Dense(10, "softmax"))
CROSSENTROPY = "categorical_crossentropy"


@cache
def sample() -> tuple[Array, Labels]:
    """The bundled images, in float64."""
    data = load("mnist-sample")
    return data.x_train[:4000].reshape(4000, -1) / 255, data.y_train[:4000].astype(np.intp)


def compare(engine: str, network: Network, loss: str, optimizer: Optimizer, theirs: Any, rows: Labels) -> float:
    """Train both for a step with each row of `rows`; the largest difference of any weight."""
    x, labels = sample()
    expected, expected_loss = witness.train(network, loss, theirs, x, labels, rows)
    start = network.theta.copy()
    runner = ENGINES[engine](Task(network, loss, optimizer, lambda _: optimizer.learning_rate, rows.shape[1]))
    value = sum(runner.advance(x[some.ravel()], labels[some.ravel()])[0] for some in np.array_split(rows, 10))
    assert value == pytest.approx(expected_loss, rel=1e-9)
    ours = [array for pair in network.parameters for array in pair]
    assert np.abs(network.theta - start).max() > 1e-3
    return max(float(np.abs(one - other).max()) for one, other in zip(ours, expected, strict=True))


def order(steps: int, batch_size: int) -> Labels:
    """Which images each step takes."""
    return np.random.default_rng(0).integers(0, 4000, (steps, batch_size))


@pytest.mark.parametrize(
    ("engine", "batch_size"), [(name, size) for name in ENGINES for size in (1, 32) if (name, size) != ("online", 32)]
)
def test_a_thousand_steps_of_the_papers_training(engine: str, batch_size: int) -> None:
    network = Network.initialize(PAPER, 784, seed=1, dtype=np.float64)
    rate = 0.01 if batch_size == 1 else 0.1
    assert compare(engine, network, CROSSENTROPY, Sgd(rate), optax.sgd(rate), order(1000, batch_size)) < 1e-10


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_hidden_activation(activation: str) -> None:
    layers = (Dense(24, activation), Dense(16, activation), Dense(10, "softmax"))
    for engine in ENGINES:
        network = Network.initialize(layers, 784, seed=1, dtype=np.float64)
        assert compare(engine, network, CROSSENTROPY, Sgd(0.05), optax.sgd(0.05), order(200, 1)) < 1e-10


@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_every_loss_and_output(loss: str, output: str) -> None:
    for engine in ("batch", "online"):
        network = Network.initialize((Dense(24, "tanh"), Dense(10, output)), 784, seed=1, dtype=np.float64)
        assert compare(engine, network, loss, Sgd(0.05), optax.sgd(0.05), order(200, 1)) < 1e-10


@pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        (Momentum(0.02, weight_decay=1e-3), optax.chain(optax.add_decayed_weights(1e-3), optax.sgd(0.02, 0.9))),
        (Adam(0.001, epsilon=1e-4), optax.adam(0.001, eps=1e-4)),
    ],
)
def test_optimizers_with_a_state(optimizer: Optimizer, theirs: Any) -> None:
    network = Network.initialize((Dense(24), Dense(10, "softmax")), 784, seed=1, dtype=np.float64)
    assert compare("batch", network, CROSSENTROPY, optimizer, theirs, order(200, 16)) < 1e-10
