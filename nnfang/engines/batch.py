"""The reference: any network, loss and optimizer at any batch size, by calling the equations of `nnfang.core`."""

from typing import ClassVar

import numpy as np

from nnfang.core.arrays import Array, Labels
from nnfang.core.backprop import loss_and_gradient
from nnfang.core.layers import Dropout
from nnfang.core.losses import output_error
from nnfang.core.network import Trace, cut
from nnfang.core.randomness import Purpose, generator
from nnfang.engines.engine import Task


class BatchEngine:
    """Calls `loss_and_gradient` and the optimizer once a step. All arrays are made first, none in the loop."""

    name: ClassVar[str] = "batch"

    def __init__(self, task: Task) -> None:
        network, rows = task.network, task.batch_size
        self.task = task
        self.step = 0
        self.state = {name: np.zeros_like(network.theta) for name in task.optimizer.state_names}
        self._error = output_error(network.output_activation, task.loss)
        self._draws = any(isinstance(layer, Dropout) for layer in network.layers)
        self._gradient = np.empty_like(network.theta)
        self._gradients = network.views(self._gradient)
        self._work = np.empty_like(network.theta)
        self._trace = network.trace(rows)
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._y = np.empty((rows, network.outputs), network.dtype)
        self._guess = np.empty(rows, np.intp)
        self._right = np.empty(rows, np.bool_)

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        size, trace = self.task.batch_size, self._trace
        loss, right = 0.0, 0
        for start in range(0, len(x), size):
            rows = x[start : start + size]
            if len(rows) < size:
                trace = cut(self._trace, len(rows))
            loss += len(rows) * self._take_step(rows, labels[start : start + size], trace)
            right += self._count_right(trace[-1].a, labels[start : start + size])
        return loss, right

    def _take_step(self, x: Array, labels: Labels, trace: Trace) -> float:
        """Algorithm 1 for one mini-batch, with the update of eq. 44 and 45 in the hands of the optimizer."""
        task, y = self.task, self._y[: len(x)]
        np.take(self._one_hot, labels, axis=0, out=y, mode="clip")  # "raise" would make a copy
        rng = generator(task.seed, Purpose.DROPOUT, self.step) if self._draws else None
        loss = loss_and_gradient(task.network, self._error, x, y, self._gradients, trace, rng)
        learning_rate = task.learning_rate(self.step)
        self.step += 1
        task.optimizer.update(task.network.theta, self._gradient, self.state, learning_rate, self.step, self._work)
        return loss

    def _count_right(self, y_hat: Array, labels: Labels) -> int:
        """How many rows have their largest output at their label."""
        guess, right = self._guess[: len(y_hat)], self._right[: len(y_hat)]
        np.argmax(y_hat, axis=1, out=guess)
        np.equal(guess, labels, out=right)
        return int(np.count_nonzero(right))
