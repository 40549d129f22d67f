"""The array types of this package, and where in an image its foreground is."""

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
"""A greyscale image, (height, width): 0 is black, 255 white."""

Mask = npt.NDArray[np.bool_]
"""Which pixels of an image belong to something, (height, width)."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels; the right column and the bottom row are the first ones outside."""


def bounding_box(mask: Mask) -> Box:
    """The smallest box around the pixels of a mask (h, w), which must have some."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def centre_of_mass(image: Grey) -> tuple[float, float]:
    """The row and the column of the centre of mass of an image (h, w), whose levels are the weights."""
    rows, columns = image.sum(axis=1), image.sum(axis=0)
    total = rows.sum()
    return float(rows @ np.arange(len(rows)) / total), float(columns @ np.arange(len(columns)) / total)
