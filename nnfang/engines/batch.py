"""The reference: any network, loss and optimizer at any batch size, by calling the equations of `nnfang.core`."""

from typing import ClassVar, NamedTuple

import numpy as np

from nnfang.core.arrays import Array, Labels, aligned_empty
from nnfang.core.backprop import backpropagate
from nnfang.core.layers import Dropout
from nnfang.core.losses import output_error
from nnfang.core.network import Trace, cut
from nnfang.core.optimizers import State
from nnfang.core.randomness import Purpose, generator
from nnfang.engines.engine import ReadyEngine, Task
from nnfang.engines.tally import TALLY_ROWS, Tally


class Part(NamedTuple):
    """Some parameters, with what belongs to them: views of θ, of the gradient and of the optimizer's vectors."""

    theta: Array
    gradient: Array
    state: State


UPDATED = 65_536
"""Parameters that the optimizer updates at a time: its passes over them then find them in the cache."""


class BatchEngine(ReadyEngine):
    """Calls `backpropagate` and the optimizer once a step. All arrays are made first, none in the loop."""

    name: ClassVar[str] = "batch"

    def __init__(self, task: Task) -> None:
        network, rows = task.network, task.batch_size
        self.task = task
        self.step = 0
        self.state = {name: np.zeros_like(network.theta) for name in task.optimizer.state_names}
        self._error = output_error(network.output_activation, task.loss)
        self._draws = any(isinstance(layer, Dropout) for layer in network.layers)
        self._gradient = aligned_empty(network.theta.shape, network.dtype)
        self._gradients = network.views(self._gradient)
        parts = [slice(start, start + UPDATED) for start in range(0, network.theta.size, UPDATED)]
        self._parts = [
            Part(network.theta[part], self._gradient[part], {name: v[part] for name, v in self.state.items()})
            for part in parts
        ]
        self._work = np.empty_like(self._parts[0].theta)
        self._trace = network.trace(rows)
        self._block = max(TALLY_ROWS // rows, 1) * rows
        self._tally = Tally(self._error, network.layers[-1].trace(self._block, network.widths[-2], network.dtype))

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        loss, right = 0.0, 0
        for start in range(0, len(x), self._block):
            block_loss, block_right = self._train_block(
                x[start : start + self._block], labels[start : start + self._block]
            )
            loss += block_loss
            right += block_right
        return loss, right

    def _train_block(self, x: Array, labels: Labels) -> tuple[float, int]:
        """Some whole mini-batches, of which the last may be short.  Returns their loss and right answers."""
        size, trace, tally = self.task.batch_size, self._trace, self._tally
        tally.expect(labels)
        for start in range(0, len(x), size):
            rows = x[start : start + size]
            if len(rows) < size:
                trace = cut(self._trace, len(rows))
            self._take_step(rows, tally.y[start : start + len(rows)], trace)
            tally.z[start : start + len(rows)] = trace[-1].z
        return tally.count(labels)

    def _take_step(self, x: Array, y: Array, trace: Trace) -> None:
        """Algorithm 1 for one mini-batch, with the update of eq. 44 and 45 in the hands of the optimizer."""
        task, learning_rate = self.task, self.task.learning_rate(self.step)
        rng = generator(task.seed, Purpose.DROPOUT, self.step) if self._draws else None
        factor = task.optimizer.factor(learning_rate)
        backpropagate(task.network, self._error, x, y, self._gradients, trace, rng, factor)
        self.step += 1
        for theta, gradient, state in self._parts:
            task.optimizer.update(theta, gradient, state, learning_rate, self.step, self._work[: theta.size])
