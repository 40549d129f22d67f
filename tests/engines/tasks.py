"""Tasks for engines, and the naive loop to compare with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense, Layer
from nnfang.core.network import Network
from nnfang.core.optimizers import Optimizer, Sgd
from nnfang.engines import Task
from tests.core.problems import random_network, random_rows

INPUTS, CLASSES = 6, 4


def constant_rate(_: int) -> float:
    """α of every step."""
    return 0.03


def varying_rate(step: int) -> float:
    """α that falls, and is 0 in the first step and in some others, as during a warm-up."""
    return 0.0 if step % 50 == 0 else 0.05 / (1 + step / 500)


@dataclass(frozen=True)
class Case:
    """What is trained; `task` makes a fresh network each time, the same each time."""

    layers: Sequence[Layer]
    loss: str = "categorical_crossentropy"
    optimizer: Optimizer = field(default_factory=Sgd)
    rate: Callable[[int], float] = constant_rate
    batch_size: int = 1
    seed: int = 0

    def task(self, dtype: npt.DTypeLike = np.float64) -> Task:
        """The task, from the start."""
        network = random_network(self.layers, INPUTS)
        network = Network(network.layers, INPUTS, network.theta.astype(dtype))
        return Task(network, self.loss, self.optimizer, self.rate, self.batch_size, self.seed)


def samples(rows: int) -> tuple[Array, Labels]:
    """Images with a rule behind their labels, so that there is something to learn."""
    x, _ = random_rows(rows, INPUTS, CLASSES)
    scores = x @ np.random.default_rng(1).normal(0, 1, (INPUTS, CLASSES))
    return x, np.argmax(scores, axis=1)


def dense(*units: int, activation: str = "tanh", output: str = "softmax") -> tuple[Dense, ...]:
    """Hidden layers of `units`, and the output layer."""
    return *(Dense(n, activation) for n in units), Dense(CLASSES, output)
