"""Pictures -> what a trained network says they show."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from os import PathLike, fspath
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from nnfang import images
from nnfang.errors import NnfangError, PictureError
from nnfang.runs.readings import choose
from nnfang.training.familiarity import UNFAMILIAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from nnfang.core.arrays import Array
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.readings import Judged


T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What a network says a picture shows.

    Attributes:
        name: The picture's path, or what else it was named by.
        class_names: One per output.
        outputs: (classes,), with a softmax output the probabilities.
        picture: What the network saw, and how that was made of the picture.
        familiarity: The share of true images that are no more like those of the training, from 0.001 to 1; None where
            the network does not know those.
    """

    name: str
    class_names: tuple[str, ...]
    outputs: Array
    picture: images.Prepared
    familiarity: float | None = None

    def __repr__(self) -> str:
        return f"Prediction({self.name}: {self.label}, {self.top(1)[0][1]:.3f})"

    @property
    def label(self) -> str:
        """The class with the largest output."""
        return self.top(1)[0][0]

    @property
    def is_unfamiliar(self) -> bool:
        """Whether only one true image in a hundred is as unlike those of the training."""
        return self.familiarity is not None and self.familiarity < UNFAMILIAR

    def top(self, k: int) -> list[tuple[str, float]]:
        """The `k` classes with the largest outputs, and the outputs; largest first."""
        order = (-self.outputs).argsort(kind="stable")[:k]
        return [(self.class_names[i], float(self.outputs[i])) for i in order]


def predict_pictures(
    classifier: Classifier, pictures: Iterable[str | PathLike[str]], *, raw: bool = False, stdin: BinaryIO | None = None
) -> Iterator[Prediction | tuple[str, PictureError]]:
    """Read pictures and predict them, one at a time.

    Args:
        classifier: The network, or several, and how pictures are prepared for it.
        pictures: Files, folders, patterns such as ``scans/*.png``, or samples such as ``sample:7``.
        raw: Whether a picture is taken as it is: only converted to greyscale and resized, not inverted.
        stdin: What ``-`` stands for.

    Yields:
        A prediction for each picture; for one that cannot be read its name, and why.

    Raises:
        NnfangError: The network's inputs are no pictures.
    """
    for name, judged in judge_pictures(classifier, pictures, raw=raw, stdin=stdin):
        if isinstance(judged, PictureError):
            yield name, judged
        else:
            yield to_prediction(classifier, name, judged)


def to_prediction(classifier: Classifier, name: str, judged: Judged) -> Prediction:
    """What is said of a picture; what it was made of, which can be large, is not kept."""
    familiarity = None if judged.familiarity is None else round(judged.familiarity, 4)
    picture = replace(judged.picture, ink=None)
    return Prediction(name, classifier.class_names, judged.outputs, picture, familiarity)


def judge_pictures(
    classifier: Classifier, pictures: Iterable[str | PathLike[str]], *, raw: bool = False, stdin: BinaryIO | None = None
) -> Iterator[tuple[str, Judged | PictureError]]:
    """The name of each picture, and its reading or why it cannot be read; for arguments see `predict_pictures`."""
    shape = classifier.input_shape
    if len(shape) != 2:  # noqa: PLR2004 - height and width
        raise NnfangError(f"this network's inputs are {shape[0]} numbers, not a picture of a height and a width")
    preparation = "plain" if raw else classifier.preparation
    begin = perf_counter()

    def load(source: Path | BinaryIO, name: str | None = None) -> images.Readings:
        return images.load_readings(source, shape, preparation, name)

    for name, readings in read_pictures(pictures, load, stdin):
        if isinstance(readings, PictureError):
            _log_reading(name, readings, preparation, perf_counter() - begin)
            yield name, readings
        else:
            chosen = choose(readings, classifier.predict, classifier.familiarity)
            _log_reading(name, chosen.picture, preparation, perf_counter() - begin)
            yield name, chosen
        begin = perf_counter()


def _log_reading(name: str, picture: images.Prepared | PictureError, preparation: str, seconds: float) -> None:
    if isinstance(picture, images.Prepared):
        inversion = "inverted" if picture.is_inverted else "not inverted"
        how = f"prepared as {preparation}, {inversion}, cropped to {picture.crop}"
        logger.info("%s: %s, in %.0f ms", name, how, seconds * 1000)
    else:
        logger.info("%s: skipped, after %.0f ms", name, seconds * 1000)


def read_pictures(
    pictures: Iterable[str | PathLike[str]], load: Callable[[Path | BinaryIO, str | None], T], stdin: BinaryIO | None
) -> Iterator[tuple[str, T | PictureError]]:
    """What is loaded of each picture, or why it cannot be read; in the order of the arguments.

    Args:
        pictures: As for `predict_pictures`.
        load: A file or a stream, and what errors call it -> what is made of it.
        stdin: What ``-`` stands for.
    """
    for argument in (fspath(picture) for picture in pictures):
        try:
            if argument == "-" and stdin:
                yield "-", load(stdin, "standard input")
            elif argument.startswith(images.PREFIX):
                yield argument, load(images.find_sample(argument), argument)
            else:
                for path in images.find_pictures([argument]):
                    try:
                        yield str(path), load(path, None)
                    except PictureError as error:
                        yield str(path), error
        except PictureError as error:
            yield argument, error
