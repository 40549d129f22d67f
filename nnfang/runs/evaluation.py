"""How good a trained network is on images: those of a test, or those that were in its training."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import numpy as np

from nnfang.core.constraints import FieldError
from nnfang.errors import CheckpointError, DataError, NnfangWarning
from nnfang.training.batches import split_rows

if TYPE_CHECKING:
    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.classifier import Classifier
    from nnfang.training.evaluation import Evaluation

logger = logging.getLogger(__name__)

Split = Literal["test", "validation", "train"]


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """What a network made of each image of a split.

    Attributes:
        evaluation: All images taken together.
        outputs: (n, classes) ŷ: with a softmax output, the probabilities of the classes.
        labels: (n,) true classes.
        images: The test or training images of the data set, among which those of the split are.
        rows: (n,) where these are there.
    """

    evaluation: Evaluation
    outputs: Array
    labels: Labels
    images: Images
    rows: Labels

    @property
    def predicted(self) -> Labels:
        """(n,) predicted classes."""
        predicted: Labels = self.outputs.argmax(axis=1)
        return predicted


def evaluate_classifier(classifier: Classifier, data: Dataset, split: Split = "test") -> Outcome:
    """Let a network look at the images of a split.

    Args:
        classifier: The network, or several.
        data: With images of the same shape and as many classes.
        split: Which images; training and validation images are those of its training.

    Raises:
        DataError: The data set does not fit, or it cannot be told what was trained on.
        CheckpointError: Such a training there was not.
    """
    check_data(classifier, data)
    images, labels, rows = classifier.choose_images(data, split)
    begin = perf_counter()
    rows = np.arange(len(images)) if rows is None else rows
    outputs = np.empty((len(rows), len(classifier.class_names)), classifier.dtype)
    result = classifier.judge(images, labels, rows, outputs)
    logger.info("Evaluated %s %s images in %.2f s", f"{result.n:,}", split, perf_counter() - begin)
    return Outcome(result, outputs, labels[rows], images, rows)


def check_data(classifier: Classifier, data: Dataset) -> None:
    """Refuse a data set that the network was not made for; warn if a class has another name.

    Raises:
        DataError: Its images have another shape, or it has another number of classes.
    """
    trained_on = classifier.input_shape
    if data.input_shape != trained_on:
        raise DataError(f"its images are {data.input_shape}, the network was trained on {trained_on}", data.name)
    found, known = len(data.class_names), len(classifier.class_names)
    if found != known:
        raise DataError(f"it has {found} classes, the network was trained on {known}", data.name)
    for trained, name in zip(classifier.class_names, data.class_names, strict=True):
        if trained != name:
            warnings.warn(
                f'{data.name} calls "{name}" what the network was trained on as "{trained}"; are they the same?',
                NnfangWarning,
                stacklevel=3,
            )
            return


def choose_images(checkpoint: Checkpoint, data: Dataset, split: Split) -> tuple[Images, Labels, Labels | None]:
    """The images and labels of a data set, and the indices of those in a split; None for all.

    Raises:
        DataError: It is not what the network was trained on, so that its images cannot be told apart; or nothing was
            held out.
        CheckpointError: No training on it divides its images as the recipe says.
    """
    if split == "test":
        return data.x_test, data.y_test, None
    trained_on = checkpoint.meta.dataset
    if data.fingerprint != trained_on.fingerprint:
        reason = (
            "it has changed since the network was trained on it"
            if data.name == trained_on.name
            else f"the network was trained on {trained_on.name}"
        )
        raise DataError(f"{reason}, so its {split} images are unknown; its test images can be used", data.name)
    train_rows, validation_rows = split_as_trained(checkpoint, len(data.y_train))
    if split == "validation" and not len(validation_rows):
        raise DataError("the network was trained with validation_split 0, so there are no such images", data.name)
    return data.x_train, data.y_train, train_rows if split == "train" else validation_rows


def split_as_trained(checkpoint: Checkpoint, images: int) -> tuple[Labels, Labels]:
    """The indices of the images that a network was trained on, and of those that were held out, see `split_rows`.

    Args:
        checkpoint: The network.
        images: Training images of its data set.

    Raises:
        CheckpointError: Nothing would be left to train on, or to validate with, so there was no such training.
    """
    try:
        return split_rows(images, checkpoint.recipe)
    except FieldError as error:
        raise CheckpointError(f"damaged: no training begins so: {error}") from error
