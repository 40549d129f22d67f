"""Small pictures as PNG of few bytes: one byte a pixel, and 256 colours that let the paper through.

Source: ISO/IEC 15948:2004, PNG.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from nnfang.reports.style import BLUE, VERMILION

if TYPE_CHECKING:
    import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PALETTE, DEPTH = 3, 8
"""The type of a picture whose pixels are numbers of colours, and the bits of each."""

MIDDLE = 128


def _rgb(colour: str) -> bytes:
    return bytes.fromhex(colour.removeprefix("#"))


INK = (b"\0\0\0" * 256, bytes(range(256)))
"""Ever more black on whatever is below: the colours, and how opaque each is."""

GREY = (bytes(level for level in range(256) for _ in "rgb"), b"\xff" * 256)
"""Grey levels, which let nothing through."""

SIGNED = (
    _rgb(VERMILION) * MIDDLE + _rgb(BLUE) * MIDDLE,
    bytes(min(255, round(abs(i - MIDDLE) * 255 / (MIDDLE - 1))) for i in range(256)),
)
"""Nothing at 128; vermilion below, and blue above, ever stronger."""


def to_data_url(pixels: npt.NDArray[np.uint8], palette: tuple[bytes, bytes]) -> str:
    """A picture that stands in a page itself.

    Args:
        pixels: (height, width), numbers of colours.
        palette: Three bytes for each of 256 colours, and a byte for how opaque it is.
    """
    height, width = pixels.shape
    filtered = np.zeros((height, width + 1), np.uint8)  # each row begins with the number of its filter: 0, none
    filtered[:, 1:] = pixels
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, DEPTH, PALETTE, 0, 0, 0)),
        (b"PLTE", palette[0]),
        (b"tRNS", palette[1]),
        (b"IDAT", zlib.compress(filtered.tobytes(), 9)),
        (b"IEND", b""),
    )
    content = SIGNATURE + b"".join(_chunk(name, body) for name, body in parts)
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def scale_ink(image: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """An image (height, width) of bytes, or of floats from 0 to 1, as numbers of `INK`."""
    if image.dtype == np.uint8:
        return image.astype(np.uint8)
    values = np.nan_to_num(np.clip(np.asarray(image, np.float64), 0, 1))
    return np.rint(255 * values).astype(np.uint8)


def scale_signed(values: npt.NDArray[np.floating], largest: float) -> npt.NDArray[np.uint8]:
    """Values of either sign as numbers of `SIGNED`; those of `largest` or more, either way, are the strongest."""
    scaled = np.asarray(values, np.float64) / (largest or 1.0)
    return np.clip(np.rint(MIDDLE + (MIDDLE - 1) * scaled), 1, 255).astype(np.uint8)
