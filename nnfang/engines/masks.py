"""The masks of dropout layers (`nnfang.core.layers.Dropout`), drawn for many steps before they are taken."""

import numpy as np

from nnfang.core.arrays import Array
from nnfang.core.layers import Dense, Dropout
from nnfang.core.randomness import Purpose, generator
from nnfang.engines.engine import Task
from nnfang.engines.padding import round_up


class DropoutMasks:
    """The masks of some rows, for each dense layer that dropout follows.

    Attributes:
        starts: Where the masks of each dense layer begin, or -1 where it has none.
        masks: (numbers,), for each such layer (rows, units as stored).
    """

    def __init__(self, task: Task, rows: int) -> None:
        """Allocate them."""
        self.task, self.rows = task, rows
        self.starts: list[int] = []
        self.widths: list[int] = []
        size = 0
        for layer, width in zip(task.network.layers, task.network.widths[1:], strict=True):
            if isinstance(layer, Dense):
                self.starts.append(-1)
                self.widths.append(width)
            elif self.starts[-1] < 0:
                self.starts[-1] = size
                size += rows * round_up(width)
        self.masks: Array = np.ones(max(size, 1), task.network.dtype)

    def draw(self, rows: int, step: int) -> None:
        """Draw the masks of the next rows, as `Dropout.affine` does in the steps from `step` on."""
        if max(self.starts) < 0:
            return
        size = self.task.batch_size
        for begin in range(0, rows, size):
            rng = generator(self.task.seed, Purpose.DROPOUT, step + begin // size)
            m, dense, is_first = min(size, rows - begin), -1, True
            for layer in self.task.network.layers:
                if isinstance(layer, Dropout):
                    mask = rng.random((m, self.widths[dense]), self.masks.dtype)
                    kept = (mask >= layer.rate) * mask.dtype.type(1 / (1 - layer.rate))
                    target = self._view(dense)[begin : begin + m, : self.widths[dense]]
                    target[...] = kept if is_first else target * kept
                    is_first = False
                else:
                    dense, is_first = dense + 1, True

    def _view(self, dense: int) -> Array:
        """The masks of a dense layer.  (rows, units as stored)."""
        start, width = self.starts[dense], round_up(self.widths[dense])
        return self.masks[start : start + self.rows * width].reshape(self.rows, width)
