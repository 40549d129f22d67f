"""How often a network reads pictures of a kind correctly, next to the same digits as MNIST has them."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnfang import images
from nnfang.core.arrays import Array, Images
from nnfang.errors import PictureError
from nnfang.images import Grey
from nnfang.images.arrays import Mask
from nnfang.runs.readings import choose
from nnfang.training.familiarity import Familiarity
from tests.images.kinds import Draw
from tests.images.pages import MNIST_SHAPE
from tests.images.shapes import Sample, draw_digits, take_digits


@dataclass(frozen=True)
class Outcome:
    """The digits of one kind, and which were read correctly; each array has one entry per digit.

    Attributes:
        pictures: Files.
        inputs: (n, 28, 28), what the network saw of each picture.
        samples: The digits.
        original: (n,), correct as MNIST has it.
        prepared: (n,), correct from its picture.
        naive: (n,), correct from its picture that was only converted to greyscale and resized.
    """

    pictures: list[bytes]
    inputs: Grey
    samples: list[Sample]
    original: Mask
    prepared: Mask
    naive: Mask


def measure_kind(
    draw: Draw,
    samples: list[Sample],
    rng: np.random.Generator,
    predict: Callable[[Images], Array],
    familiarity: Familiarity | None = None,
) -> Outcome:
    """Draw each digit, read the picture as `nnfang predict` does, and compare."""
    pictures = [draw(sample, rng) for sample in samples]
    labels = np.array([sample.label for sample in samples])

    def is_correct(x: Grey) -> Mask:
        correct: Mask = predict(x).argmax(axis=1) == labels
        return correct

    original = np.stack([sample.image for sample in samples])
    prepared = np.stack([load(picture, predict, familiarity) for picture in pictures])
    naive = np.stack([images.load(io.BytesIO(picture), MNIST_SHAPE, "plain") for picture in pictures])
    return Outcome(pictures, prepared, samples, is_correct(original), is_correct(prepared), is_correct(naive))


def load(picture: bytes, predict: Callable[[Images], Array], familiarity: Familiarity | None) -> Grey:
    """The reading that a network chooses; black if there is no ink."""
    try:
        readings = images.load_readings(io.BytesIO(picture), MNIST_SHAPE, "digit")
    except PictureError:
        return np.zeros(MNIST_SHAPE, np.uint8)
    return choose(readings, predict, familiarity).picture.image


def take_samples(count: int, rng: np.random.Generator) -> list[Sample]:
    """Three quarters from MNIST, the rest drawn stroke by stroke."""
    drawn = count // 4
    return take_digits(count - drawn, rng) + draw_digits(drawn, rng)
