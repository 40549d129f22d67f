"""Batch-size-1 SGD for dense networks, at the speed of products of matrices: see `nnfang.engines.deferral`."""

from typing import ClassVar

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense, LayerTrace
from nnfang.core.losses import SoftmaxCrossentropy, output_error
from nnfang.core.optimizers import Sgd, State
from nnfang.engines.deferral import BLOCK, Call, DeferredLayer, FirstLayer, row_length
from nnfang.engines.engine import ReadyEngine, Task
from nnfang.engines.tally import Tally

LEAST, MOST = 1e-30, 1e30
"""Σ e^z_k between these cannot have lost anything to overflow or underflow, in float32 either."""

MOST_DECAY = 0.5
"""The largest η λ: within a block c falls to (1 - η λ)^BLOCK, and e = -(η / c) δ must not overflow in float32."""


class OnlineEngine(ReadyEngine):
    """Exact sequential SGD, one sample a step."""

    name: ClassVar[str] = "online"

    def __init__(self, task: Task) -> None:
        """Make room for a block.

        Raises:
            ValueError: This engine cannot run the task; the message says why.
        """
        if reason := obstacle(task):
            raise ValueError(f"the online engine {reason}")
        network = task.network
        self.task = task
        self.step = 0
        self.state: State = {}
        self._error = output_error(network.output_activation, task.loss)
        self._tally = Tally(self._error, LayerTrace.empty(BLOCK, network.outputs, network.dtype))
        fused = isinstance(self._error, SoftmaxCrossentropy)
        self._begin_backward = self._begin_with_softmax if fused else self._begin_anyhow
        self._one = LayerTrace.empty(1, network.outputs, network.dtype)
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._ones = np.ones(network.outputs, network.dtype)
        self._scale = np.empty((), network.dtype)
        self._c = np.ones((), network.dtype) if task.optimizer.weight_decay else None
        activations = [ACTIVATIONS[layer.activation] for layer in network.layers if isinstance(layer, Dense)]
        rows = [*map(row_length, network.widths[1:-1]), network.outputs]
        self._first = FirstLayer(network.parameters[0], rows[0], self._c)
        self._later = [
            DeferredLayer(parameters, before, row, self._c)
            for parameters, before, row in zip(network.parameters[1:], activations, rows[1:], strict=False)
        ]
        self._samples = [self._prepare_sample(k) for k in range(BLOCK)]

    def _prepare_sample(self, k: int) -> tuple[list[Call], Array, Array, list[Call]]:
        """Sample k of a block: its forward process, its logits, its e of the output layer, its backward process."""
        e = [self._first.E[k], *(layer.E[k] for layer in self._later)]
        z = [np.empty_like(row) for row in e[:-1]] + [self._tally.z[k]]
        forward, backward = self._first.forward_calls(k, z[0]), list[Call]()
        for i, layer in enumerate(self._later):
            forward += layer.forward_calls(k, z[i], z[i + 1])
            backward[:0] = layer.backward_calls(k, z[i], e[i])
        return forward, z[-1], e[-1], backward

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        loss, right = 0.0, 0
        with np.errstate(over="ignore"):  # e^z may be infinite once; it is then computed anew
            for start in range(0, len(x), BLOCK):
                rows, true = x[start : start + BLOCK], labels[start : start + BLOCK]
                self._tally.expect(true)
                self._train_block(rows, true.tolist())
                block_loss, block_right = self._tally.count(true)
                loss += block_loss
                right += block_right
        return loss, right

    def _train_block(self, x: Array, labels: list[int]) -> None:
        """The formulas of `nnfang.engines.deferral`, in their order.  x (at most BLOCK, inputs)."""
        learning_rate, decay = self.task.learning_rate, self.task.optimizer.weight_decay
        begin_backward, c, c_next = self._begin_backward, self._c, 1.0
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
            begin_backward(logits, label, rate / c_next, e)
            for call in backward:
                call()
        if c is not None:
            c[()] = c_next
        self._first.end_block(x)
        for layer in self._later:
            layer.end_block(len(x))

    def _begin_anyhow(self, z: Array, label: int, rate: float, e: Array) -> None:
        """Write e of the output layer: -rate times its δ."""
        one = self._one
        self._error.differentiate(z[None], self._one_hot[label], one.a, e[None], one.work, -rate)

    def _begin_with_softmax(self, z: Array, label: int, rate: float, e: Array) -> None:
        """The same for softmax and cross-entropy: -rate (ŷ - y) (eq. 32), without an array for y."""
        np.exp(z, e)
        total = float(e.dot(self._ones))
        if not LEAST < total < MOST:
            np.subtract(z, z.max(), e)
            np.exp(e, e)
            total = float(e.dot(self._ones))
        self._scale[()] = -rate / total
        np.multiply(e, self._scale, e)  # an array of one number is quicker to multiply by than a number
        e[label] += rate


def obstacle(task: Task) -> str | None:
    """Why the online engine cannot run `task`, or None if it can."""
    optimizer = task.optimizer
    if task.batch_size != 1:
        return f"runs batch_size 1, found {task.batch_size}"
    if not isinstance(optimizer, Sgd):
        return f"runs the optimizer sgd, found {type(optimizer).__name__.lower()}"
    if not all(isinstance(layer, Dense) for layer in task.network.layers):
        return "runs dense layers only"
    if optimizer.learning_rate * optimizer.weight_decay > MOST_DECAY:
        return f"needs learning_rate * weight_decay <= {MOST_DECAY:g}"
    return None
