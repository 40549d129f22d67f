"""Convert the pixels of a picture in any mode of Pillow's to grey levels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

from nnfang.errors import PictureError
from nnfang.images.arrays import Grey
from nnfang.images.guards import decoder_errors

AVERAGED_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})
"""Modes in which the mean of some pixels is what they look like from afar; `Image.reduce` works in them."""


@dataclass(frozen=True)
class GreyConversion:
    """How levels and colours become grey levels.

    Attributes:
        white_levels: What may be white where a pixel has more than 8 bits: in masks and normalised floats, in bytes,
            in 12 bits and in 16 bits.
        light: The lowest grey level that is light rather than dark.
        min_contrast: Grey levels between the darkest and the lightest opaque pixel of a picture that has both ink and
            a background of its own.
        channel_gain: A colour channel with this many times the contrast of the luma replaces it.
    """

    white_levels: tuple[int, ...] = (1, 255, 4095, 65535)
    light: int = 128
    min_contrast: int = 64
    channel_gain: float = 2


CONVERSION = GreyConversion()


def simplify_mode(picture: Image.Image, factor: int) -> Image.Image:
    """Convert to L, RGB or RGBA, and downsample by a whole factor; the original is closed to free its memory.

    Raises:
        PictureError: The mode cannot be converted, or a pixel is not finite.
    """
    if picture.mode.startswith("I;16"):
        return Image.fromarray(scale_to_uint8(average_blocks(np.asarray(picture), factor)))
    if picture.mode in {"I", "F"}:
        return Image.fromarray(scale_to_uint8(np.asarray(_reduce(picture, factor), np.float64)))
    with decoder_errors():
        is_transparent = picture.has_transparency_data  # which asserts that a palette is not damaged
    opaque = "L" if picture.mode in {"1", "L"} else "RGB"
    mode = "RGBA" if is_transparent else opaque
    if picture.mode in AVERAGED_MODES:
        picture, factor = _reduce(picture, factor), 1
    if picture.mode == mode:
        return picture
    with decoder_errors():
        converted = picture.convert(mode)
    picture.close()
    return _reduce(converted, factor)


def to_grey(picture: Image.Image) -> Grey:
    """The grey levels of a picture in the mode L, RGB or RGBA.  Returns (height, width)."""
    if picture.mode == "RGBA":
        picture = _composite(picture)
    return np.asarray(picture if picture.mode == "L" else _choose_channel(picture))


def average_blocks(values: npt.NDArray[np.uint16], factor: int) -> npt.NDArray[np.float64]:
    """The means of square blocks of pixels; incomplete blocks at the right and the bottom are dropped.

    Args:
        values: (height, width)
        factor: The side of a block; where the picture is narrower, so is the block.

    Returns:
        (height // factor, width // factor)
    """
    rows, columns = (min(factor, side) for side in values.shape)
    height, width = values.shape[0] // rows, values.shape[1] // columns
    total = np.zeros((height, width))
    for y in range(rows):
        for x in range(columns):
            total += values[y : height * rows : rows, x : width * columns : columns]
    total /= rows * columns
    return total


def scale_to_uint8(values: npt.NDArray[np.float64]) -> Grey:
    """Scale the pixels of a picture of more than 8 bits to 0 .. 255.

    Such a picture does not say which level is white: the lowest of `CONVERSION.white_levels` that no pixel exceeds is
    taken. If there is none, or a pixel is negative, the range of the pixels becomes 0 .. 255.

    Args:
        values: (height, width)

    Returns:
        (height, width)

    Raises:
        PictureError: A pixel is infinite or not a number.
    """
    black, white = float(values.min()), float(values.max())
    if not np.isfinite(white - black):
        raise PictureError("some of its pixels are not finite numbers")
    if black >= 0 and white <= CONVERSION.white_levels[-1]:
        black, white = 0, next(level for level in CONVERSION.white_levels if white <= level)
    levels: Grey = np.rint((values - black) * (255 / ((white - black) or 1))).astype(np.uint8)
    return levels


def choose_background(grey: Grey, alpha: Grey) -> int:
    """The grey level to put behind a picture with transparent parts, so that its ink can be seen.

    If most of it is opaque and has light and dark parts, it has a background of its own, which is extended: a
    screenshot with a shadow around. Otherwise all that is opaque is ink, and dark ink needs white behind it, light ink
    black.

    Args:
        grey: (height, width)
        alpha: (height, width), 0 transparent, 255 opaque.
    """
    opaque = grey[alpha > alpha.max() // 2]
    if opaque.size > grey.size / 2 and np.ptp(opaque) > CONVERSION.min_contrast:
        return int(np.median(opaque))
    return 255 if opaque.size == 0 or opaque.mean() < CONVERSION.light else 0


def _reduce(picture: Image.Image, factor: int) -> Image.Image:
    if factor == 1:
        return picture
    small = picture.reduce(factor)
    picture.close()
    return small


def _composite(picture: Image.Image) -> Image.Image:
    """RGBA -> RGB, on a background of one grey level."""
    alpha = picture.getchannel("A")
    level = choose_background(np.asarray(picture.convert("L")), np.asarray(alpha))
    background = Image.new("RGB", picture.size, (level, level, level))
    background.paste(picture, mask=alpha)
    return background


def _choose_channel(picture: Image.Image) -> Image.Image:
    """RGB -> the luma (ITU-R BT.601), or one channel where ink and background differ in colour rather than in luma.

    The fraction of ink is the same in each channel, so that standard deviations compare as contrasts do.
    """
    luma = picture.convert("L")
    channels = {ImageStat.Stat(channel).stddev[0]: channel for channel in picture.split()}
    best = max(channels)
    return channels[best] if best > CONVERSION.channel_gain * ImageStat.Stat(luma).stddev[0] else luma
