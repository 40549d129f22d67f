"""Make a greyscale picture look like the images that a network was trained on.

Each step is a function of arrays. Digits are prepared as in MNIST: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner,
"Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11), 1998, section III.A. Before that, the
digit is segmented from its page.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Self

import numpy as np

from nnfang.images.arrays import Box, Grey, bounding_box, centre_of_mass
from nnfang.images.background import border_pixels, has_light_border
from nnfang.images.geometry import centred_offset, pad_to_shape, resize, resize_to_fit
from nnfang.images.segmentation import Segment, segment_digit
from nnfang.images.stroke_width import normalize_stroke_width


@dataclass(frozen=True)
class MnistLayout:
    """Size and position of a digit in an image of MNIST, in pixels of an image with sides of `side`.

    Attributes:
        side: The height and width of an image.
        box: The height and width of the box that a digit is resized to fit.
        max_offset: How far the centre of mass may be from the middle in an image that is used unchanged.
        min_length: How long a digit must be in an image that is used unchanged.
    """

    side: int = 28
    box: int = 20
    max_offset: float = 3
    min_length: float = 14


MNIST = MnistLayout()


@dataclass(frozen=True)
class Prepared:
    """An image for a network, and how it was made from a picture.

    Attributes:
        image: (h, w), the input of the network.
        is_inverted: Whether light and dark were exchanged.
        crop: What was kept, in pixels of the picture.
        scale: Pixels of the image per pixel of the picture, along the longer side of the crop.
        shift: Pixels of the image by which the crop was moved right and down from its middle.
        warnings: What may be wrong, as text to show.
        ink: (height, width), what was cut out, where a digit was looked for and its reading is to be explained.
    """

    image: Grey
    is_inverted: bool
    crop: Box
    scale: float
    shift: tuple[float, float] = (0.0, 0.0)
    warnings: tuple[str, ...] = ()
    ink: Grey | None = None

    def rescaled(self, read_shape: tuple[int, ...], file_shape: tuple[int, int]) -> Self:
        """The same with crop and scale in pixels of the file, where a picture was downsampled as it was read.

        Args:
            read_shape: (height, width) of what was prepared.
            file_shape: (height, width) of the picture in its file.
        """
        if read_shape == file_shape:
            return self
        factor = max(file_shape[0] / read_shape[0], file_shape[1] / read_shape[1])
        return replace(self, crop=rescale_box(self.crop, read_shape, file_shape), scale=self.scale / factor)


def rescale_box(box: Box, read_shape: tuple[int, ...], file_shape: tuple[int, int]) -> Box:
    """A box in pixels of the file, of one in a picture that was downsampled as it was read; shapes as (h, w)."""
    y_factor, x_factor = file_shape[0] / read_shape[0], file_shape[1] / read_shape[1]
    left, top, right, bottom = box
    return floor(left * x_factor), floor(top * y_factor), ceil(right * x_factor), ceil(bottom * y_factor)


def prepare_digit(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """As in MNIST: ink resized to fit a box of 20/28 of the image, with its centre of mass in the middle.

    A picture that has this layout already is used unchanged.

    Args:
        grey: (height, width), dark ink on a light background or the reverse.
        shape: (h, w) of the image.

    Returns:
        An image with a background of 0 and ink of up to 255.

    Raises:
        BlankError: There is no ink.
    """
    return prepare_unchanged(grey, shape) or prepare_segment(segment_digit(grey), shape)


def prepare_unchanged(grey: Grey, shape: tuple[int, int]) -> Prepared | None:
    """A picture (height, width) that has the layout of MNIST already; None for any other."""
    if grey.shape != shape:
        return None
    whole = prepare_negative(grey, shape)
    return whole if has_mnist_layout(whole.image) else None


def prepare_segment(segment: Segment, shape: tuple[int, int]) -> Prepared:
    """Ink that was cut out of a page -> an image (h, w) like those of MNIST."""
    box = inner_box(shape)
    ink = resize_to_fit(normalize_stroke_width(segment.ink, box), box)
    row, column = centred_offset(ink, shape)
    left, top, right, bottom = segment.box
    return Prepared(
        image=pad_to_shape(ink, shape, (row, column)),
        is_inverted=segment.is_inverted,
        crop=segment.box,
        scale=max(ink.shape) / max(right - left, bottom - top),
        shift=(column + ink.shape[1] / 2 - shape[1] / 2, row + ink.shape[0] / 2 - shape[0] / 2),
        warnings=segment.warnings,
    )


def inner_box(shape: tuple[int, int]) -> tuple[int, int]:
    """The height and width of the box in an image (h, w) that ink is resized to fit: 20/28 of it, as in MNIST."""
    return max(1, round(shape[0] * MNIST.box / MNIST.side)), max(1, round(shape[1] * MNIST.box / MNIST.side))


def has_mnist_layout(image: Grey) -> bool:
    """Whether an image (h, w) could be one of MNIST's: a digit of about that size in the middle, on black.

    All but 16 of MNIST's 70,000 digits are 20 pixels long, with the centre of mass within half a pixel of the middle;
    some reach the border nevertheless.
    """
    if not image.any():
        return False
    left, top, right, bottom = bounding_box(image > 0)
    length = max(bottom - top, right - left)
    (h, w), unit = image.shape, image.shape[0] / MNIST.side
    row, column = centre_of_mass(image)
    is_centred = max(abs(row - h / 2), abs(column - w / 2)) <= MNIST.max_offset * unit
    has_margin = length <= MNIST.box * unit or not border_pixels(image).any()
    return is_centred and length >= MNIST.min_length * unit and has_margin


def prepare_negative(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """Inverted if the border is light, then as `prepare_plain`.  (height, width) -> (h, w)."""
    if not has_light_border(grey):
        return prepare_plain(grey, shape)
    return replace(prepare_plain(np.invert(grey), shape), is_inverted=True)


def prepare_plain(grey: Grey, shape: tuple[int, int]) -> Prepared:
    """Resized to `shape` whatever its aspect ratio, nothing else.  (height, width) -> (h, w)."""
    height, width = grey.shape
    scale = shape[0] / height if height >= width else shape[1] / width
    return Prepared(resize(grey, shape), is_inverted=False, crop=(0, 0, width, height), scale=scale)


Prepare = Callable[[Grey, tuple[int, int]], Prepared]

PREPARATIONS: dict[str, Prepare] = {"digit": prepare_digit, "negative": prepare_negative, "plain": prepare_plain}
"""How pictures are made to look like the images of a data set.

digit     light ink on black, scaled and centred as in MNIST
negative  on a dark background, resized to fill the image: as in Fashion-MNIST and KMNIST
plain     resized to fill the image, nothing else
"""
