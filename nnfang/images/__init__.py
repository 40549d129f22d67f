"""Any picture a person has -> the image that MNIST would have made of it.

A file becomes a grey picture (`nnfang.images.reading`), and that an image like those a network was trained on
(`nnfang.images.preparation`); `load` does both.
"""

from pathlib import Path
from typing import BinaryIO

from nnfang.errors import NnfangError, PictureError
from nnfang.images.files import find_pictures
from nnfang.images.preparation import PREPARATIONS, Prepared
from nnfang.images.reading import Grey, read_picture, read_sized
from nnfang.images.samples import PREFIX, SAMPLES, find_sample
from nnfang.images.sheet import write_sheet
from nnfang.images.writing import save_image
from nnfang.names import nearest

__all__ = [
    "PREFIX",
    "SAMPLES",
    "Grey",
    "Prepared",
    "find_pictures",
    "find_sample",
    "load",
    "load_prepared",
    "prepare",
    "read_picture",
    "save_image",
    "write_sheet",
]


def load(source: Path | BinaryIO, shape: tuple[int, ...], preparation: str, name: str | None = None) -> Grey:
    """As `load_prepared`, but only the image.  Returns (h, w)."""
    return load_prepared(source, shape, preparation, name).image


def load_prepared(
    source: Path | BinaryIO, shape: tuple[int, ...], preparation: str, name: str | None = None
) -> Prepared:
    """Read a picture and prepare it for a network.

    Args:
        source: a file, or a stream of the bytes of one.
        shape: (h, w), what the network takes.
        preparation: one of `PREPARATIONS`.
        name: what messages call the picture; the path where it is not given.

    Returns:
        An image (h, w), and what was done to get it.

    Raises:
        PictureError: as `read_picture` and `prepare`, but beginning with the name.
    """
    try:
        grey, size = read_sized(source)
        return _prepare(grey, shape, preparation).measured_in(grey.shape, size)
    except PictureError as error:
        name = name or (str(source) if isinstance(source, Path) else "picture")
        raise type(error)(error.reason, name) from error


def prepare(grey: Grey, shape: tuple[int, ...], preparation: str) -> Grey:
    """Make a grey picture look like the images that a network was trained on.  (height, width) -> shape (h, w).

    Raises:
        BlankError: there is no ink on the picture.
        NnfangError: there is no such preparation.
    """
    return _prepare(grey, shape, preparation).image


def _prepare(grey: Grey, shape: tuple[int, ...], preparation: str) -> Prepared:
    if preparation not in PREPARATIONS:
        hint = nearest(preparation, PREPARATIONS)
        raise NnfangError(f'no preparation "{preparation}" of pictures.{hint} Known: {", ".join(PREPARATIONS)}')
    height, width = shape
    return PREPARATIONS[preparation](grey, (height, width))
