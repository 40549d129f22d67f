"""The reference: any network, loss and optimizer at any batch size, by calling the equations of `nnfang.core`."""

from typing import ClassVar, NamedTuple

import numpy as np

from nnfang.core.arrays import Array, Labels, aligned_empty
from nnfang.core.backprop import backward, forward
from nnfang.core.layers import Dropout
from nnfang.core.losses import SoftmaxCrossentropy, output_loss
from nnfang.core.optimizers import State
from nnfang.core.randomness import Purpose, generator
from nnfang.core.workspace import LayerWorkspace, Workspace, head
from nnfang.engines.engine import Engine, Task
from nnfang.engines.layout import allocate_workspace, is_by_column
from nnfang.engines.metrics import METRICS_ROWS, BatchMetrics
from nnfang.engines.updates import update_for


class Slice(NamedTuple):
    """Consecutive parameters: views of θ, of the gradient and of the optimizer's state."""

    theta: Array
    gradient: Array
    state: State


SLICE_SIZE = 65_536
"""Parameters that the optimizer updates at a time: its passes over them then find them in the cache."""


class BatchEngine(Engine):
    """The forward and the backward pass of `nnfang.core.backprop`, and the optimizer's update, once per step.

    All arrays are allocated before the first step. The gradient arrives at the update already scaled, as
    `nnfang.engines.updates` explains.
    """

    name: ClassVar[str] = "batch"

    def __init__(self, task: Task, rows: int | None = None) -> None:
        """Allocate for `rows` of each mini-batch; None means all."""
        super().__init__(task)
        network, size = task.network, task.batch_size
        self._loss = output_loss(network.output_activation, task.loss)
        self._has_dropout = any(isinstance(layer, Dropout) for layer in network.layers)
        self._update = update_for(task.optimizer)
        gradient = aligned_empty(network.theta.shape, network.dtype)
        self._gradient, self._gradients = gradient, network.views(gradient)
        slices = [slice(start, start + SLICE_SIZE) for start in range(0, network.theta.size, SLICE_SIZE)]
        self._slices = [
            Slice(network.theta[part], gradient[part], {name: v[part] for name, v in self.state.items()})
            for part in slices
        ]
        self._scratch = np.empty_like(self._slices[0].theta)
        self._workspace = allocate_workspace(network, rows or size)
        self.block_size = max(METRICS_ROWS // size, 1) * size
        self._metrics = BatchMetrics(self._loss, network, self.block_size, by_column=is_by_column(network))

    @classmethod
    def unsupported_reason(cls, task: Task) -> str | None:  # noqa: ARG003
        """None: it runs everything."""
        return None

    def _train_block(self, x: Array, labels: Labels) -> tuple[float, int]:
        """Some whole mini-batches, of which the last may be short."""
        size, workspace, metrics = self.task.batch_size, self._workspace, self._metrics
        metrics.set_labels(labels)
        for start in range(0, len(x), size):
            rows = x[start : start + size]
            m = len(rows)
            if m < size:
                workspace = head(self._workspace, m)
            self._take_step(rows, metrics.y[start : start + m], workspace)
            metrics.z[start : start + m] = workspace[-1].z
        return metrics.measure()

    def _take_step(self, x: Array, y: Array, workspace: Workspace) -> None:
        """`gradient_descent_step` for one mini-batch, with the update in the hands of the optimizer."""
        learning_rate = self.task.learning_rate(self.step)
        self._compute_gradient(x, y, workspace, self._update.gradient_scale(learning_rate), self._generator())
        self._apply_update(learning_rate)

    def _generator(self) -> np.random.Generator | None:
        """What draws the masks of the next step; None where there are none."""
        return generator(self.task.seed, Purpose.DROPOUT, self.step) if self._has_dropout else None

    def _compute_gradient(
        self, x: Array, y: Array, workspace: Workspace, scale: float, rng: np.random.Generator | None
    ) -> None:
        """Write scale · dL/dθ, L being the mean loss of the rows x (m, inputs)."""
        network = self.task.network
        forward(network, x, workspace, rng)
        self._write_scaled_delta(y, workspace[-1], scale)
        backward(network, x, self._gradients, workspace)

    def _apply_update(self, learning_rate: float) -> None:
        """Let the optimizer change θ by the gradient."""
        self.step += 1
        for theta, gradient, state in self._slices:
            self._update.apply(theta, gradient, state, learning_rate, self.step, self._scratch[: theta.size])

    def _write_scaled_delta(self, y: Array, output: LayerWorkspace, scale: float) -> None:
        """delta = scale · dL/dz of the output layer: for softmax and cross-entropy scale / m · (ŷ - y) (eq. 32)."""
        if isinstance(self._loss, SoftmaxCrossentropy):
            np.subtract(output.a, y, out=output.delta)
            np.multiply(output.delta, scale / len(y), out=output.delta)
        else:
            self._loss.output_delta(output.z, y, output.a, output.delta, output.scratch)
            np.multiply(output.delta, scale, out=output.delta)
