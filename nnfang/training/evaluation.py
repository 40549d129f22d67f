"""How good a network is on labelled images."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Array, Images, Labels, scale_pixels
from nnfang.core.backprop import forward
from nnfang.core.losses import output_loss
from nnfang.core.network import Network
from nnfang.core.workspace import head

BLOCK = 512
"""Images evaluated at a time."""

NORMAL_975 = 1.959963984540054
"""The 97.5% quantile of the standard normal distribution, for an interval of 95%."""


@dataclass(frozen=True)
class ClassScore:
    """One class against all others; None where a denominator is zero.

    Attributes:
        precision: Of the images called this class, the fraction that are.
        recall: Of the images of this class, the fraction called so.
        f1: Harmonic mean of the two.
        support: Images of this class.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Loss and confusion of a network on some images.

    Attributes:
        loss: Mean over the images.
        confusion: (classes, classes) counts: row = true class, column = predicted class.
    """

    loss: float
    confusion: npt.NDArray[np.int64]

    def __repr__(self) -> str:
        low, high = self.interval
        accuracy = f"accuracy {self.accuracy:.2%} (95% interval {low:.2%} to {high:.2%})"
        return f"Evaluation({accuracy}, loss {self.loss:.4f}, {self.n:,} images)"

    @property
    def n(self) -> int:
        """Number of images."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Number of images classified correctly."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """Fraction of images classified correctly."""
        return self.correct / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the accuracy."""
        return wilson_interval(self.correct, self.n)

    def class_scores(self) -> list[ClassScore]:
        """Precision, recall and F1 of each class."""
        correct = np.diag(self.confusion)
        predicted, true = self.confusion.sum(axis=0), self.confusion.sum(axis=1)
        return [
            ClassScore(_ratio(r, p), _ratio(r, t), _ratio(2 * r, p + t), int(t))
            for r, p, t in zip(correct.tolist(), predicted.tolist(), true.tolist(), strict=True)
        ]


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def wilson_interval(correct: int, n: int, z: float = NORMAL_975) -> tuple[float, float]:
    """The score interval of a fraction of `correct` in `n`; unlike p ± z σ it never leaves 0 .. 1.

    Source: Wilson 1927.

    Args:
        correct: From 0 to n.
        n: At least 1.
        z: Quantile of the standard normal distribution; by default the interval is one of 95%.
    """
    p = correct / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))  # p, against rounding at 0 and 1


def evaluate(
    network: Network,
    loss: str,
    images: Images,
    labels: Labels,
    rows: Labels | None = None,
    outputs: Array | None = None,
) -> Evaluation:
    """Predict and compare, a block at a time; dropout is off.

    Args:
        network: Left as it is.
        loss: Name of the loss.
        images: (n, …), as for `Network.predict`.
        labels: (n,) classes.
        rows: Numbers of the images to look at; None means all.
        outputs: (rows, classes), where ŷ of each image is written; None if nobody wants it.

    Raises:
        ValueError: There is nothing to look at.
    """
    from nnfang.engines.layout import allocate_workspace  # which prediction does not need

    rows = np.arange(len(images)) if rows is None else rows
    if not len(rows):
        raise ValueError("there are no images to evaluate")
    size = min(BLOCK, len(rows))
    workspace, x = allocate_workspace(network, size), np.empty((size, network.inputs), network.dtype)
    tally = Tally(network, loss)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        m = len(block)
        scale_pixels(images[block], x[:m])
        part = head(workspace, m)
        last = part[-1]
        with np.errstate(all="ignore"):  # a loss that is not finite says all there is to say
            forward(network, x[:m], part)
            tally.add(last.z, last.a, labels[block], last.scratch)
        if outputs is not None:
            outputs[start : start + m] = last.a
    return tally.evaluation


class Tally:
    """Adds up loss and confusion, a block of images at a time."""

    def __init__(self, network: Network, loss: str) -> None:
        """Nothing has been looked at.

        Args:
            network: What is evaluated.
            loss: Name of the loss.
        """
        self._output = output_loss(network.output_activation, loss)
        self._one_hot = np.eye(network.outputs, dtype=network.dtype)
        self._confusion = np.zeros((network.outputs, network.outputs), np.int64)
        self._total = 0.0

    def add(self, z: Array, y_hat: Array, labels: Labels, scratch: Array) -> None:
        """Take some images into account.

        Args:
            z: (m, classes), of the output layer.
            y_hat: (m, classes), its activations.
            labels: (m,) true classes.
            scratch: (2, m, classes), which is overwritten.
        """
        self._total += len(labels) * self._output.measure(z, self._one_hot[labels], scratch)
        np.add.at(self._confusion, (labels, y_hat.argmax(axis=1)), 1)

    @property
    def evaluation(self) -> Evaluation:
        """Of all images so far, of which there must be one."""
        return Evaluation(self._total / int(self._confusion.sum()), self._confusion)


def measure_losses(network: Network, loss: str, images: Images, labels: Labels) -> npt.NDArray[np.float64]:
    """The loss of each image by itself, whose mean is that of `evaluate`.

    It is computed from z as there, one image at a time: for a few images, such as those that were misread.

    Args:
        network: Left as it is.
        loss: Name of the loss.
        images: (n, …), as for `Network.predict`.
        labels: (n,) classes.

    Returns:
        (n,).
    """
    from nnfang.engines.layout import allocate_workspace  # as above

    output, one_hot = output_loss(network.output_activation, loss), np.eye(network.outputs, dtype=network.dtype)
    workspace, x = allocate_workspace(network, 1), np.empty((1, network.inputs), network.dtype)
    losses, last = np.empty(len(labels)), workspace[-1]
    for i, label in enumerate(labels):
        scale_pixels(images[i : i + 1], x)
        with np.errstate(all="ignore"):  # as in `evaluate`
            forward(network, x, workspace)
            losses[i] = output.measure(last.z, one_hot[label : label + 1], last.scratch)
    return losses
