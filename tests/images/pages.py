"""Pages with a digit on them, and how the images made of them are measured."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from nnfang import images
from nnfang.images import Grey

MNIST_SHAPE = (28, 28)


def draw(digit: Grey, size: tuple[int, int] = (150, 200), scale: int = 4, at: tuple[int, int] = (20, 70)) -> Grey:
    """A page (h, w) with the digit, enlarged, somewhere on it; ink 255 on paper 0."""
    side = 28 * scale
    page = np.zeros(size, np.uint8)
    enlarged = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    page[at[0] : at[0] + side, at[1] : at[1] + side] = np.asarray(enlarged)
    return page


def colour(page: Grey, paper: tuple[int, ...], ink: tuple[int, ...]) -> Grey:
    """A page of ink 0 .. 255 in two colours, (h, w, channels)."""
    coverage = page[..., None] / 255
    return np.rint(np.array(paper) * (1 - coverage) + np.array(ink) * coverage).astype(np.uint8)


def darken(page: Grey, paper: np.typing.ArrayLike, ink: float = 40) -> Grey:
    """A page of ink 0 .. 255 on paper in any light, (h, w)."""
    coverage = page / 255
    levels: Grey = (np.asarray(paper) * (1 - coverage) + ink * coverage).astype(np.uint8)
    return levels


def save(path: Path, picture: Image.Image | npt.NDArray[Any], **options: Any) -> Path:
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def load(path: Path) -> Grey:
    return images.load(path, MNIST_SHAPE, "digit")


def difference(a: Grey, b: Grey) -> float:
    """Mean absolute difference in levels; it is 30 or more for two different digits."""
    return float(np.abs(a.astype(int) - b).mean())


def centre_of_mass(image: Grey) -> tuple[float, float]:
    mass = image.sum()
    y, x = np.indices(image.shape)
    return float((y * image).sum() / mass), float((x * image).sum() / mass)


def extent(image: Grey) -> tuple[int, int]:
    """Height and width of what is not 0."""
    y, x = np.nonzero(image)
    return int(np.ptp(y)) + 1, int(np.ptp(x)) + 1
