"""Batch-size-1 SGD for dense networks, at the speed of products of matrices: see `nnfang.engines.blocked`."""

from typing import ClassVar

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense
from nnfang.core.losses import SoftmaxCrossentropy, output_loss
from nnfang.core.optimizers import Sgd
from nnfang.core.workspace import LayerWorkspace
from nnfang.engines.blocked import BLOCK, BlockedFirstLayer, BlockedLayer, Call, row_length
from nnfang.engines.engine import Engine, Task
from nnfang.engines.metrics import BatchMetrics

SAFE_SUM = 1e-30, 1e30
"""A Σ e^z_k between these has lost nothing to overflow or underflow, not even in float32."""

MAX_DECAY = 0.5
"""The largest η λ: within a block c falls to (1 - η λ)^BLOCK, and e = -(η / c) δ must not overflow in float32."""


class OnlineEngine(Engine):
    """Exact sequential SGD, one sample per step."""

    name: ClassVar[str] = "online"
    block_size = BLOCK

    def __init__(self, task: Task) -> None:
        """Allocate the arrays for a block, and bind them to the calls of each of its samples."""
        super().__init__(task)
        network = task.network
        self._loss = output_loss(network.output_activation, task.loss)
        self._activation = ACTIVATIONS[network.output_activation]
        self._metrics = BatchMetrics(self._loss, network, BLOCK)
        fused = isinstance(self._loss, SoftmaxCrossentropy)
        self._write_output_e = self._write_softmax_e if fused else self._write_chained_e
        self._output = LayerWorkspace.allocate(1, network.outputs, network.dtype)
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._ones = np.ones(network.outputs, network.dtype)
        self._scale = np.empty((), network.dtype)
        self._c = np.ones((), network.dtype) if task.optimizer.weight_decay else None
        activations = [ACTIVATIONS[layer.activation] for layer in network.layers if isinstance(layer, Dense)]
        rows = [*map(row_length, network.widths[1:-1]), network.outputs]
        self._first = BlockedFirstLayer(network.parameters[0], rows[0], self._c)
        self._later = [
            BlockedLayer(parameters, before, row, self._c)
            for parameters, before, row in zip(network.parameters[1:], activations, rows[1:], strict=False)
        ]
        self._samples = [self._prepare_sample(k) for k in range(BLOCK)]

    @classmethod
    def unsupported_reason(cls, task: Task) -> str | None:
        """See `Engine.unsupported_reason`."""
        optimizer = task.optimizer
        if task.batch_size != 1:
            return f"runs batch_size 1, found {task.batch_size}"
        if not isinstance(optimizer, Sgd):
            return f"runs the optimizer sgd, found {type(optimizer).__name__.lower()}"
        if not all(isinstance(layer, Dense) for layer in task.network.layers):
            return "runs dense layers only"
        if optimizer.learning_rate * optimizer.weight_decay > MAX_DECAY:
            return f"needs learning_rate * weight_decay <= {MAX_DECAY:g}"
        return None

    def _prepare_sample(self, k: int) -> tuple[list[Call], Array, Array, list[Call]]:
        """Sample k of a block: its forward pass, its logits, its e of the output layer, its backward pass."""
        e = [self._first.E[k], *(layer.E[k] for layer in self._later)]
        z = [np.empty_like(row) for row in e[:-1]] + [self._metrics.z[k]]
        forward, backward = self._first.forward_calls(k, z[0]), list[Call]()
        for i, layer in enumerate(self._later):
            forward += layer.forward_calls(k, z[i], z[i + 1])
            backward[:0] = layer.backward_calls(k, z[i], e[i])
        return forward, z[-1], e[-1], backward

    def _train_block(self, x: Array, labels: Labels) -> tuple[float, int]:
        """One step per row."""
        with np.errstate(over="ignore"):  # e^z may be infinite once; it is then computed again
            self._take_steps(x, labels.tolist())
        self._metrics.set_labels(labels)
        return self._metrics.measure()

    def _take_steps(self, x: Array, labels: list[int]) -> None:
        """The formulas of `nnfang.engines.blocked`, in their order.  x (at most BLOCK, inputs)."""
        learning_rate, decay = self.task.learning_rate, self.task.optimizer.weight_decay
        write_output_e, c, c_next = self._write_output_e, self._c, 1.0
        self._first.begin_block(x)
        for layer in self._later:
            layer.begin_block()
        for label, (forward, logits, e, backward) in zip(labels, self._samples, strict=False):
            if c is not None:
                c[()] = c_next
            for call in forward:
                call()
            rate = learning_rate(self.step)
            self.step += 1
            c_next *= 1 - rate * decay
            write_output_e(logits, label, rate / c_next, e)
            for call in backward:
                call()
        if c is not None:
            c[()] = c_next
        self._first.end_block(x)
        for layer in self._later:
            layer.end_block(len(x))

    def _write_chained_e(self, z: Array, label: int, rate: float, e: Array) -> None:
        """Write e = -rate · δ of the output layer."""
        z, y, e, output = z[None], self._one_hot[label], e[None], self._output
        self._activation.forward(z, output.a)
        self._loss.output_delta(z, y, output.a, e, output.scratch)
        e *= -rate

    def _write_softmax_e(self, z: Array, label: int, rate: float, e: Array) -> None:
        """The same for softmax and cross-entropy: -rate (ŷ - y) (eq. 32), without an array for y."""
        smallest, largest = SAFE_SUM
        np.exp(z, e)
        total = float(e.dot(self._ones))
        if not smallest < total < largest:
            np.subtract(z, z.max(), e)
            np.exp(e, e)
            total = float(e.dot(self._ones))
        self._scale[()] = -rate / total
        np.multiply(e, self._scale, e)  # multiplying by an array of one number is faster than by a number
        e[label] += rate
