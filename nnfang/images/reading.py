"""Read a picture of any format and mode that Pillow knows: its first frame, upright, in grey levels."""

from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

from nnfang.errors import PictureError
from nnfang.images.arrays import Grey
from nnfang.images.conversion import simplify_mode, to_grey
from nnfang.images.guards import UNSUPPORTED, check_size, decoder_errors, decoding_failure, libtiff_unheard
from nnfang.images.source import open_source

MAX_PIXELS = 8e6
"""Larger pictures are downsampled by a whole factor before anything else."""

ORIENTATION_TRANSPOSE = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation."""

SWAPPED_AXES = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange height and width."""

ICO_SIGNATURE = b"\0\0\1\0"

HEIF_BRANDS = (b"ftyphei", b"ftypmif")
"""What bytes 4 to 11 of HEIF files start with, which many phones write."""


@dataclass(frozen=True)
class Picture:
    """A picture as it was read.

    Attributes:
        grey: (height, width), of at most about `MAX_PIXELS` pixels.
        file_shape: Its height and width in the file, upright, before it was downsampled.
        has_more_frames: Whether the file holds more frames of an animation, or more pages, than the one that was read.
    """

    grey: Grey
    file_shape: tuple[int, int]
    has_more_frames: bool = False


def read_picture(source: Path | BinaryIO) -> Grey:
    """Read the grey levels of a picture; see `read`.  Returns (height, width)."""
    return read(source).grey


def read(source: Path | BinaryIO) -> Picture:
    """Read the first frame of a picture, upright and in grey levels.

    Args:
        source: A file, or a stream with the bytes of one, which is left open.

    Raises:
        PictureError: It is not a picture, damaged, too large, or cannot be opened. The reason is one line; the path is
            left to the caller, who knows how the picture is called.
    """
    with open_source(source) as file, _open(file) as picture:
        return decode(picture)


def decode(picture: Image.Image) -> Picture:
    """Decode an opened picture.

    Raises:
        PictureError: It is damaged.
    """
    width, height = picture.size
    with libtiff_unheard() if picture.format == "TIFF" else nullcontext(), decoder_errors():
        if (factor := _downsampling_factor(picture)) > 1:
            picture.draft(None, (max(1, width // factor), max(1, height // factor)))  # only JPEG decodes a fraction
        picture.load()
    has_more_frames = _has_more_frames(picture)
    orientation = _read_orientation(picture)
    simple = simplify_mode(picture, _downsampling_factor(picture))
    upright = simple.transpose(ORIENTATION_TRANSPOSE[orientation]) if orientation in ORIENTATION_TRANSPOSE else simple
    shape = (width, height) if orientation in SWAPPED_AXES else (height, width)
    return Picture(to_grey(upright), shape, has_more_frames)


def _open(file: BinaryIO) -> ImageFile:
    """Identify a picture, and check that it can be decoded, but decode nothing yet."""
    file.seek(0)  # where Pillow begins, too
    signature = file.read(12)
    if not signature:
        raise PictureError("empty: zero bytes")
    if signature.startswith(ICO_SIGNATURE):
        from nnfang.images.icons import check_ico

        check_ico(file)
    try:
        picture = Image.open(file)
    except UnidentifiedImageError as error:
        raise PictureError(_describe_unidentified(signature)) from error
    except Exception as error:  # as in decoder_errors
        raise decoding_failure(error) from error
    if picture.format in UNSUPPORTED:
        raise PictureError(f"in the format {picture.format}, which cannot be read here")
    check_size(picture)
    if picture.format == "ICNS":
        from nnfang.images.icons import check_icns

        check_icns(file, picture)
    return picture


def _describe_unidentified(signature: bytes) -> str:
    if signature[4:11] in HEIF_BRANDS:
        return "in the HEIF format, which cannot be read here; save it as JPEG or PNG"
    return f"not a picture (it begins with {signature.decode('latin-1')!a})"


def _downsampling_factor(picture: Image.Image) -> int:
    """The smallest whole factor by which a picture must be downsampled."""
    return ceil(sqrt(picture.width * picture.height / MAX_PIXELS))


def _has_more_frames(picture: Image.Image) -> bool:
    """Whether other frames follow; in MPO, which cameras write, they are previews of the same picture.

    A file of which only later frames are damaged is read all the same.
    """
    if picture.format == "MPO":
        return False
    try:
        return bool(getattr(picture, "is_animated", False))
    except Exception:  # as in decoder_errors
        return False


def _read_orientation(picture: Image.Image) -> int | None:
    """The EXIF orientation; None where there is none, or where the EXIF data is damaged but the pixels are not."""
    try:
        orientation: int | None = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # as decoders do on damaged data, this raises almost anything
        return None
    return orientation if isinstance(orientation, int) else None
