"""JAX, from the same start through the same samples in the same order, ends at the same weights."""

from collections.abc import Iterable
from copy import deepcopy
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


def compare(
    engines: Iterable[str], network: Network, loss: str, optimizer: Optimizer, theirs: Any, rows: Labels
) -> float:
    """Train in JAX and by each engine, a step with each row of `rows`; the largest difference of any weight."""
    x, labels = sample()
    expected, expected_loss = witness.train(network, loss, theirs, x, labels, rows)
    differences = []
    for engine in engines:
        ours = deepcopy(network)
        runner = ENGINES[engine](Task(ours, loss, optimizer, lambda _: optimizer.learning_rate, rows.shape[1]))
        value = sum(runner.advance(x[some.ravel()], labels[some.ravel()])[0] for some in np.array_split(rows, 10))
        assert value == pytest.approx(expected_loss, rel=1e-9)
        assert np.abs(ours.theta - network.theta).max() > 1e-3
        arrays = [array for pair in ours.parameters for array in pair]
        differences += [float(np.abs(one - other).max()) for one, other in zip(arrays, expected, strict=True)]
    return max(differences)


def order(steps: int, batch_size: int) -> Labels:
    """Which images each step takes."""
    return np.random.default_rng(0).integers(0, 4000, (steps, batch_size))


def test_a_thousand_steps_of_the_papers_training() -> None:
    network = Network.initialize(PAPER, 784, seed=1, dtype=np.float64)
    assert compare(ENGINES, network, CROSSENTROPY, Sgd(0.01), optax.sgd(0.01), order(1000, 1)) < 1e-10


def test_the_papers_training_with_mini_batches() -> None:
    network = Network.initialize(PAPER, 784, seed=1, dtype=np.float64)
    engines = ["batch", "compiled"]
    assert compare(engines, network, CROSSENTROPY, Sgd(0.1), optax.sgd(0.1), order(150, 32)) < 1e-10


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_hidden_activation(activation: str) -> None:
    layers = (Dense(24, activation), Dense(16, activation), Dense(10, "softmax"))
    network = Network.initialize(layers, 784, seed=1, dtype=np.float64)
    assert compare(ENGINES, network, CROSSENTROPY, Sgd(0.05), optax.sgd(0.05), order(200, 1)) < 1e-10


@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_every_loss_and_output(loss: str, output: str) -> None:
    network = Network.initialize((Dense(24, "tanh"), Dense(10, output)), 784, seed=1, dtype=np.float64)
    assert compare(("batch", "online"), network, loss, Sgd(0.05), optax.sgd(0.05), order(200, 1)) < 1e-10


@pytest.mark.parametrize(
    ("optimizer", "theirs"),
    [
        (Momentum(0.02, weight_decay=1e-3), optax.chain(optax.add_decayed_weights(1e-3), optax.sgd(0.02, 0.9))),
        (Adam(0.001, epsilon=1e-4), optax.adam(0.001, eps=1e-4)),
    ],
)
def test_optimizers_with_a_state(optimizer: Optimizer, theirs: Any) -> None:
    network = Network.initialize((Dense(24), Dense(10, "softmax")), 784, seed=1, dtype=np.float64)
    assert compare(["batch"], network, CROSSENTROPY, optimizer, theirs, order(200, 16)) < 1e-10
