"""The batch engine on several processes: each computes the gradient of its share of a mini-batch, and they are added.

The gradient of a mini-batch is a mean over its m rows, so that it is a sum over the processes: of the mean over each
one's n rows, times n/m. All processes add up the same numbers and take the same step, so their θ stay equal to the bit;
how many there are changes no more than the order in which floats are added.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Array, Images, Labels
from nnfang.core.constraints import FieldError
from nnfang.core.workspace import Workspace, head
from nnfang.engines.batch import BatchEngine
from nnfang.engines.engine import Task
from nnfang.machine.ranks import Ranks


class ParallelEngine(BatchEngine):
    """Takes the steps of `BatchEngine` together with the engines of the other ranks.

    Its name is that of the batch engine, because what one has begun the other may continue, on any number of ranks.

    Attributes:
        ranks: The processes.
    """

    name: ClassVar[str] = BatchEngine.name

    def __init__(self, task: Task, ranks: Ranks) -> None:
        """Get ready for this rank's share of each mini-batch.

        Raises:
            FieldError: There is nothing to share.
        """
        if task.batch_size == 1:
            raise FieldError(
                "batch_size",
                f"1 leaves nothing to share among {ranks.size} processes, since each image waits for the step before. "
                f"Use a batch_size of {ranks.size} or more, or train several networks at once with nnfang sweep",
            )
        self.ranks = ranks
        super().__init__(task, -(-task.batch_size // ranks.size))

    def parts(self, rows: int) -> list[slice]:
        """This rank's share of each mini-batch."""
        size, parts = self.task.batch_size, []
        for start in range(0, rows, size):
            own = self.ranks.rows(min(size, rows - start))
            parts.append(slice(start + own.start, start + own.stop))
        return parts

    def advance(self, x: Images, labels: Labels) -> tuple[float, int]:
        """As of any engine; of x, only the rows in `parts` are read."""
        sums = np.array(super().advance(x, labels))
        self.ranks.add(sums)
        return float(sums[0]), int(sums[1])

    def _train_block(self, x: Array, labels: Labels) -> tuple[float, int]:
        """This rank's rows of some whole mini-batches, of which the last may be short."""
        size, metrics, parts = self.task.batch_size, self._metrics, self.parts(len(x))
        own = np.concatenate([labels[part] for part in parts])
        metrics.set_labels(own)
        done = 0
        for start, part in zip(range(0, len(x), size), parts, strict=True):
            n, rows = part.stop - part.start, slice(part.start - start, part.stop - start)
            workspace = head(self._workspace, n)
            self._take_shared_step(x[part], metrics.y[done : done + n], workspace, rows, min(size, len(x) - start))
            metrics.z[done : done + n] = workspace[-1].z
            done += n
        return metrics.measure() if done else (0.0, 0)

    def _take_shared_step(self, x: Array, y: Array, workspace: Workspace, rows: slice, m: int) -> None:
        """A step by `rows` of a mini-batch of m, x (n, inputs) and y (n, outputs), and by those of the other ranks."""
        n, learning_rate = len(x), self.task.learning_rate(self.step)
        if n:
            rng = self._generator()
            masks = rng and RowsOfWhole(rng, rows, m)
            self._compute_gradient(x, y, workspace, self._update.gradient_scale(learning_rate) * n / m, masks)
        else:
            self._gradient.fill(0)
        self.ranks.add(self._gradient)
        self._apply_update(learning_rate)


class RowsOfWhole(np.random.Generator):
    """Draws numbers for each row of a mini-batch and gives those of some rows, which then are the same on any rank."""

    def __init__(self, rng: np.random.Generator, rows: slice, m: int) -> None:
        """Draw from `rng` for m rows, and give those in `rows`."""
        super().__init__(rng.bit_generator)
        self._rows, self._m = rows, m

    def random(  # type: ignore[override]
        self, *, out: npt.NDArray[Any], dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        """As NumPy's, for out (rows, units)."""
        draw: Callable[..., npt.NDArray[Any]] = super().random
        out[...] = draw((self._m, *out.shape[1:]), dtype)[self._rows]
        return out
