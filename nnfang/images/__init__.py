"""Turn any picture into an image such as a network was trained on.

A file becomes a greyscale picture (`nnfang.images.reading`), and that an image (`nnfang.images.preparation`); `load`
does both. Pillow is imported here and nowhere else in nnfang.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from nnfang.errors import NnfangError, PictureError
from nnfang.images.arrays import Grey
from nnfang.images.cutting import VIEW, Cuts, cut_out, find_cuts
from nnfang.images.files import find_pictures
from nnfang.images.lines import Line
from nnfang.images.output import encode_png, save_image, write_sheet
from nnfang.images.page import Page, read_page
from nnfang.images.pieces import Piece, join, share_columns
from nnfang.images.preparation import PREPARATIONS, Prepared
from nnfang.images.reading import Picture, read, read_picture
from nnfang.images.readings import Readings, read_digit
from nnfang.images.samples import PREFIX, SAMPLES, find_sample
from nnfang.images.segmentation import HAS_RIVALS
from nnfang.images.stages import Stages, list_stages
from nnfang.names import nearest

__all__ = [
    "HAS_RIVALS",
    "PREFIX",
    "PREPARATIONS",
    "SAMPLES",
    "VIEW",
    "Cuts",
    "Grey",
    "Line",
    "Page",
    "Picture",
    "Piece",
    "Prepared",
    "Readings",
    "Stages",
    "cut_out",
    "encode_png",
    "find_cuts",
    "find_pictures",
    "find_sample",
    "join",
    "list_stages",
    "load",
    "load_page",
    "load_prepared",
    "load_readings",
    "prepare",
    "read_picture",
    "save_image",
    "share_columns",
    "write_sheet",
]


FIRST_FRAME = "several frames or pages: the first was taken"
"""The warning about a picture of which only a part was read."""


def load(source: Path | BinaryIO, shape: tuple[int, ...], preparation: str, name: str | None = None) -> Grey:
    """Read a picture and prepare it for a network; see `load_prepared`.  Returns (h, w)."""
    return load_prepared(source, shape, preparation, name).image


def load_prepared(
    source: Path | BinaryIO, shape: tuple[int, ...], preparation: str, name: str | None = None
) -> Prepared:
    """Read a picture and prepare it for a network.

    Args:
        source: A file, or a stream with the bytes of one, which is left open.
        shape: (h, w), the input of the network.
        preparation: A key of `PREPARATIONS`.
        name: What errors call the picture; by default its path.

    Returns:
        An image (h, w), and how it was made.

    Raises:
        BlankError: There is no ink on the picture.
        PictureError: It is not a picture, damaged, too large, or cannot be opened.
        NnfangError: The preparation is unknown.
    """
    with _naming(source, name):
        picture = read(source)
        return _finish(_prepare(picture.grey, shape, preparation), picture)


def load_readings(
    source: Path | BinaryIO, shape: tuple[int, ...], preparation: str, name: str | None = None
) -> Readings:
    """Read a picture and prepare it in each way in which it can be read; for arguments and errors see `load_prepared`.

    Only a digit can be read in several ways. The first is that of `load_prepared`, except where that finds no ink but
    there is some: a digit that leaves next to no background.
    """
    with _naming(source, name):
        picture = read(source)
        if preparation == "digit":
            height, width = shape
            readings = read_digit(picture.grey, (height, width))
        else:
            readings = Readings(_prepare(picture.grey, shape, preparation))
    return replace(readings.map(lambda prepared: _finish(prepared, picture)), page=picture)


def _finish(prepared: Prepared, picture: Picture) -> Prepared:
    """What is said of the picture in its file."""
    prepared = prepared.rescaled(picture.grey.shape, picture.file_shape)
    if picture.has_more_frames:
        return replace(prepared, warnings=(FIRST_FRAME, *prepared.warnings))
    return prepared


def load_page(source: Path | BinaryIO, name: str | None = None) -> Page:
    """Read a picture of numbers, and find its lines; arguments and errors as those of `load_prepared`."""
    with _naming(source, name):
        picture = read(source)
        page = read_page(picture)
    return replace(page, warnings=(FIRST_FRAME, *page.warnings)) if picture.has_more_frames else page


def prepare(grey: Grey, shape: tuple[int, ...], preparation: str) -> Grey:
    """Make a greyscale picture look like the images that a network was trained on.  (height, width) -> shape (h, w).

    Raises:
        BlankError: There is no ink on the picture.
        NnfangError: The preparation is unknown.
    """
    return _prepare(grey, shape, preparation).image


@contextmanager
def _naming(source: Path | BinaryIO, name: str | None) -> Iterator[None]:
    """Let errors say what the picture is called."""
    try:
        yield
    except PictureError as error:
        raise type(error)(error.reason, name or (source if isinstance(source, Path) else "picture")) from error


def _prepare(grey: Grey, shape: tuple[int, ...], preparation: str) -> Prepared:
    if preparation not in PREPARATIONS:
        hint = nearest(preparation, PREPARATIONS)
        raise NnfangError(f'no preparation "{preparation}" of pictures.{hint} Known: {", ".join(PREPARATIONS)}')
    height, width = shape
    return PREPARATIONS[preparation](grey, (height, width))
