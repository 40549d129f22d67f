"""Many small images on one sheet, to look at."""

from pathlib import Path

import numpy as np

from nnfang.images.reading import Grey

GAP, ZOOM = 2, 2
"""Pixels between images, and of the sheet for each of theirs."""


def write_sheet(path: Path, images: Grey) -> None:
    """Write a picture of a table of images.

    Args:
        path: Its ending says the format.
        images: (rows, columns, h, w).

    Raises:
        OSError: It cannot be written.
        ValueError: No such format is known.
    """
    from PIL import Image

    padded = np.pad(images, ((0, 0), (0, 0), (GAP, GAP), (GAP, GAP)))
    rows, columns, h, w = padded.shape
    sheet = padded.swapaxes(1, 2).reshape(rows * h, columns * w)
    Image.fromarray(sheet.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)).save(path)
