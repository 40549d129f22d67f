"""The images that a network gets wrong, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Labels
    from nnfang.reports.result import Result


@dataclass(frozen=True, eq=False)
class Mistakes:
    """Images classified wrongly, sorted by their loss, the largest first.

    Attributes:
        rows: (k,) where they are among the test or training images, counted from 0.
        true: (k,) their classes.
        predicted: (k,) what they were taken for.
        confidence: (k,) the network's output for that: a probability, where its outputs are.
        losses: (k,) the loss of each by itself.
    """

    rows: Labels
    true: Labels
    predicted: Labels
    confidence: Array
    losses: npt.NDArray[np.float64]

    @classmethod
    def of(cls, result: Result) -> Self:
        """Those of an evaluation."""
        outcome = result.outcome
        wrong = (outcome.predicted != outcome.labels).nonzero()[0]
        rows, true, predicted = outcome.rows[wrong], outcome.labels[wrong], outcome.predicted[wrong]
        losses = result.classifier.measure_losses(outcome.images[rows], true)
        order = np.argsort(-np.nan_to_num(losses, nan=np.inf), kind="stable")
        confidence = outcome.outputs[wrong, predicted]
        return cls(rows[order], true[order], predicted[order], confidence[order], losses[order])

    def most_confident(self, most: int) -> npt.NDArray[np.int64]:
        """(≤ most,) the places of those of which the network was surest, the surest first."""
        order: npt.NDArray[np.int64] = np.argsort(-self.confidence, kind="stable")[:most]
        return order
