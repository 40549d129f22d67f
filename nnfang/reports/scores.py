"""What can be told from the outputs of a network and the true classes, beside its accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Labels


@dataclass(frozen=True)
class Confusion:
    """One class taken for another.

    Attributes:
        true: Number of the class that the images are of.
        predicted: Number of the class that they were taken for.
        images: How many were.
    """

    true: int
    predicted: int
    images: int


def find_confusions(confusion: npt.NDArray[np.int64], most: int) -> list[Confusion]:
    """The pairs of classes that are confused most often, the most frequent first; those of a tie by their numbers.

    Args:
        confusion: (classes, classes) counts: row = true class, column = predicted class.
        most: Pairs at most.
    """
    errors = confusion - np.diag(np.diag(confusion))
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    true, predicted = np.unravel_index(order, errors.shape)
    counts = errors[true, predicted]
    rows = zip(true.tolist(), predicted.tolist(), counts.tolist(), strict=True)
    return [Confusion(*row) for row in rows if row[2]]


def rank_labels(outputs: Array, labels: Labels) -> npt.NDArray[np.int64]:
    """The place of the true class among all classes, 0 for the most likely.  outputs (n, classes), labels (n,) -> (n,).

    Of equal outputs the first comes first, and what is no number before all others, as in `numpy.argmax`: so the
    images of rank 0 are those that are classified correctly.
    """
    outputs = np.where(np.isnan(outputs), np.inf, outputs)
    of_label = np.take_along_axis(outputs, labels[:, None].astype(np.intp), axis=1)
    is_before = np.arange(outputs.shape[1]) < labels[:, None]
    ranks: npt.NDArray[np.int64] = ((outputs > of_label) | ((outputs == of_label) & is_before)).sum(axis=1)
    return ranks


def count_in_top(outputs: Array, labels: Labels, k: int) -> int:
    """Images whose true class is among the `k` most likely.  outputs (n, classes), labels (n,)."""
    return int((rank_labels(outputs, labels) < k).sum())
