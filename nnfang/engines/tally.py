"""The loss and the right answers of many samples at once, from the logits that their steps left behind."""

import numpy as np

from nnfang.core.arrays import Labels
from nnfang.core.layers import LayerTrace
from nnfang.core.losses import OutputError

TALLY_ROWS = 256
"""Samples between two countings of an engine that may choose, about: their logits stay in the nearest cache."""


class Tally:
    """Keeps logits and counts them up when told to; no step has to wait for what only a reader needs.

    Attributes:
        z: (rows, outputs), for the logits of each sample, as they were when its step began.
        y: (rows, outputs), one-hot.
    """

    def __init__(self, error: OutputError, output: LayerTrace) -> None:
        """Make room for as many rows as the trace of an output layer has."""
        self.error = error
        self.z, self.a, self.work = output.z, output.a, output.work
        self.y = output.delta
        self.classes = np.arange(self.z.shape[1])
        self.rows = np.empty_like(self.z, order="C")
        self.guess = np.empty(len(self.z), np.intp)
        self.right = np.empty(len(self.z), np.bool_)

    def expect(self, labels: Labels) -> None:
        """Write y, one-hot."""
        np.equal(labels[:, None], self.classes, out=self.y[: len(labels)])

    def count(self, labels: Labels) -> tuple[float, int]:
        """The summed loss of the first samples, and how many have their largest logit at their label."""
        m = len(labels)
        loss = m * self.error.measure(self.z[:m], self.y[:m], self.a[:m], self.work[:, :m])
        np.copyto(self.rows[:m], self.z[:m])  # argmax would make a new copy of what lies by column
        np.argmax(self.rows[:m], axis=1, out=self.guess[:m])
        np.equal(self.guess[:m], labels, out=self.right[:m])
        return loss, int(np.count_nonzero(self.right[:m]))
