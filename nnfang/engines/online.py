"""Batch-size-1 SGD for dense networks, with the first layer's work done a block of samples at a time.

The paper's Algorithm 3 takes one sample at a time: it multiplies by the first weight matrix W (100,352 of the paper's
109,386 parameters) and then changes it by a matrix of rank 1, 60,000 times an epoch. Neither has to happen sample by
sample. Let W_k and b_k be the first layer's parameters before sample k of a block, η_k the learning rate, λ the weight
decay and δ_k = dL/dz of the first layer for sample k. Eq. 44 and 45 with eq. 42 are

    W_{k+1} = (1 - η_k λ) W_k - η_k δ_k x_kᵀ        b_{k+1} = (1 - η_k λ) b_k - η_k δ_k

With c_0 = 1, c_{k+1} = (1 - η_k λ) c_k and d_k = (η_k / c_{k+1}) δ_k these recursions unroll to

    W_k = c_k (W_0 - Σ_{j<k} d_j x_jᵀ)              b_k = c_k (b_0 - Σ_{j<k} d_j)

and so sample k sees

    z_k = W_k x_k + b_k = c_k (W_0 x_k + b_0 - Σ_{j<k} (x_j · x_k + 1) d_j)

W_0 x_k for all samples of the block is one matrix-matrix product, x_j · x_k for all pairs is another, and W itself
changes once, at the end of the block, by a third. Only the later layers, which are small, are stepped sample by sample.
The result is Algorithm 3's, sample after sample, up to the order in which sums are rounded.
"""

from typing import ClassVar

import numpy as np

from nnfang.core.arrays import Array, Labels
from nnfang.core.backprop import backward_to_first
from nnfang.core.layers import Dense
from nnfang.core.losses import output_error
from nnfang.core.optimizers import Sgd, State
from nnfang.engines.engine import Task

BLOCK = 64
"""Samples a block: long enough for matrix-matrix speed, short enough for the sums over j to stay small."""


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
        first = sum(array.size for array in network.parameters[0])
        units = network.widths[1]
        self.task = task
        self.step = 0
        self.state: State = {}
        self._error = output_error(network.output_activation, task.loss)
        gradient = np.empty_like(network.theta)
        self._gradients = network.views(gradient)
        self._later_gradient, self._later_theta = gradient[first:], network.theta[first:]
        self._work = np.empty_like(self._later_theta)
        self._trace = network.trace(1)
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._base = np.empty((BLOCK, units), network.dtype)
        self._gram = np.empty((BLOCK, BLOCK), network.dtype)
        self._d = np.empty((BLOCK, units), network.dtype)
        self._dW = np.empty_like(network.parameters[0][0])
        self._db = np.empty_like(network.parameters[0][1])

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        loss, right = 0.0, 0
        for start in range(0, len(x), BLOCK):
            block_loss, block_right = self._advance_block(
                x[start : start + BLOCK], labels[start : start + BLOCK].tolist()
            )
            loss += block_loss
            right += block_right
        return loss, right

    def _advance_block(self, x: Array, labels: list[int]) -> tuple[float, int]:
        """The formulas of this module's head, in their order.  x (at most BLOCK, inputs)."""
        m = len(x)
        W, b = self.task.network.parameters[0]
        base, gram, d = self._base[:m], self._gram[:m, :m], self._d[:m]
        np.matmul(x, W.T, out=base)
        base += b
        np.matmul(x, x.T, out=gram)
        gram += 1

        c, loss, right = 1.0, 0.0, 0
        z, delta = self._trace[0].z[0], self._trace[0].delta[0]
        for k, label in enumerate(labels):
            np.matmul(gram[k, :k], d[:k], out=z)
            np.subtract(base[k], z, out=z)
            z *= c
            learning_rate = self.task.learning_rate(self.step)
            loss += self._step_later_layers(label, learning_rate)
            right += int(self._trace[-1].a.argmax()) == label
            c *= 1 - learning_rate * self.task.optimizer.weight_decay
            np.multiply(delta, learning_rate / c, out=d[k])

        np.matmul(d.T, x, out=self._dW)
        W -= self._dW
        np.add.reduce(d, axis=0, out=self._db)
        b -= self._db
        if c != 1:
            W *= c
            b *= c
        return loss, right

    def _step_later_layers(self, label: int, learning_rate: float) -> float:
        """Algorithm 1 for one sample, from the first layer's z on and without the first layer's update."""
        task, trace, output = self.task, self._trace, self._trace[-1]
        z = task.network.logits_from_first(trace)
        loss = self._error(z, self._one_hot[label : label + 1], output.a, output.delta, output.work)
        backward_to_first(task.network, self._gradients, trace)
        self.step += 1
        task.optimizer.update(self._later_theta, self._later_gradient, self.state, learning_rate, self.step, self._work)
        return loss


def obstacle(task: Task) -> str | None:
    """Why the online engine cannot run `task`, or None if it can."""
    optimizer = task.optimizer
    if task.batch_size != 1:
        return f"runs batch_size 1, found {task.batch_size}"
    if not isinstance(optimizer, Sgd):
        return f"runs the optimizer sgd, found {type(optimizer).__name__.lower()}"
    if not all(isinstance(layer, Dense) for layer in task.network.layers):
        return "runs dense layers only"
    if optimizer.learning_rate * optimizer.weight_decay >= 1:
        return "needs learning_rate * weight_decay < 1"
    return None
