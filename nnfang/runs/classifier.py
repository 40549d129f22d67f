"""What tells classes apart and reads pictures: a trained network, or several together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from nnfang.runs.evaluation import evaluate_classifier

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    import numpy as np
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.data import Dataset
    from nnfang.errors import PictureError
    from nnfang.runs.evaluation import Split
    from nnfang.runs.numbers import Number
    from nnfang.runs.pictures import Prediction
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.familiarity import Familiarity

T = TypeVar("T")


class Classifier(ABC):
    """Images in, an output for each class out.

    Attributes:
        familiarity: What tells how much an image is like those of the training, where that is known.
    """

    familiarity: Familiarity | None

    @property
    @abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """One per output."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Height and width of an image, or how many numbers an input is."""

    @property
    @abstractmethod
    def preparation(self) -> str:
        """How pictures are made into inputs, see `nnfang.images`."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[np.floating]:
        """Of its outputs."""

    @property
    @abstractmethod
    def gives_probabilities(self) -> bool:
        """Whether the outputs are probabilities, rather than scores."""

    @property
    @abstractmethod
    def trained_on(self) -> str:
        """The name or path of the data set that it was trained on.

        Raises:
            DataError: Several networks were trained on different ones.
        """

    @abstractmethod
    def predict(self, images: Images) -> Array:
        """ŷ for each image (m, …), as `Network.predict`.  Returns (m, classes)."""

    @abstractmethod
    def judge(self, images: Images, labels: Labels, rows: Labels, outputs: Array) -> Evaluation:
        """Loss and confusion on some of the images, see `nnfang.training.evaluation.evaluate`."""

    @abstractmethod
    def measure_losses(self, images: Images, labels: Labels) -> npt.NDArray[np.float64]:
        """The loss of each image by itself, for a few images (n, …).  Returns (n,)."""

    @abstractmethod
    def choose_images(self, data: Dataset, split: Split) -> tuple[Images, Labels, Labels | None]:
        """The images and labels of a data set, and the indices of those in a split; None for all.

        Raises:
            DataError: It is not known which images are in the split.
        """

    def evaluate(self, data: Dataset, split: Split = "test") -> Evaluation:
        """Loss, accuracy and confusion on the test images of a data set, or on the images of its own training.

        Raises:
            DataError: The data set does not fit, or its training images are not those of this training.
        """
        return evaluate_classifier(self, data, split).evaluation

    def predict_pictures(self, pictures: Iterable[str | PathLike[str]], *, raw: bool = False) -> list[Prediction]:
        """Read pictures, prepare them as this network needs them, and predict them.

        Args:
            pictures: Files, folders, patterns such as ``scans/*.png``, or samples such as ``sample:7``.
            raw: Whether a picture is taken as it is: only converted to greyscale and resized, not inverted.

        Raises:
            PictureError: One cannot be read, or shows nothing.
            NnfangError: The network's inputs are no pictures.
        """
        from nnfang.runs.pictures import predict_pictures  # Pillow, which nothing else here needs

        return _unless_failed(predict_pictures(self, pictures, raw=raw))

    def predict_numbers(self, pictures: Iterable[str | PathLike[str]]) -> list[Number]:
        """Read all digits on pictures, from left to right and from top to bottom.

        Args:
            pictures: As for `predict_pictures`.

        Raises:
            PictureError: One cannot be read, or there is no digit on it.
            NnfangError: The network does not tell digits apart, or gives no probabilities.
        """
        from nnfang.runs.numbers import predict_numbers

        return _unless_failed(predict_numbers(self, pictures))


def _unless_failed(answers: Iterable[T | tuple[str, PictureError]]) -> list[T]:
    """All answers; the first failure is raised."""
    found = []
    for answer in answers:
        if isinstance(answer, tuple):
            raise answer[1]
        found.append(answer)
    return found
