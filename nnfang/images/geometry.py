"""Resize an image, and place it in another."""

import numpy as np
from PIL import Image

from nnfang.images.arrays import Grey, centre_of_mass


def resize(image: Grey, shape: tuple[int, int]) -> Grey:
    """Resample with a Lanczos filter, anti-aliased; an image of this shape is unchanged.  (height, width) -> (h, w)."""
    height, width = shape
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def fit_shape(shape: tuple[int, ...], box: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) with the aspect ratio of `shape` that fits into the box."""
    scale = min(box[0] / shape[0], box[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def resize_to_fit(ink: Grey, box: tuple[int, int]) -> Grey:
    """Resize to the largest shape that fits into the box, and stretch the levels to 255; the aspect ratio is kept.

    Thin lines get faint when they are scaled down, which is why the levels are stretched.

    Args:
        ink: (height, width), light on black.
        box: (h, w).

    Returns:
        (<= h, <= w)
    """
    small = resize(ink, fit_shape(ink.shape, box))
    stretched: Grey = np.rint(small * (255 / max(1, small.max()))).astype(np.uint8)
    return stretched


def centred_offset(ink: Grey, shape: tuple[int, int]) -> tuple[int, int]:
    """The row and the column at which ink must start for its centre of mass to be at pixel (h / 2, w / 2), as in MNIST.

    The ink stays inside, even if its centre of mass then is beside the middle.

    Args:
        ink: (height, width), no larger than the image.
        shape: (h, w) of the image that it is placed in.
    """
    row, column = (
        min(max(round(size / 2 - centre), 0), size - side)
        for size, centre, side in zip(shape, centre_of_mass(ink), ink.shape, strict=True)
    )
    return row, column


def pad_to_shape(ink: Grey, shape: tuple[int, int], offset: tuple[int, int]) -> Grey:
    """Place ink in a black image.

    Args:
        ink: (height, width).
        shape: (h, w) of the image.
        offset: The row and the column at which the ink starts.

    Returns:
        (h, w)
    """
    image = np.zeros(shape, np.uint8)
    row, column = offset
    image[row : row + ink.shape[0], column : column + ink.shape[1]] = ink
    return image
