"""SGD for dense networks as one compiled loop: see `nnfang.engines.kernels`. It needs numba, the extra ``turbo``."""

from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from nnfang.core.arrays import Array, Labels, aligned_empty
from nnfang.core.layers import Dense, LayerTrace
from nnfang.core.losses import SoftmaxCrossentropy, output_error
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd, State
from nnfang.engines.engine import Task
from nnfang.engines.tally import TALLY_ROWS, Tally

QUICKEST_UP_TO = 16
"""The largest mini-batch for which this engine is the quickest; above, dense products of matrices are."""


class CompiledEngine:
    """Exact SGD, sequential at batch size 1, that passes over inputs of 0."""

    name: ClassVar[str] = "compiled"

    def __init__(self, task: Task) -> None:
        """Make room for a mini-batch; nothing is compiled yet.

        Raises:
            ValueError: This engine cannot run the task; the message says why.
        """
        if reason := obstacle(task):
            raise ValueError(f"the compiled engine {reason}")
        from nnfang.engines import kernels  # numba takes a while to import

        network, size = task.network, task.batch_size
        self.task = task
        self.step = 0
        self.state: State = {}
        self._train = kernels.train_block
        self._block = max(TALLY_ROWS // size, 1) * size
        self._tally = Tally(SoftmaxCrossentropy(), LayerTrace.empty(self._block, network.outputs, network.dtype))
        self._plan = make_plan(network, [kernels.CODES.get(layer.activation, 0) for layer in dense_layers(task)])
        p, n = self._plan[:, 0], self._plan[:, 1]
        z, a, e = (aligned_empty((size * sum(n),), network.dtype) for _ in range(3))
        at = np.empty(size * sum(p + 1), np.int32)
        self._scratch = z, a, e, at, np.empty((len(n), size), np.int32)

    @property
    def preparation(self) -> str | None:
        """What `prepare` takes time for, in words; None where it takes next to none."""
        if any(Path(str(self._train.stats.cache_path)).glob("kernels.train_block-*.nbi")):
            return None
        return "compiling the engine for this machine, once: it is kept"

    def prepare(self) -> None:
        """Compile, or load what was compiled before: numba does so when the loop is first called."""
        self._train_block(np.empty((0, self.task.network.inputs), self.task.network.dtype), np.empty(0, np.intp))

    def advance(self, x: Array, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        x, labels = np.ascontiguousarray(x), np.ascontiguousarray(labels, np.intp)
        loss, right = 0.0, 0
        for start in range(0, len(x), self._block):
            true = labels[start : start + self._block]
            self._train_block(x[start : start + self._block], true)
            self._tally.expect(true)
            block_loss, block_right = self._tally.count(true)
            loss += block_loss
            right += block_right
        return loss, right

    def _train_block(self, x: Array, labels: Labels) -> None:
        """Some whole mini-batches, of which the last may be short."""
        task = self.task
        steps = range(self.step, self.step + -(-len(x) // task.batch_size))
        rates = np.array([task.learning_rate(step) for step in steps], np.float64)
        self.step = steps.stop
        self._train(x, labels, rates, task.network.theta, self._plan, *self._scratch, self._tally.z)


def make_plan(network: Network, codes: list[int]) -> Labels:
    """See `nnfang.engines.kernels.train_block`.  (layers, 6)."""
    p, n = np.array(network.widths[:-1]), np.array(network.widths[1:])
    starts = [np.cumsum([0, *sizes[:-1]]) for sizes in ((p + 1) * n, n, p + 1)]
    return np.stack([p, n, np.array(codes), *starts], axis=1)


def dense_layers(task: Task) -> list[Dense]:
    """The dense layers of the network."""
    return [layer for layer in task.network.layers if isinstance(layer, Dense)]


def is_installed() -> bool:
    """Whether numba is there; it is not imported for that."""
    return find_spec("numba") is not None


def obstacle(task: Task) -> str | None:
    """Why the compiled engine cannot run `task`, or None if it can."""
    if not is_installed():
        return "needs numba: pip install 'nnfang[turbo]'"
    if not isinstance(task.optimizer, Sgd):
        return f"runs the optimizer sgd, found {type(task.optimizer).__name__.lower()}"
    if task.optimizer.weight_decay:
        return f"runs without weight_decay, found {task.optimizer.weight_decay:g}"
    if len(dense_layers(task)) < len(task.network.layers):
        return "runs dense layers only"
    if not isinstance(output_error(task.network.output_activation, task.loss), SoftmaxCrossentropy):
        return f"runs softmax with categorical_crossentropy, found {task.network.output_activation} with {task.loss}"
    return None
