"""Write images as files for people to look at."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from nnfang.files import replacing
from nnfang.images.arrays import Grey

GAP = 2
"""Pixels of an image around it on a sheet."""

ZOOM = 2
"""Pixels of a sheet along the side of each pixel of an image."""


def encode_png(image: Grey) -> bytes:
    """An image (h, w) as the bytes of a small PNG."""
    content = BytesIO()
    Image.fromarray(image).save(content, "PNG", optimize=True)
    return content.getvalue()


def save_image(path: Path, image: Grey, *, may_replace: bool) -> None:
    """Write an image (h, w) as PNG.

    Args:
        path: Where.
        image: What.
        may_replace: Whether there may be a file already.

    Raises:
        FileExistsError: There is a file, and it may not be replaced.
        OSError: It cannot be written.
    """
    with replacing(path, may_replace=may_replace) as file:
        Image.fromarray(image).save(file, "PNG")


def write_sheet(path: Path, images: Grey, *, may_replace: bool) -> None:
    """Write images as one picture, in rows and columns.

    Args:
        path: Its suffix determines the format.
        images: (rows, columns, h, w).
        may_replace: Whether there may be a file already.

    Raises:
        FileExistsError: There is a file, and it may not be replaced.
        OSError: It cannot be written.
        ValueError: The suffix is not that of a known format.
    """
    picture_format = Image.registered_extensions().get(path.suffix.lower())
    if picture_format not in Image.SAVE:
        raise ValueError(f"unknown file extension: {path.suffix}")
    padded = np.pad(images, ((0, 0), (0, 0), (GAP, GAP), (GAP, GAP)))
    rows, columns, h, w = padded.shape
    sheet = padded.swapaxes(1, 2).reshape(rows * h, columns * w)
    with replacing(path, may_replace=may_replace) as file:
        Image.fromarray(sheet.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)).save(file, picture_format)
