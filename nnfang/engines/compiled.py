"""Dense networks as compiled loops: see `nnfang.engines.kernels`. It needs numba, the extra ``turbo``."""

from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import ClassVar

import numpy as np

from nnfang.core.arrays import Array, Images, Labels
from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import output_loss
from nnfang.core.optimizers import Adam, AdamW, Momentum, RmsProp, Sgd
from nnfang.engines.engine import Engine, Task

ROWS = 1024
"""About how many samples are trained on in one call of the compiled loop."""

LARGEST_LAYER = 1_000_000
"""Weights of a layer after the first up to which this engine is the fastest. Larger ones do not fit the cache, and BLAS
takes them in parts that do."""

MOST_INPUTS = 2**24
"""Inputs of a mini-batch for which there is room in the lists of those that are not 0."""

OPTIMIZERS = (Sgd, Momentum, RmsProp, Adam, AdamW)
ACTIVATIONS = {"relu", "leaky_relu", "sigmoid", "tanh", "gelu", "linear"}
"""What there are compiled formulas for. The output activation goes with the loss."""

MOST_DENSE = 0.6
"""Fraction of the inputs that are not 0 up to which this engine is the fastest."""


MOST_GELU_ROWS = 16
"""Rows of a mini-batch up to which this engine is the fastest where a layer has the activation gelu, which the batch
engine computes for many units at once."""


class CompiledEngine(Engine):
    """Exact gradient descent, sequential at batch size 1, that skips inputs of 0."""

    name: ClassVar[str] = "compiled"
    takes_bytes: ClassVar[bool] = True

    def __init__(self, task: Task) -> None:
        """Allocate the arrays for a mini-batch; nothing is compiled yet."""
        super().__init__(task)
        from nnfang.engines import trainers  # numba takes a while to import

        network, size = task.network, task.batch_size
        output_loss(network.output_activation, task.loss)  # refuses a pair that has no meaning
        self.block_size = max(ROWS // size, 1) * size
        self._results = np.zeros(2)
        self._vectors = (network.theta, *(self.state[name] for name in task.optimizer.state_names))
        self._trainer = trainers.create_trainer(task, self._vectors, self.block_size)
        self._is_prepared = False

    @classmethod
    def unsupported_reason(cls, task: Task) -> str | None:
        """See `Engine.unsupported_reason`; numba is imported only for a task that is otherwise supported."""
        return unsupported_task(task) or import_problem()

    @property
    def compile_message(self) -> str | None:
        """See `Engine.compile_message`."""
        is_cached = self._trainer.is_cached(*self._no_steps())
        return None if is_cached else "compiling the engine for this machine; later runs reuse it"

    def prepare(self) -> None:
        """Compile the loop, or load what was compiled before.

        Raises:
            FieldError: It cannot be compiled.
        """
        self._trainer.prepare(*self._no_steps())
        self._is_prepared = True

    def _no_steps(self) -> tuple[Images, Labels, Array, Array]:
        """What `Trainer.train` takes, with no step to take."""
        x = np.empty((0, self.task.network.inputs), self.inputs_dtype)
        return x, np.empty(0, np.intp), self._rates(0), self._results

    def advance(self, x: Images, labels: Labels) -> tuple[float, int]:
        """See `Engine.advance`."""
        if not self._is_prepared:
            self.prepare()
        self._trainer.read(self._vectors)
        result = super().advance(x, labels)
        self._trainer.write(self._vectors)
        return result

    def _train_block(self, x: Images, labels: Labels) -> tuple[float, int]:
        """Some whole mini-batches, of which the last may be short."""
        rates = self._rates(-(-len(x) // self.task.batch_size))
        # To numba, an array that may not be written to is of another type, for which it would compile again
        x, labels = np.require(x, None, ["C", "W"]), np.require(labels, np.intp, ["C", "W"])
        self._results[...] = 0
        self._trainer.train(x, labels, rates, self._results, self.step)
        self.step += len(rates)
        loss, correct = self._results.tolist()
        return loss, int(correct)

    def _rates(self, steps: int) -> Array:
        """What the next steps need to know of the learning rate: see `nnfang.engines.kernels.updates`.  (steps, 3)."""
        task = self.task
        rates = np.ones((steps, 3), task.network.dtype)
        rates[:, 0] = [task.learning_rate(step) for step in range(self.step, self.step + steps)]
        if isinstance(task.optimizer, Adam):
            t = np.arange(self.step + 1, self.step + steps + 1)
            rates[:, 1] = 1 / (1 - task.optimizer.beta1**t)
            rates[:, 2] = 1 / (1 - task.optimizer.beta2**t)
        return rates


def unsupported_task(task: Task) -> str | None:
    """Why the compiled engine cannot run `task` on any machine, or None if it can."""
    network, optimizer = task.network, type(task.optimizer)
    if not isinstance(network.layers[0], Dense):
        return "runs no dropout of the inputs"
    if not all(isinstance(layer, Dense | Dropout) for layer in network.layers):
        return "runs dense and dropout layers only"
    if optimizer not in OPTIMIZERS:  # nor a class derived from one, whose formula may be another
        return f"does not run the optimizer {optimizer.__name__.lower()}"
    hidden = {layer.activation for layer in network.layers[:-1] if isinstance(layer, Dense)}
    if unknown := hidden - ACTIVATIONS:
        return f"does not run the activation {min(unknown)}"
    if task.batch_size * network.inputs > MOST_INPUTS:
        return f"runs at most {MOST_INPUTS:,} inputs per step, found {task.batch_size * network.inputs:,}"
    return None


def slower_reason(task: Task) -> str | None:
    """Why another engine may be faster for `task`, or None if none is."""
    widths, layers = task.network.widths, task.network.layers
    largest = max((p * n for p, n in pairwise(widths[1:])), default=0)
    if largest > LARGEST_LAYER and task.batch_size > 1:
        return f"is slower than BLAS where a layer has {largest:,} weights"
    if task.density > MOST_DENSE:
        return f"is slower than BLAS where {task.density:.0%} of the inputs are not 0"
    if task.batch_size > MOST_GELU_ROWS and any(getattr(layer, "activation", "") == "gelu" for layer in layers):
        return f"is slower than BLAS for gelu in batches of {task.batch_size:,}"
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
