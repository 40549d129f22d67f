"""Several networks that answer together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.losses import LOSSES
from nnfang.errors import DataError, NnfangError
from nnfang.runs.classifier import Classifier
from nnfang.training.evaluation import BLOCK, Evaluation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.evaluation import Split


class Committee(Classifier):
    """Networks of the same classes; the probability of a class is the mean of theirs.

    The cross-entropy of the mean is never larger than the mean of the cross-entropies, since -log is convex: together,
    networks are at least as good as one of them chosen at random (Jensen 1906).

    Attributes:
        members: The networks.
        familiarity: That of the first that has one: it knows the training images, and is told what all networks say.
    """

    def __init__(self, members: Sequence[Checkpoint]) -> None:
        """Let networks answer together.

        Args:
            members: At least one.

        Raises:
            NnfangError: They do not fit together, or give no probabilities, of which there could be a mean.
        """
        first = members[0]
        for other in members:
            if difference := _find_difference(first, other):
                raise NnfangError(f"these networks cannot answer together: {difference}")
        if not first.gives_probabilities:
            raise NnfangError("these networks give scores, not probabilities, of which there could be a mean")
        self.members = tuple(members)
        self.familiarity = next((member.familiarity for member in members if member.familiarity), None)

    def __repr__(self) -> str:
        return f"Committee({', '.join(map(repr, self.members))})"

    @property
    def class_names(self) -> tuple[str, ...]:
        """One per output."""
        return self.members[0].class_names

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height and width of an image, or how many numbers an input is."""
        return self.members[0].input_shape

    @property
    def preparation(self) -> str:
        """How pictures are made into inputs, see `nnfang.images`."""
        return self.members[0].preparation

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Of its outputs, that of the most precise member."""
        return np.result_type(*(member.dtype for member in self.members))

    @property
    def gives_probabilities(self) -> bool:
        """As each member does."""
        return True

    @property
    def trained_on(self) -> str:
        """The name or path of the data set that all members were trained on.

        Raises:
            DataError: They were trained on different ones.
        """
        names = sorted({member.trained_on for member in self.members})
        if len(names) > 1:
            raise DataError(f"the networks were trained on different data sets: {', '.join(names)}")
        return names[0]

    def predict(self, images: Images) -> Array:
        """ŷ = Σ_k ŷ_k / K for each image (m, …).  Returns (m, classes)."""
        total = np.zeros((len(images), len(self.class_names)), self.dtype)
        for member in self.members:
            total += member.predict(images)
        total /= len(self.members)
        return total

    def judge(self, images: Images, labels: Labels, rows: Labels, outputs: Array) -> Evaluation:
        """Loss and confusion on some of the images, see `nnfang.training.evaluation.evaluate`."""
        confusion = np.zeros((len(self.class_names), len(self.class_names)), np.int64)
        total = 0.0
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            y_hat = outputs[start : start + BLOCK] = self.predict(images[block])
            total += len(block) * self._measure(y_hat, labels[block])
            np.add.at(confusion, (labels[block], y_hat.argmax(axis=1)), 1)
        return Evaluation(total / len(rows), confusion)

    def measure_losses(self, images: Images, labels: Labels) -> npt.NDArray[np.float64]:
        """The loss of each image by itself, for a few images (n, …).  Returns (n,)."""
        each = zip(self.predict(images), labels, strict=True)
        return np.array([self._measure(y_hat[None], label[None]) for y_hat, label in each])

    def choose_images(self, data: Dataset, split: Split) -> tuple[Images, Labels, Labels | None]:
        """All test images.

        Raises:
            DataError: Others are asked for; each network may have been trained on other ones of them.
        """
        if split != "test":
            raise DataError(f"several networks can be evaluated together only on test images, not on {split} images")
        return data.x_test, data.y_test, None

    def _measure(self, y_hat: Array, labels: Labels) -> float:
        """The mean loss of images, from (m, classes) and (m,): infinite where a true class has probability 0."""
        y = np.eye(len(self.class_names), dtype=y_hat.dtype)[labels]
        with np.errstate(all="ignore"):  # as in `nnfang.training.evaluation.evaluate`
            return LOSSES[self.members[0].recipe.loss].function(y, y_hat, np.empty_like(y))


def _find_difference(one: Checkpoint, other: Checkpoint) -> str | None:
    """In what two networks differ that must not; None for nothing."""
    if one.class_names != other.class_names:
        return "their classes are not the same"
    if one.input_shape != other.input_shape:
        return f"the inputs of one are {one.input_shape}, those of another {other.input_shape}"
    if one.preparation != other.preparation:
        return "pictures are prepared differently for them"
    if one.recipe.loss != other.recipe.loss:
        return f"one was trained with the loss {one.recipe.loss}, another with {other.recipe.loss}"
    return None
