"""The loss and the number of correct predictions of many samples at once, from the logits of their steps."""

import numpy as np

from nnfang.core.arrays import Labels, aligned_empty
from nnfang.core.losses import OutputLoss
from nnfang.core.network import Network
from nnfang.engines.layout import empty_by_column

METRICS_ROWS = 256
"""About how many samples an engine measures at a time: their logits then stay in the nearest cache."""


class BatchMetrics:
    """Measures samples together after their steps, so that no step waits for what is only reported.

    Attributes:
        z: (rows, outputs), to be filled with the logits of each sample, as they were when its step began.
        y: (rows, outputs), one-hot.
    """

    def __init__(self, loss: OutputLoss, network: Network, rows: int, *, by_column: bool = False) -> None:
        """Allocate the arrays for at most `rows` samples, stored row by row or `by_column`."""
        shape = rows, network.outputs
        empty = empty_by_column if by_column else aligned_empty
        self.loss = loss
        self.z, self.y, self.scratch = (empty(size, network.dtype) for size in (shape, shape, (2, *shape)))
        self.classes = np.arange(network.outputs)
        self.labels: Labels = np.empty(0, np.intp)
        self.rows = np.empty(shape, network.dtype)
        self.predicted = np.empty(rows, np.intp)
        self.is_correct = np.empty(rows, np.bool_)

    def set_labels(self, labels: Labels) -> None:
        """Write y for the next samples.  labels (m,), of at most `rows` samples."""
        self.labels = labels
        np.equal(labels[:, None], self.classes, out=self.y[: len(labels)])

    def measure(self) -> tuple[float, int]:
        """The summed loss of the samples whose labels were set, and how many have their largest logit at the label."""
        m = len(self.labels)
        loss = m * self.loss.measure(self.z[:m], self.y[:m], self.scratch[:, :m])
        np.copyto(self.rows[:m], self.z[:m])  # argmax would allocate a copy of what is stored by column
        np.argmax(self.rows[:m], axis=1, out=self.predicted[:m])
        np.equal(self.predicted[:m], self.labels, out=self.is_correct[:m])
        return loss, int(np.count_nonzero(self.is_correct[:m]))
