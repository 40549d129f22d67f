"""Pictures of numbers -> their digits."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from os import PathLike
from typing import TYPE_CHECKING, BinaryIO

from nnfang import images
from nnfang.errors import NnfangError, PictureError
from nnfang.runs.hypotheses import choose_strings
from nnfang.runs.pictures import Prediction, read_pictures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nnfang.core.arrays import Array
    from nnfang.images.arrays import Box
    from nnfang.runs.classifier import Classifier


@dataclass(frozen=True, eq=False, repr=False)
class Digit(Prediction):
    """A digit of a number; what the network saw of it is its `picture`.

    Attributes:
        line: The number of its line on the page, from 0.
    """

    line: int = 0

    @property
    def box(self) -> Box:
        """Left, top, right and bottom, in pixels of the file."""
        return self.picture.crop


@dataclass(frozen=True)
class Mark:
    """What is on a line, but no digit.

    Attributes:
        reason: What it is taken for.
        box: Left, top, right and bottom, in pixels of the file.
        line: The number of its line on the page, from 0.
    """

    reason: str
    box: Box
    line: int


@dataclass(frozen=True, eq=False, repr=False)
class Number:
    """What a network reads on a picture of numbers.

    Attributes:
        name: The picture's path, or what else it was named by.
        digits: From left to right, lines from top to bottom.
        marks: What else is on the lines.
        warnings: What may be wrong, as text to show.
    """

    name: str
    digits: tuple[Digit, ...]
    marks: tuple[Mark, ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Number({self.name}: {self.label}, {self.probability:.3f})"

    @property
    def label(self) -> str:
        """The digits, with a space between lines."""
        return self.spell([digit.label for digit in self.digits])

    @property
    def probability(self) -> float:
        """The product of those of the digits."""
        return prod(digit.top(1)[0][1] for digit in self.digits)

    def spell(self, labels: list[str]) -> str:
        """A label for each digit, with a space between lines."""
        lines = [digit.line for digit in self.digits]
        breaks = (" " if line != before else "" for line, before in zip(lines, [lines[0], *lines], strict=False))
        return "".join(f"{space}{label}" for space, label in zip(breaks, labels, strict=True))


def predict_numbers(
    classifier: Classifier, pictures: Iterable[str | PathLike[str]], *, stdin: BinaryIO | None = None
) -> Iterator[Number | tuple[str, PictureError]]:
    """Read all digits on pictures, one picture at a time.

    Args:
        classifier: The network.
        pictures: Files, folders, patterns such as ``scans/*.png``, or samples such as ``sample:7``.
        stdin: What ``-`` stands for.

    Yields:
        What is on each picture; for one on which there is no digit, or that cannot be read, its name, and why.

    Raises:
        NnfangError: The network does not tell digits apart, or gives no probabilities.
    """
    check_digits(classifier)
    for name, page in read_pictures(pictures, images.load_page, stdin):
        if isinstance(page, PictureError):
            yield name, page
            continue
        try:
            yield _read_number(classifier, name, page)
        except PictureError as error:
            yield name, type(error)(error.reason, name)


def check_digits(classifier: Classifier) -> None:
    """Refuse a network that cannot read numbers.

    Raises:
        NnfangError: Its inputs are not prepared as digits, its classes are no characters, or its outputs no
            probabilities.
    """
    if len(classifier.input_shape) != 2 or classifier.preparation != "digit":  # noqa: PLR2004
        raise NnfangError("this network was not trained on images of digits, so it reads no numbers")
    if any(len(name) != 1 for name in classifier.class_names):
        raise NnfangError("this network's classes are not single characters, of which a number could be made")
    if not classifier.gives_probabilities:
        raise NnfangError("this network gives scores, not probabilities, by which the digits of a number are found")


def _read_number(classifier: Classifier, name: str, page: images.Page) -> Number:
    digits: list[Digit] = []
    marks: list[Mark] = []
    for number, string in enumerate(choose_strings(classifier, page)):
        for found in string:
            if found.prepared is not None and found.outputs is not None:
                familiarity = _measure_familiarity(classifier, found.prepared.image, found.outputs)
                answer = (name, classifier.class_names, found.outputs, found.prepared, familiarity)
                digits.append(Digit(*answer, line=number))
            elif found.reason:
                marks.append(Mark(found.reason, page.locate(found.piece), number))
    if not digits:
        raise PictureError(f"no digit found: only {marks[0].reason}")
    return Number(name, tuple(digits), tuple(marks), page.warnings)


def _measure_familiarity(classifier: Classifier, image: images.Grey, outputs: Array) -> float | None:
    """The familiarity of an image (h, w) of which the network made these outputs (classes,)."""
    known = classifier.familiarity
    return round(float(known.measure(image[None], outputs[None])[0]), 4) if known else None
