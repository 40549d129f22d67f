"""A grey picture -> an image like those that a network was trained on.

Every step is a function from array to array. The steps for digits are those by which MNIST was made: Y. LeCun,
L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11), 1998,
section III.A; what comes before them finds the digit on its page.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Self

import numpy as np

from nnfang.images.finding import find_ink
from nnfang.images.paper import has_light_border, take_border
from nnfang.images.placing import find_centre, find_place, fit, place_by_mass, resize
from nnfang.images.reading import Grey
from nnfang.images.thickness import even_thickness

FIELD, BOX = 28, 20
"""MNIST's images, and the box within them into which a digit is scaled; in pixels."""

OFF, SHORT = 3, 14
"""How far from the middle a digit may be, and how short, in an image that is taken as it is; in pixels of 28."""


@dataclass(frozen=True)
class Prepared:
    """What a network sees of a picture, and what was done to it.

    Attributes:
        image: (h, w), what the network sees.
        is_inverted: light and dark were exchanged.
        crop: left, top, right, bottom of what was kept, in pixels of the picture.
        scale: pixels of the image for one of the picture, along the longer side of the crop.
        shift: to the right and down, from where the crop would be in the middle of the image; in its pixels.
        warnings: what may be wrong, for a person.
    """

    image: Grey
    is_inverted: bool
    crop: tuple[int, int, int, int]
    scale: float
    shift: tuple[float, float] = (0.0, 0.0)
    warnings: tuple[str, ...] = ()

    def measured_in(self, small: tuple[int, ...], large: tuple[int, int]) -> Self:
        """The same, in pixels of the picture as it is in its file; both sizes are (height, width)."""
        if small == large:
            return self
        down, across = large[0] / small[0], large[1] / small[1]
        left, top, right, bottom = self.crop
        crop = floor(left * across), floor(top * down), ceil(right * across), ceil(bottom * down)
        return replace(self, crop=crop, scale=self.scale / max(down, across))


def prepare_digit(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """As MNIST was made: the ink scaled into a box of 20/28 of the field, its centre of mass in the field's middle.

    A picture that has this form already stays as it is.

    Args:
        grey: (any height, any width), dark ink on light paper or the reverse.
        shape: (h, w) of the field.

    Returns:
        An image whose paper is 0 and whose ink is up to 255.

    Raises:
        BlankError: there is no ink.
    """
    if grey.shape == shape:
        whole = _take_whole(grey, shape)
        if has_form(whole.image):
            return whole
    ink = find_ink(grey)
    box = max(1, round(shape[0] * BOX / FIELD)), max(1, round(shape[1] * BOX / FIELD))
    small = fit(even_thickness(ink.levels, box), box)
    top, left = find_place(small, shape)
    shift = left + small.shape[1] / 2 - shape[1] / 2, top + small.shape[0] / 2 - shape[0] / 2
    crop = ink.box
    scale = max(small.shape) / max(crop[2] - crop[0], crop[3] - crop[1])
    return Prepared(place_by_mass(small, shape), ink.is_inverted, crop, scale, shift, ink.warnings)


def has_form(image: Grey) -> bool:
    """Whether an image (h, w) could be one of MNIST's: a digit of about that size in the middle, on paper of 0.

    All but 16 of MNIST's 70,000 digits are 20 pixels long, and their centres of mass half a pixel from the middle at
    most; some reach the border nevertheless.
    """
    if not image.any():
        return False
    (h, w), unit = image.shape, image.shape[0] / FIELD
    y, x = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    side = max(int(y[-1] - y[0]), int(x[-1] - x[0])) + 1
    centre = find_centre(image)
    is_centred = max(abs(centre[0] - h / 2), abs(centre[1] - w / 2)) <= OFF * unit
    return is_centred and side >= SHORT * unit and (side <= BOX * unit or not take_border(image).any())


def prepare_negative(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """Dark background, resized to fill `shape` whatever the aspect.  (height, width) -> (h, w)."""
    return _take_whole(grey, shape)


def prepare_plain(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """Resized to fill `shape` whatever the aspect, nothing else.  (height, width) -> (h, w)."""
    return _take_whole(grey, shape, may_invert=False)


def _take_whole(grey: Grey, shape: tuple[int, int], *, may_invert: bool = True) -> Prepared:
    is_inverted = may_invert and has_light_border(grey)
    image = resize(np.invert(grey) if is_inverted else grey, shape)
    height, width = grey.shape
    scale = shape[0] / height if height >= width else shape[1] / width
    return Prepared(image, is_inverted, (0, 0, width, height), scale)


Prepare = Callable[[Grey, tuple[int, int]], Prepared]

PREPARATIONS: dict[str, Prepare] = {"digit": prepare_digit, "negative": prepare_negative, "plain": prepare_plain}
"""What must be done to a picture so that it looks like the images of a data set.

digit     ink light on black, scaled and centred as in MNIST
negative  background dark, resized to fill the image: as in Fashion-MNIST and KMNIST
plain     resized to fill the image, nothing else
"""
