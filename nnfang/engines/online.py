"""Batch-size-1 SGD for dense networks, at the speed of products of matrices: see `nnfang.engines.deferral`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense, LayerTrace
from nnfang.core.losses import output_error, softmax_crossentropy
from nnfang.core.optimizers import Sgd, State
from nnfang.engines.deferral import BLOCK, DeferredLayer, FirstLayer, Position, row_length
from nnfang.engines.engine import Task

SAFE = 1e30
"""Σ e^z_k between 1/SAFE and SAFE cannot have lost anything to overflow or underflow, in float32 either."""

MOST_DECAY = 0.5
"""The largest η λ: within a block c falls to (1 - η λ)^BLOCK, and e = -(η / c) δ must not overflow in float32."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What sample k of a block works with in the first layer and the output layer, and in those between."""

    gram: Array  # (k,): x_j · x_k + 1 for j < k
    e_before: Array  # (k, row of e): of the first layer
    base: Array  # (row of e,): W_0 x_k + b_0
    z: Array  # (row of e,): of the first layer
    positions: tuple[Position, ...]
    positions_backward: tuple[Position, ...]
    logits: Array  # (outputs,): z of the output layer
    e: Array  # (outputs,): of the output layer


class OnlineEngine:
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
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._ones = np.ones(network.outputs, network.dtype)
        self._output = LayerTrace.empty(BLOCK, network.outputs, network.dtype)
        rows = [*map(row_length, network.widths[1:-1]), network.outputs]
        self._first = FirstLayer(network.parameters[0], rows[0])
        self._later = [DeferredLayer(*pair) for pair in zip(network.parameters[1:], rows[1:], strict=True)]
        self._activations = [ACTIVATIONS[layer.activation] for layer in network.layers if isinstance(layer, Dense)]
        self._samples = [self._make_sample(k) for k in range(BLOCK)]

    def _make_sample(self, k: int) -> Sample:
        """The views of sample k."""
        first, logits = self._first, self._output.z[k]
        z_first = first.z if self._later else logits
        z, e, positions = z_first, first.e[k], []
        for layer, before in zip(self._later, self._activations, strict=False):
            z_next = logits if layer is self._later[-1] else layer.z
            at = layer.position(k, before, z_next, z, e)
            z, e = at.z, at.e
            positions.append(at)
        return Sample(
            gram=first.gram[k, :k],
            e_before=first.e[:k],
            base=first.base[k],
            z=z_first,
            positions=tuple(positions),
            positions_backward=tuple(reversed(positions)),
            logits=logits,
            e=e,
        )

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        loss, right = 0.0, 0
        with np.errstate(over="ignore"):  # e^z may be infinite once; it is then computed anew
            for start in range(0, len(x), BLOCK):
                rows, true = x[start : start + BLOCK], labels[start : start + BLOCK]
                self._train_block(rows, true.tolist())
                block_loss, block_right = self._judge_block(true)
                loss += block_loss
                right += block_right
        return loss, right

    def _train_block(self, x: Array, labels: list[int]) -> None:
        """The formulas of `nnfang.engines.deferral`, in their order.  x (at most BLOCK, inputs)."""
        learning_rate, decay = self.task.learning_rate, self.task.optimizer.weight_decay
        self._first.begin_block(x)
        for layer in self._later:
            layer.begin_block()
        c = 1.0
        for sample, label in zip(self._samples, labels, strict=False):
            sample.gram.dot(sample.e_before, sample.z)
            np.add(sample.z, sample.base, out=sample.z)
            if decay:
                np.multiply(sample.z, c, out=sample.z)
            for at in sample.positions:
                at.before.forward(at.z_previous, at.a_previous)
                at.S.dot(at.row, at.products)
                at.products.dot(at.M, at.z)
                if decay:
                    np.multiply(at.z, c, out=at.z)
            rate = learning_rate(self.step)
            self.step += 1
            c_next = c * (1 - rate * decay)
            self._begin_backward(sample, label, rate / c_next)
            for at in sample.positions_backward:
                at.M.dot(at.e, at.products)
                at.products.dot(at.S, at.row_previous)
                at.row_previous[len(at.e_previous)] = 0
                if decay:
                    np.multiply(at.row_previous, c, out=at.row_previous)
                at.before.backward(at.e_previous, at.z_previous, at.a_previous, at.work)
            c = c_next
        self._first.end_block(x, c)
        for layer in self._later:
            layer.end_block(len(x), c)

    def _begin_backward(self, sample: Sample, label: int, rate: float) -> None:
        """e of the output layer: -rate times its δ."""
        z, e = sample.logits, sample.e
        if self._error is not softmax_crossentropy:
            one = self._output.head(1)
            self._error(z[None], self._one_hot[label : label + 1], one.a, one.delta, one.work)
            np.multiply(one.delta[0], -rate, out=e)
            return
        np.exp(z, out=e)
        total = e.dot(self._ones)
        if not 1 / SAFE < total < SAFE:
            np.subtract(z, z.max(), out=e)
            np.exp(e, out=e)
            total = e.dot(self._ones)
        e *= -rate / total
        e[label] += rate  # ŷ - y (eq. 32), without a y

    def _judge_block(self, labels: Labels) -> tuple[float, int]:
        """The summed loss of the block's samples, each by the weights it met, and how many were right."""
        output, m = self._output.head(len(labels)), len(labels)
        loss = m * self._error(output.z, self._one_hot[labels], output.a, output.delta, output.work)
        return loss, int(np.count_nonzero(output.a.argmax(axis=1) == labels))


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
