"""A grey picture -> an image like those that a network was trained on.

Every step is a function from array to array. The steps for digits are those by which MNIST was made: Y. LeCun,
L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11), 1998,
section III.A.
"""

from collections.abc import Callable

import numpy as np

from nnfang.errors import PictureError
from nnfang.images.reading import Grey

FIELD, BOX = 28, 20
"""MNIST's images, and the box within them into which a digit is scaled; in pixels."""

GRAIN = 6
"""How far paper strays from its median, in median absolute deviations: 4 standard deviations of Gaussian noise."""

MIN_CONTRAST = 8
"""Grey levels between the grain of the paper and the ink, below which a page counts as blank."""

INK = 0.25
"""The share of full ink that makes a pixel part of a digit."""


def prepare_digit(grey: Grey, shape: tuple[int, int]) -> Grey:
    """As MNIST was made: the ink scaled into a box of 20/28 of the field, its centre of mass in the field's middle.

    A picture that has this form already, which is to say the right shape and an empty border, stays as it is.

    Args:
        grey: (any height, any width), dark ink on light paper or the reverse.
        shape: (h, w) of the field.

    Returns:
        (h, w), the paper 0 and the ink up to 255.

    Raises:
        PictureError: there is no ink.
    """
    dark = darken_paper(grey)
    if grey.shape == shape and dark.any() and not take_border(dark).any():
        return dark
    ink = stretch_ink(dark)
    height, width = (max(1, round(side * BOX / FIELD)) for side in shape)
    return place_by_mass(fit(ink[find_ink(ink)], (height, width)), shape)


def prepare_negative(grey: Grey, shape: tuple[int, int]) -> Grey:
    """Dark background, resized to fill `shape` whatever the aspect.  (height, width) -> (h, w)."""
    return resize(darken_paper(grey), shape)


def take_border(grey: Grey) -> Grey:
    """The pixels of the frame of a picture, 2 % of its sides wide but at least one.  (h, w) -> (pixels,)."""
    across = max(1, min(grey.shape) // 50)
    inner = grey[across:-across]
    parts = grey[:across], grey[-across:], inner[:, :across], inner[:, -across:]
    return np.concatenate([part.ravel() for part in parts])


def measure_range(grey: Grey) -> tuple[int, int]:
    """The darkest and the lightest level, but for a handful of pixels at either end.  (h, w)."""
    few = 4 + grey.size // 20_000
    below = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    low, high = np.searchsorted(below, (few, max(few, grey.size - few)))
    return int(low), int(high)


def darken_paper(grey: Grey) -> Grey:
    """Invert a picture whose border is nearer to its lightest than to its darkest.  (h, w) -> (h, w)."""
    low, high = measure_range(grey)
    paper = np.median(take_border(grey))
    return np.invert(grey) if paper - low > high - paper else grey


def stretch_ink(dark: Grey) -> Grey:
    """Bring paper, with its grain, to 0 and ink, which is lighter, to 255.  (h, w) -> (h, w).

    Raises:
        PictureError: nothing stands out from the grain.
    """
    border = take_border(dark)
    paper = np.median(border)
    black = paper + GRAIN * np.median(np.abs(border - paper))
    _, white = measure_range(dark)
    if white - black < MIN_CONTRAST:
        raise PictureError("no ink found: nothing stands out from the paper")
    levels = (np.arange(256) - black) * (255 / (white - black))
    return np.take(np.rint(levels.clip(0, 255)).astype(np.uint8), dark)


def find_ink(ink: Grey) -> tuple[slice, slice]:
    """Rows and columns of the smallest box that holds all pixels of ink but lone specks.  (h, w).

    Raises:
        PictureError: there are specks at most.
    """
    is_ink = ink > INK * 255
    # How many of the 3x3 pixels around each one are ink: first within columns, then across.
    padded = np.pad(is_ink, 1).view(np.uint8)
    columns = padded[:-2] + padded[1:-1] + padded[2:]
    is_ink &= columns[:, :-2] + columns[:, 1:-1] + columns[:, 2:] > 1
    if not is_ink.any():
        raise PictureError("no ink found: there are only specks on the paper")
    y, x = (np.flatnonzero(is_ink.any(axis=axis)) for axis in (1, 0))
    return slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)


def fit(ink: Grey, box: tuple[int, int]) -> Grey:
    """Scale ink to the largest size that the box takes, keeping its aspect.  (height, width) -> (<= h, <= w)."""
    scale = min(box[0] / ink.shape[0], box[1] / ink.shape[1])
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = resize(ink, (height, width))
    # Thin lines are faint once they are scaled down.
    full: Grey = np.rint(small * (255 / max(1, small.max()))).astype(np.uint8)
    return full


def resize(grey: Grey, shape: tuple[int, int]) -> Grey:
    """Resample with anti-aliasing (Lanczos); a picture of this shape stays as it is.  (height, width) -> (h, w)."""
    from PIL import Image

    height, width = shape
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.LANCZOS))


def place_by_mass(ink: Grey, shape: tuple[int, int]) -> Grey:
    """Put ink on an empty field, its centre of mass at pixel (h / 2, w / 2), where MNIST has it.

    Args:
        ink: (height, width), no larger than the field.
        shape: (h, w) of the field.

    Returns:
        (h, w); no ink is pushed over the edge, even if the centre of mass ends up beside the middle.
    """
    field = np.zeros(shape, np.uint8)
    window = []
    for axis, (size, side) in enumerate(zip(shape, ink.shape, strict=True)):
        mass = ink.sum(axis=1 - axis)
        centre = (mass @ np.arange(side)) / mass.sum()
        start = min(max(round(size / 2 - centre), 0), size - side)
        window.append(slice(start, start + side))
    field[tuple(window)] = ink
    return field


Prepare = Callable[[Grey, tuple[int, int]], Grey]

PREPARATIONS: dict[str, Prepare] = {"digit": prepare_digit, "negative": prepare_negative, "plain": resize}
"""What must be done to a picture so that it looks like the images of a data set.

digit     ink light on black, scaled and centred as in MNIST
negative  background dark, resized to fill the image: as in Fashion-MNIST and KMNIST
plain     resized to fill the image, nothing else
"""
