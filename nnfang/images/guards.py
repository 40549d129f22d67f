"""What stands between a hostile file and Pillow: its failures become PictureErrors, and sizes are limited.

A small file can claim to hold a picture of any size. Pillow's own limit, `PIL.Image.MAX_IMAGE_PIXELS`, is one for the
whole process, which a library must not change, and allows pictures of 179 megapixels. Here the size is compared with
limits of our own after `Image.open`, which only reads the header, and before `load`, which decodes. For the same reason
Pillow's warnings about odd files are left to the filters of the process.

Some formats wrap a picture of another format, whose size their own header does not tell. For icons, see
`nnfang.images.icons`; BLP and IPTC, which nobody draws digits in, are refused.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from PIL import Image
from PIL.ImageFile import ImageFile

from nnfang.errors import PictureError

UNSUPPORTED = frozenset({"BLP", "BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
"""Formats that Pillow identifies, but does not decode, or only with another program, or whatever is inside."""

MOST_CHARACTERS = 300
"""What is told of a decoder's reason, which may quote the file."""


@dataclass(frozen=True)
class SizeLimits:
    """How large a picture may be, in megapixels, so that decoding it takes less than 500 MB.

    Attributes:
        default: In most formats.
        sequential_jpeg: JPEG is decoded at a fraction of its size, unless it is progressive.
        buffered: AVIF, JPEG 2000 and WebP, whose decoders need several copies.
    """

    default: float = 50
    sequential_jpeg: float = 100
    buffered: float = 16

    def megapixels(self, picture: ImageFile) -> float:
        """The limit for a picture of which the header was read."""
        if picture.format in {"AVIF", "JPEG2000", "WEBP"}:
            return self.buffered
        if picture.format in {"JPEG", "MPO"} and "progressive" not in picture.info:
            return self.sequential_jpeg
        return self.default


SIZE_LIMITS = SizeLimits()


STDERR = 2
"""The file descriptor."""

_redirecting = Lock()


def _let_unheard(name: str) -> logging.Logger:
    """A library's log that nobody hears unless they ask: without a handler, Python itself would write it to stderr."""
    log = logging.getLogger(name)
    log.addHandler(logging.NullHandler())
    return log


PILLOW_LOG = _let_unheard("PIL")


@contextmanager
def libtiff_unheard() -> Iterator[None]:
    """Drop what libtiff writes to stderr, such as a line for each damaged row: Pillow has no way to turn it off.

    The descriptor is that of the whole process: one thread at a time redirects it, for as long as a TIFF file is being
    decoded, and what others write to it meanwhile is dropped, too.
    """
    with _redirecting:
        try:
            kept = os.dup(STDERR)
        except OSError:  # it is closed, so that nobody hears anything
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), STDERR)
            yield
        finally:
            os.dup2(kept, STDERR)
            os.close(kept)


@contextmanager
def decoder_errors() -> Iterator[None]:
    """Turn what Pillow raises into a PictureError. Only a call of Pillow belongs inside, none of our own code.

    On damaged files decoders raise almost anything, SyntaxError and MemoryError included.
    """
    try:
        yield
    except Exception as error:
        raise decoding_failure(error) from error


def decoding_failure(error: Exception) -> PictureError:
    """What an exception of Pillow means for the person who has the file."""
    if isinstance(error, Image.DecompressionBombError):
        return PictureError(f"too large: more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000} megapixels")
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return PictureError(f"cannot be decoded: {reason[:MOST_CHARACTERS]}")


def check_size(picture: ImageFile, *, is_masked: bool = False) -> None:
    """Refuse a picture that is larger than its format may be.

    Args:
        picture: Its header was read, but nothing is decoded.
        is_masked: Whether the lower half of the picture is a mask, as in the bitmap of an icon.

    Raises:
        PictureError: It is too large, or its size makes no sense.
    """
    if len(picture.size) != 2 or not all(isinstance(length, int) for length in picture.size):  # noqa: PLR2004
        raise PictureError(f"cannot be decoded: a size of {picture.size}"[:MOST_CHARACTERS])
    width, height = picture.size
    if is_masked:
        height //= 2
    limit = SIZE_LIMITS.megapixels(picture)
    if width * height > limit * 1e6:
        raise PictureError(f"too large: {width}x{height} pixels, at most {limit:g} megapixels")
