"""Icons (ICO, ICNS) wrap pictures of other formats: the header of the one inside is read as well, and its size limited.

The formats are imported here alone, since no other picture needs them and that takes time.
"""

import struct
from math import ceil, log2
from typing import Any, BinaryIO

from PIL.BmpImagePlugin import DibImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.PngImagePlugin import PngImageFile

from nnfang.errors import PictureError
from nnfang.images.guards import check_size, decoder_errors

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def check_ico(file: BinaryIO) -> None:
    """Refuse an icon for Windows with a picture inside that is too large; before `Image.open`, which decodes it.

    Raises:
        PictureError: It is too large, or damaged.
    """
    file.seek(4)
    with decoder_errors():
        (count,) = struct.unpack("<H", file.read(2))
        entries = [struct.unpack("<BBBxHHII", file.read(16)) for _ in range(count)]
    if not entries:
        raise PictureError("cannot be decoded: an icon without pictures")

    def rank(entry: tuple[int, ...]) -> tuple[int, int]:
        width, height, colours, _, bits, *_ = entry
        return -(width or 256) * (height or 256), bits or (ceil(log2(colours)) if colours else 0) or 256

    # Pillow decodes the largest picture, of these the one with the fewest colours, of these the first.
    *_, offset = min(entries, key=rank)
    file.seek(offset)
    kind = PngImageFile if file.read(8) == PNG_SIGNATURE else DibImageFile
    _check_embedded(file, offset, kind)


def check_icns(file: BinaryIO, icon: Any) -> None:
    """Refuse an icon for macOS with a picture inside that is too large; after `Image.open`, before `load`.

    Args:
        file: What was opened.
        icon: A `PIL.IcnsImagePlugin.IcnsImageFile`.

    Raises:
        PictureError: It is too large, or damaged.
    """
    for code, _ in icon.icns.SIZES[icon.best_size]:
        if code not in icon.icns.dct:
            continue
        offset, _ = icon.icns.dct[code]
        file.seek(offset)
        signature = file.read(12)
        if signature.startswith(PNG_SIGNATURE):
            _check_embedded(file, offset, PngImageFile)
        elif signature.startswith(b"\xff\x4f\xff\x51") or signature.endswith(b"\r\n\x87\n"):
            _check_embedded(file, offset, Jpeg2KImageFile)


def _check_embedded(file: BinaryIO, offset: int, kind: type[ImageFile]) -> None:
    """Read the header of a picture within a file, as Pillow's icons do, and check its size."""
    file.seek(offset)
    with decoder_errors():
        picture = kind(file)
    check_size(picture, is_masked=kind is DibImageFile)
