"""Why a network says what it says of a picture: what was found, what speaks for it, and what it has seen like it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from nnfang import images
from nnfang.core.arrays import scale_pixels
from nnfang.data.registry import MNIST, SAMPLE
from nnfang.errors import DataError, NnfangError, PictureError, UnavailableError
from nnfang.runs.datasets import load_data
from nnfang.runs.evaluation import check_data, choose_images
from nnfang.runs.pictures import judge_pictures, to_prediction
from nnfang.runs.verdict import Verdict, judge
from nnfang.training.attribution import Attribution, LayerActivations, attribute
from nnfang.training.neighbours import Neighbours, find_nearest

if TYPE_CHECKING:
    from os import PathLike

    from nnfang.core.arrays import Array
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.pictures import Prediction

NEAREST = 5
"""Training images that are looked up."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A picture among training images.

    Attributes:
        name: What the data set is called.
        class_names: Its classes.
        neighbours: The nearest of its training images; None where there is nothing to compare with.
        note: Why there is nothing, or why it is another data set than that of the training; else empty.
    """

    name: str
    class_names: tuple[str, ...]
    neighbours: Neighbours | None
    note: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """All that can be told of an answer.

    Attributes:
        checkpoint: The network.
        prediction: What it says of which picture, and how that was prepared.
        page: The picture as it was read.
        stages: What was cut out, step by step; None where the whole picture was taken.
        attribution: What speaks for the answer, against the runner-up.
        layers: What each dense layer does.
        compared: The nearest training images.
    """

    checkpoint: Checkpoint
    prediction: Prediction
    page: images.Picture
    stages: images.Stages | None
    attribution: Attribution
    layers: list[LayerActivations]
    compared: Comparison

    def __repr__(self) -> str:
        return f"Explanation({self.prediction.name}: {self.winner}, not {self.rival})"

    def __str__(self) -> str:
        return str(self.verdict)

    @property
    def winner(self) -> str:
        """The class with the largest output."""
        return self.prediction.class_names[self.attribution.winner]

    @property
    def rival(self) -> str:
        """The runner-up."""
        return self.prediction.class_names[self.attribution.rival]

    @property
    def is_probability(self) -> bool:
        """Whether outputs are probabilities."""
        return self.checkpoint.gives_probabilities

    @property
    def neighbours_agree(self) -> bool | None:
        """Whether most of the nearest training images are of the class that was named; None where there are none."""
        if self.compared.neighbours is None:
            return None
        agreeing = self.compared.neighbours.labels == self.attribution.winner
        return bool(2 * agreeing.sum() > len(agreeing))

    @cached_property
    def verdict(self) -> Verdict:
        """Whether to believe the answer, and why."""
        return judge(self)


def explain_picture(
    checkpoint: Checkpoint,
    picture: str | PathLike[str],
    *,
    raw: bool = False,
    stdin: BinaryIO | None = None,
    data: Dataset | None = None,
) -> Explanation:
    """Predict a picture, and tell why.

    Args:
        checkpoint: The network, and how pictures are prepared for it.
        picture: A file, or a sample such as ``sample:7``; a folder or a pattern that there is one picture in.
        raw: Whether it is taken as it is: only converted to greyscale and resized, not inverted.
        stdin: What ``-`` stands for.
        data: Whose training images it is compared with; by default what the network was trained on, if that is here.

    Raises:
        PictureError: It cannot be read, or shows nothing.
        NnfangError: There are several pictures; the network's inputs are no pictures, or its outputs no numbers.
    """
    (name, judged), *others = islice(judge_pictures(checkpoint, [picture], raw=raw, stdin=stdin), 2)
    if others:
        raise NnfangError("there are several pictures; one at a time is explained", picture)
    if isinstance(judged, PictureError):
        raise judged
    if not np.isfinite(judged.outputs).all():
        raise NnfangError("this network's outputs are infinite or not a number, so there is nothing to explain")
    if judged.page is None:
        raise ValueError("the reading does not tell what was read")
    image = judged.picture.image
    winner, rival = (-judged.outputs).argsort(kind="stable")[:2].tolist()
    attribution, layers = attribute(checkpoint.network, as_input(checkpoint, image), winner, rival)
    return Explanation(
        checkpoint,
        to_prediction(checkpoint, name, judged),
        judged.page,
        None
        if judged.picture.ink is None
        else images.list_stages(judged.picture.ink, (image.shape[0], image.shape[1])),
        attribution,
        layers,
        compare(checkpoint, image, data),
    )


def as_input(checkpoint: Checkpoint, image: images.Grey) -> Array:
    """An image (h, w) as the network takes it: (inputs,), from 0 to 1."""
    x = np.empty((1, checkpoint.network.inputs), checkpoint.dtype)
    scale_pixels(image[None], x)
    row: Array = x[0]
    return row


def compare(checkpoint: Checkpoint, image: images.Grey, data: Dataset | None = None) -> Comparison:
    """Find the training images that are nearest to an image (h, w); nothing is downloaded.

    Args:
        checkpoint: The network.
        image: What it sees.
        data: Whose training images they are; by default those that the network was trained on. Where these are not on
            this computer, but of MNIST, those of the sample that comes with nnfang.
    """
    name, note = data.name if data else checkpoint.meta.dataset.name, ""
    try:
        if data is None:
            data, note = _load(checkpoint.trained_on)
        check_data(checkpoint, data)
        is_own = data.fingerprint == checkpoint.meta.dataset.fingerprint
        if data.name == checkpoint.meta.dataset.name and not is_own:
            note = "it has changed since the training"
        rows = choose_images(checkpoint, data, "train")[2] if is_own else None
    except UnavailableError:
        return Comparison(name, checkpoint.class_names, None, f"{name} is not in the cache")
    except DataError as error:
        reason = error.reason.splitlines()[0].removesuffix(".")
        return Comparison(name, checkpoint.class_names, None, f"{name} cannot be used here: {reason}")
    rows = np.arange(len(data.y_train)) if rows is None else rows
    neighbours = find_nearest(image, data.x_train, data.y_train, rows, NEAREST)
    return Comparison(data.name, data.class_names, neighbours, note)


def _load(name: str) -> tuple[Dataset, str]:
    """A data set that is on this computer, and why it is not the one that was asked for.

    Raises:
        DataError: It is not here.
    """
    try:
        return load_data(name, offline=True, warn=lambda _: None), ""
    except UnavailableError:
        if name != MNIST.name:
            raise
    return load_data(SAMPLE), f"{name} is not in the cache"
