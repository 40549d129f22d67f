"""Whether a network is right as often as it says: of images that it is 90% sure of, 90% should be classified correctly.

Source: Guo, Pleiss, Sun, Weinberger 2017, On Calibration of Modern Neural Networks, eq. 2 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Labels

BINS = 15
"""Equally wide parts of 0 to 1, as in the source."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The images by how sure the network is of them: bin i holds what is over i / bins, and at most (i + 1) / bins.

    Attributes:
        images: (bins,) how many.
        confidence: (bins,) mean probability of the predicted class; 0 where there are no images.
        accuracy: (bins,) fraction classified correctly; 0 where there are no images.
    """

    images: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]

    @property
    def error(self) -> float:
        """The expected calibration error: the mean over the images of their bin's |accuracy - confidence|."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float(self.images @ gaps / self.images.sum())

    def describe_bins(self) -> list[dict[str, float]]:
        """The bins that hold images, for a program: what the confidence is over, and at most; images; the means."""
        edges = np.linspace(0, 1, len(self.images) + 1).tolist()
        rows = zip(
            edges, edges[1:], self.images.tolist(), self.confidence.tolist(), self.accuracy.tolist(), strict=False
        )
        return [dict(zip(("over", "to", "n", "confidence", "accuracy"), row, strict=True)) for row in rows if row[2]]


def measure_calibration(probabilities: Array, labels: Labels, bins: int = BINS) -> Calibration | None:
    """Sort images into bins by the probability of their predicted class.

    Args:
        probabilities: (n, classes), n > 0.
        labels: (n,) true classes.
        bins: How many.

    Returns:
        None where a probability is no number.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    if np.isnan(confidence).any():
        return None
    is_correct = probabilities.argmax(axis=1) == labels
    number = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(number, minlength=bins)
    divisor = np.maximum(images, 1)
    return Calibration(
        images,
        np.bincount(number, confidence, minlength=bins) / divisor,
        np.bincount(number, is_correct, minlength=bins) / divisor,
    )
