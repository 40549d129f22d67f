"""A picture of any format and mode that Pillow knows -> its first frame, upright, in grey."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from nnfang.errors import PictureError
from nnfang.images.opening import make_seekable, open_picture

if TYPE_CHECKING:
    from PIL.Image import Image

Grey = npt.NDArray[np.uint8]
"""A grey picture, (height, width): 0 is black, 255 white."""

MEGAPIXELS = {"AVIF": 16, "JPEG2000": 16, "WEBP": 16, "JPEG": 100, "MPO": 100}
OTHER_MEGAPIXELS = 50
"""How large a picture may be in each format, so that a decoder takes less than 500 MB, whatever a small file claims.

The first three need several copies. JPEG can be decoded at a fraction of its size, unless it is progressive.
"""

DETAIL = 8e6
"""Pixels of a picture, above which it is scaled down by a whole number before anything else."""

AVERAGED = {"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"}
"""Modes in which the mean of some pixels is what one would see from afar."""

FOREIGN = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow recognises, but cannot draw, or not without running another program."""

WHITES = (1, 255, 4095, 65535)
"""What stands for white where a pixel has more than 8 bits: of masks and floats, bytes, 12 bits, 16 bits."""

ORIENTATION = 0x0112
"""The number of Exif's tag."""

TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""What turns a picture of each orientation upright, as the number of Pillow's Transpose."""

LYING = frozenset({5, 6, 7, 8})
"""The orientations in which height and width are exchanged."""

MIDDLE = 128
"""The least level that is light rather than dark."""

CHANNEL_GAIN = 2
"""A colour channel with this many times the contrast of the brightness is taken in its place."""


def read_picture(source: Path | BinaryIO) -> Grey:
    """As `read_sized`, but only the picture.  Returns (height, width)."""
    return read_sized(source)[0]


def read_sized(source: Path | BinaryIO) -> tuple[Grey, tuple[int, int]]:
    """Read a picture of any format and mode that Pillow knows: its first frame, upright, in grey.

    Args:
        source: a file, or a stream of the bytes of one; a stream is left open.

    Returns:
        (height, width) of the picture, of at most about `DETAIL` pixels; and the height and width that it has in its
        file.

    Raises:
        PictureError: there is no picture to be had; the message is the reason in one line, without the name.
    """
    try:
        if not isinstance(source, Path):
            return _read(make_seekable(source))
        with open_picture(source) as file:
            return _read(file)
    except OSError as error:
        raise PictureError(explain(error)) from None


def explain(error: OSError) -> str:
    """Why a file cannot be had, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _read(file: BinaryIO) -> tuple[Grey, tuple[int, int]]:
    from PIL import UnidentifiedImageError

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

    most = max(MEGAPIXELS.values())
    try:
        with _pixel_limit(int(most * 1e6)):  # for ICO decodes the picture that it holds at once
            picture = Image.open(file)
    except Image.DecompressionBombError:
        raise PictureError(f"too large: more than {most} megapixels") from None
    is_progressive = "progressive" in picture.info
    limit = OTHER_MEGAPIXELS if is_progressive else MEGAPIXELS.get(str(picture.format), OTHER_MEGAPIXELS)
    if picture.width * picture.height > limit * 1e6:
        raise PictureError(f"too large: {picture.width}x{picture.height} pixels, at most {limit} megapixels")
    if picture.format in FOREIGN:
        raise PictureError(f"in the format {picture.format}, which cannot be read here")
    return picture


@contextmanager
def _pixel_limit(pixels: int) -> Iterator[None]:
    """Let Pillow refuse pictures of more pixels; it refuses what has more than twice as many as it is told."""
    from PIL import Image

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels // 2
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _decode(picture: Image) -> tuple[Grey, tuple[int, int]]:
    """The pixels of an opened picture, upright and in grey; and its height and width before it was scaled down."""
    from PIL import Image

    width, height = picture.size
    if (factor := _choose_factor(picture)) > 1:  # JPEG alone can be decoded smaller than it is
        picture.draft(None, (max(1, picture.width // factor), max(1, picture.height // factor)))
    with _pixel_limit(int(OTHER_MEGAPIXELS * 1e6)):  # of a picture within the picture, as in ICO
        picture.load()
    orientation = _read_orientation(picture)
    small = _simplify(picture, _choose_factor(picture))
    upright = small.transpose(Image.Transpose(TURNS[orientation])) if orientation in TURNS else small
    size = (width, height) if orientation in LYING else (height, width)
    if upright.mode == "L":
        return np.asarray(upright), size
    return np.asarray(_choose_channel(_lay_on_paper(upright) if upright.mode == "RGBA" else upright)), size


def _choose_factor(picture: Image) -> int:
    """The whole number by which a picture has to be scaled down so that it has few enough pixels."""
    return ceil(sqrt(picture.width * picture.height / DETAIL))


def _read_orientation(picture: Image) -> int | None:
    try:
        orientation: int | None = picture.getexif().get(ORIENTATION)
    except Exception:  # orientation that cannot be understood is no reason to refuse a picture
        return None
    return orientation if isinstance(orientation, int) else None


def _simplify(picture: Image, factor: int) -> Image:
    """A picture in any mode -> in L, RGB or RGBA, and smaller by a factor; the one that was given is used up."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        return Image.fromarray(scale_to_bytes(average_blocks(np.asarray(picture), factor)))
    if picture.mode in {"I", "F"}:
        return Image.fromarray(scale_to_bytes(np.asarray(_reduce(picture, factor), np.float64)))
    plain = "L" if picture.mode in {"1", "L"} else "RGB"
    mode = "RGBA" if picture.has_transparency_data else plain
    if picture.mode in AVERAGED:
        picture, factor = _reduce(picture, factor), 1
    if picture.mode == mode:
        return picture
    simple = picture.convert(mode)
    picture.close()
    return _reduce(simple, factor)


def _reduce(picture: Image, factor: int) -> Image:
    """A picture, smaller by a factor; the large one is let go."""
    if factor == 1:
        return picture
    small = picture.reduce(factor)
    picture.close()
    return small


def average_blocks(values: npt.NDArray[np.uint16], factor: int) -> npt.NDArray[np.float64]:
    """The means of squares of pixels, what is left at the edges apart.

    Args:
        values: (height, width)
        factor: the side of a square; where the picture is narrower than that, so is the square.

    Returns:
        (height // factor, width // factor)
    """
    down, across = (min(factor, side) for side in values.shape)
    height, width = values.shape[0] // down, values.shape[1] // across
    total = np.zeros((height, width))
    for y in range(down):
        for x in range(across):
            total += values[y : height * down : down, x : width * across : across]
    total /= down * across
    return total


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
