"""A picture of any format and mode that Pillow knows -> its first frame, upright, in grey."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from nnfang.errors import PictureError

if TYPE_CHECKING:
    from PIL.Image import Image

Grey = npt.NDArray[np.uint8]
"""A grey picture, (height, width): 0 is black, 255 white."""

MAX_MEGAPIXELS = 100
FOREIGN = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow recognises, but cannot draw, or not without running another program."""

WHITES = (1, 255, 4095, 65535)
"""What stands for white where a pixel has more than 8 bits: of masks and floats, bytes, 12 bits, 16 bits."""

ORIENTATION, UPRIGHT = 0x0112, 1
"""The number of Exif's tag, and its value for a picture that is as it should be."""

MIDDLE = 128
"""The least level that is light rather than dark."""

CHANNEL_GAIN = 2
"""A colour channel with this many times the contrast of the brightness is taken in its place."""


def read_picture(source: Path | BinaryIO) -> Grey:
    """Read a picture of any format and mode that Pillow knows: its first frame, upright, in grey.

    Args:
        source: a file, or a stream of the bytes of one; a stream is left open.

    Returns:
        (height, width) of the picture.

    Raises:
        PictureError: there is no picture to be had; the message is the reason in one line, without the name.
    """
    try:
        if not isinstance(source, Path):
            return _read(source)
        if source.is_dir():
            raise PictureError("a folder, not a picture")
        with source.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise PictureError(explain(error)) from None


def explain(error: OSError) -> str:
    """Why a file cannot be had, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _read(file: BinaryIO) -> Grey:
    from PIL import UnidentifiedImageError

    if not file.seekable():
        file = io.BytesIO(file.read())
    head = file.read(12)
    if not head:
        raise PictureError("empty: zero bytes")
    try:
        # Pillow warns about odd files that it reads all the same; a person could do nothing about it.
        with warnings.catch_warnings(action="ignore"), _open(file) as picture:
            return _decode(picture)
    except PictureError:
        raise
    except UnidentifiedImageError:
        if head[4:11] in {b"ftyphei", b"ftypmif"}:  # what many telephones make
            raise PictureError("in the HEIF format, which cannot be read here; save it as JPEG or PNG") from None
        raise PictureError(f"not a picture (it begins with {head.decode('latin-1')!a})") from None
    except Exception as error:  # on damaged files, decoders raise whatever comes to hand, SyntaxError included
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise PictureError(f"cannot be decoded: {reason}") from None


def _open(file: BinaryIO) -> Image:
    """Recognise a picture, of a size and format that can be decoded, but decode nothing yet."""
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # ours says how large is too large
    try:
        picture = Image.open(file)
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    if picture.width * picture.height > MAX_MEGAPIXELS * 1e6:
        size = f"{picture.width}x{picture.height}"
        raise PictureError(f"too large: {size} pixels, at most {MAX_MEGAPIXELS} megapixels")
    if picture.format in FOREIGN:
        raise PictureError(f"in the format {picture.format}, which cannot be read here")
    return picture


def _decode(picture: Image) -> Grey:
    """The pixels of an opened picture, upright and in grey."""
    picture.load()
    with suppress(Exception):  # orientation that cannot be understood is no reason to refuse a picture
        if picture.getexif().get(ORIENTATION, UPRIGHT) != UPRIGHT:
            from PIL import ImageOps

            ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        return scale_to_bytes(np.asarray(picture, np.float64))
    if picture.mode in {"1", "L"} and not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    rgb = _lay_on_paper(picture) if picture.has_transparency_data else picture.convert("RGB")
    return np.asarray(_choose_channel(rgb))


def scale_to_bytes(values: npt.NDArray[np.float64]) -> Grey:
    """Bring the pixels of a picture of more than 8 bits to 0 .. 255.

    What is white is not written in such a picture: the least of `WHITES` that no pixel exceeds is taken. Where there
    is none, or a pixel is negative, the range of the pixels becomes 0 .. 255.

    Args:
        values: (height, width)

    Returns:
        (height, width)

    Raises:
        PictureError: a pixel is infinite or not a number.
    """
    black, white = float(values.min()), float(values.max())
    if not np.isfinite(white - black):
        raise PictureError("some of its pixels are not finite numbers")
    if black >= 0 and white <= WHITES[-1]:
        black, white = 0, next(usual for usual in WHITES if white <= usual)
    levels: Grey = np.rint((values - black) * (255 / ((white - black) or 1))).astype(np.uint8)
    return levels


def _lay_on_paper(picture: Image) -> Image:
    """A picture with transparent parts -> RGB, with a paper behind on which the opaque parts can be seen."""
    from PIL import Image

    picture = picture.convert("RGBA")
    alpha = picture.getchannel("A")
    tone = choose_paper(np.asarray(picture.convert("L")), np.asarray(alpha))
    paper = Image.new("RGB", picture.size, (tone, tone, tone))
    paper.paste(picture, mask=alpha)
    return paper


def choose_paper(grey: Grey, alpha: Grey) -> int:
    """The grey to put behind a picture with transparent parts.

    Where most of it is opaque and has light and dark parts, it brings its own paper, which is continued: a screenshot
    with a shadow around. Otherwise what is opaque is ink: dark ink needs white paper, light ink black.

    Args:
        grey: (height, width)
        alpha: (height, width), 0 transparent, 255 opaque.
    """
    opaque = grey[alpha > alpha.max() // 2]
    if opaque.size > grey.size / 2 and np.ptp(opaque) > MIDDLE / 2:
        return int(np.median(opaque))
    return 255 if opaque.size == 0 or opaque.mean() < MIDDLE else 0


def _choose_channel(picture: Image) -> Image:
    """RGB -> the brightness (ITU-R BT.601), or one channel where only colour tells ink from paper.

    The share of ink is the same in each channel, so standard deviations compare as contrasts do.
    """
    from PIL import ImageStat

    luma = picture.convert("L")
    channels = {ImageStat.Stat(channel).stddev[0]: channel for channel in picture.split()}
    return channels[max(channels)] if max(channels) > CHANNEL_GAIN * ImageStat.Stat(luma).stddev[0] else luma
