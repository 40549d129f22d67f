"""Write images as files for people to look at."""

from pathlib import Path

import numpy as np
from PIL import Image

from nnfang.images.arrays import Grey

GAP = 2
"""Pixels of an image around it on a sheet."""

ZOOM = 2
"""Pixels of a sheet along the side of each pixel of an image."""


def save_image(path: Path, image: Grey) -> None:
    """Write an image (h, w) as PNG.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("wb") as file:
        Image.fromarray(image).save(file, "PNG")


def write_sheet(path: Path, images: Grey) -> None:
    """Write images as one picture, in rows and columns.

    Args:
        path: Its suffix determines the format.
        images: (rows, columns, h, w).

    Raises:
        OSError: It cannot be written.
        ValueError: The suffix is not that of a known format.
    """
    padded = np.pad(images, ((0, 0), (0, 0), (GAP, GAP), (GAP, GAP)))
    rows, columns, h, w = padded.shape
    sheet = padded.swapaxes(1, 2).reshape(rows * h, columns * w)
    Image.fromarray(sheet.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)).save(path)
