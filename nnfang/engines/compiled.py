"""SGD for dense networks as one compiled loop: see `nnfang.engines.kernels`. It needs numba, the extra ``turbo``."""

from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from nnfang.core.arrays import Array, Labels, aligned_empty
from nnfang.core.layers import Dense
from nnfang.core.losses import SoftmaxCrossentropy, output_loss
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.engines.engine import Engine, Task
from nnfang.engines.metrics import METRICS_ROWS, BatchMetrics

FASTEST_UP_TO = 16
"""The largest mini-batch for which this engine is the fastest; with larger ones, dense matrix products are."""


class CompiledEngine(Engine):
    """Exact SGD, sequential at batch size 1, that skips inputs of 0."""

    name: ClassVar[str] = "compiled"

    def __init__(self, task: Task) -> None:
        """Allocate the arrays for a mini-batch; nothing is compiled yet."""
        super().__init__(task)
        from nnfang.engines.compilation import load_kernel  # numba takes a while to import
        from nnfang.engines.kernels import CODES

        network, size = task.network, task.batch_size
        self._kernel, self._is_prepared = load_kernel(), False
        self.block_size = max(METRICS_ROWS // size, 1) * size
        self._metrics = BatchMetrics(SoftmaxCrossentropy(), network, self.block_size)
        self._plan = make_plan(network, [CODES.get(layer.activation, 0) for layer in dense_layers(network)])
        p, n = self._plan[:, 0], self._plan[:, 1]
        z, a, e = (aligned_empty((size * sum(n),), network.dtype) for _ in range(3))
        indices, nnz = np.empty(size * sum(p + 1), np.int32), np.empty((len(n), size), np.int32)
        self._scratch = z, a, e, indices, nnz

    @classmethod
    def unsupported_reason(cls, task: Task) -> str | None:
        """See `Engine.unsupported_reason`; numba is imported only for a task that is otherwise supported."""
        return unsupported_task(task) or import_problem()

    @property
    def compile_message(self) -> str | None:
        """See `Engine.compile_message`."""
        return None if self._kernel.is_cached() else "compiling the engine for this machine; later runs reuse it"

    def prepare(self) -> None:
        """Compile the loop, or load what was compiled before.

        Raises:
            FieldError: It cannot be compiled.
        """
        network = self.task.network
        rows = np.empty((0, network.inputs), network.dtype), np.empty(0, np.intp)
        self._kernel.prepare(*self._arguments(*rows))
        self._is_prepared = True

    def _train_block(self, x: Array, labels: Labels) -> tuple[float, int]:
        """Some whole mini-batches, of which the last may be short."""
        if not self._is_prepared:
            self.prepare()
        labels = np.ascontiguousarray(labels, np.intp)
        self._kernel(*self._arguments(np.ascontiguousarray(x), labels))
        self._metrics.set_labels(labels)
        return self._metrics.measure()

    def _arguments(self, x: Array, labels: Labels) -> tuple[Any, ...]:
        """What the compiled loop is called with; it leaves the logits of each row in the metrics."""
        task = self.task
        steps = range(self.step, self.step + -(-len(x) // task.batch_size))
        rates = np.array([task.learning_rate(step) for step in steps], np.float64)
        self.step = steps.stop
        return x, labels, rates, task.network.theta, self._plan, *self._scratch, self._metrics.z


def make_plan(network: Network, codes: list[int]) -> Labels:
    """See `nnfang.engines.kernels.train_block`.  (layers, 6)."""
    p, n = np.array(network.widths[:-1]), np.array(network.widths[1:])
    starts = [np.cumsum([0, *sizes[:-1]]) for sizes in ((p + 1) * n, n, p + 1)]
    return np.stack([p, n, np.array(codes), *starts], axis=1)


def dense_layers(network: Network) -> list[Dense]:
    """The dense layers of the network."""
    return [layer for layer in network.layers if isinstance(layer, Dense)]


def unsupported_task(task: Task) -> str | None:
    """Why the compiled engine cannot run `task` on any machine, or None if it can."""
    if not isinstance(task.optimizer, Sgd):
        return f"runs the optimizer sgd, found {type(task.optimizer).__name__.lower()}"
    if task.optimizer.weight_decay:
        return f"runs without weight_decay, found {task.optimizer.weight_decay:g}"
    if len(dense_layers(task.network)) < len(task.network.layers):
        return "runs dense layers only"
    if not isinstance(output_loss(task.network.output_activation, task.loss), SoftmaxCrossentropy):
        return f"runs softmax with categorical_crossentropy, found {task.network.output_activation} with {task.loss}"
    return None


def is_installed() -> bool:
    """Whether numba is installed; it is not imported, so that it may still fail to be."""
    return find_spec("numba") is not None


@cache
def import_problem() -> str | None:
    """Why the compiled engine cannot be used on this machine, or None if it can.

    This imports numba and compiles a line with it, which takes a second the first time.
    """
    if not is_installed():
        return "needs numba: pip install 'nnfang[turbo]'"
    try:
        import numba
    except Exception as error:  # an installation that does not fit NumPy also raises AttributeError, SystemError, ...
        return f"needs numba, which cannot be imported: {str(error) or type(error).__name__}"
    try:
        numba.njit(lambda: 0)()  # type: ignore[call-arg]  # by its stubs, that is no decorated function
    except Exception as error:  # as does a system that lets no program write code into its memory
        return f"needs numba, which cannot compile here: {str(error) or type(error).__name__}"
    return None
