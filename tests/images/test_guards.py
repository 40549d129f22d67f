import io
import os
import struct
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from nnfang.errors import PictureError
from nnfang.images import Grey, guards, read_picture
from nnfang.images.guards import SIZE_LIMITS
from tests.images.pages import save

Entry = tuple[int, int, int, bytes]
"""A picture in an icon: its declared side, its number of colours, its bits per pixel, and its content."""


def png(side: int, mode: str = "L") -> bytes:
    return encode(Image.new(mode, (side, side)), "PNG")


def encode(picture: Image.Image, format_: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format_, **options)
    return stream.getvalue()


def ico(*entries: Entry) -> bytes:
    """An icon for Windows."""
    header, body = struct.pack("<HHH", 0, 1, len(entries)), b""
    for side, colours, bits, content in entries:
        offset = 6 + 16 * len(entries) + len(body)
        header += struct.pack("<BBBBHHII", side % 256, side % 256, colours, 0, 1, bits, len(content), offset)
        body += content
    return header + body


def icns(code: bytes, content: bytes) -> bytes:
    """An icon for macOS."""
    block = code + struct.pack(">I", 8 + len(content)) + content
    return b"icns" + struct.pack(">I", 8 + len(block)) + block


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the limit of most formats, in megapixels."""
    return lambda limit: monkeypatch.setattr(guards, "SIZE_LIMITS", replace(SIZE_LIMITS, default=limit))


# Sizes


@pytest.mark.parametrize(
    ("suffix", "limit"), [("webp", 16), ("jp2", 16), ("jpg", 100), ("progressive.jpg", 50), ("dib", 50)]
)
def test_the_limit_depends_on_what_the_decoder_needs(
    suffix: str, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (SIZE_LIMITS.buffered, SIZE_LIMITS.sequential_jpeg, SIZE_LIMITS.default) == (16, 100, 50)
    small = replace(SIZE_LIMITS, buffered=16e-4, sequential_jpeg=100e-4, default=50e-4)
    monkeypatch.setattr(guards, "SIZE_LIMITS", small)
    options = {"progressive": True} if "progressive" in suffix else {}
    side = int((limit * 100) ** 0.5)
    read_picture(save(tmp_path / f"a.{suffix}", np.zeros((side, side), np.uint8), **options))
    with pytest.raises(PictureError, match="too large"):
        read_picture(save(tmp_path / f"a.{suffix}", np.zeros((side + 1, side + 1), np.uint8), **options))


ARRANGEMENTS = [
    [(16, 0, 32, 300)],
    [(0, 0, 32, 10), (16, 0, 32, 300)],
    [(32, 0, 32, 300), (32, 0, 32, 10)],
    [(32, 0, 8, 300), (32, 0, 32, 10)],
    [(32, 16, 0, 300), (32, 0, 8, 10)],
    [(32, 16, 0, 300), (32, 0, 0, 10), (48, 0, 0, 10)],
    [(32, 3, 0, 300), (32, 0, 2, 10), (32, 0, 0, 10)],
]
"""Pictures in an icon: declared side, colours, bits per pixel, and the side that they really have."""


@pytest.mark.parametrize("pictures", [p for pictures in ARRANGEMENTS for p in permutations(pictures)], ids=str)
@pytest.mark.filterwarnings("ignore:Image was not the expected size")
def test_the_picture_inside_an_icon_that_pillow_decodes_is_the_one_that_is_checked(
    pictures: tuple[tuple[int, int, int, int], ...], limit: Callable[[float], None]
) -> None:
    content = ico(*((side, colours, bits, png(real)) for side, colours, bits, real in pictures))
    with Image.open(io.BytesIO(content)) as icon:
        decoded = icon.width
    limit(0.08)
    if decoded == 300:
        with pytest.raises(PictureError, match=r"^too large: 300x300 pixels, at most 0\.08 megapixels$"):
            read_picture(io.BytesIO(content))
    else:
        assert read_picture(io.BytesIO(content)).shape == (10, 10)


@pytest.mark.parametrize("inner", ["png", "bmp"])
def test_an_icon_of_an_allowed_size_is_read(inner: str, limit: Callable[[float], None]) -> None:
    content = encode(Image.new("RGBA", (128, 128)), "ICO", sizes=[(128, 128)], bitmap_format=inner)
    limit(0.017)
    assert read_picture(io.BytesIO(content)).shape == (128, 128)
    limit(0.016)
    with pytest.raises(PictureError, match="too large: 128x128 pixels"):
        read_picture(io.BytesIO(content))


@pytest.mark.parametrize(
    ("inner", "options", "limited"),
    [("PNG", {}, "default"), ("JPEG2000", {}, "buffered"), ("JPEG2000", {"no_jp2": True}, "buffered")],
)
def test_a_large_picture_inside_a_mac_icon_is_refused(
    inner: str, options: dict[str, bool], limited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = icns(b"ic07", encode(Image.new("RGB", (128, 128)), inner, **options))
    assert read_picture(io.BytesIO(content)).shape == (128, 128)
    monkeypatch.setattr(guards, "SIZE_LIMITS", replace(SIZE_LIMITS, default=0.017, buffered=0.017))
    assert read_picture(io.BytesIO(content)).shape == (128, 128)
    monkeypatch.setattr(guards, "SIZE_LIMITS", replace(SIZE_LIMITS, **{limited: 0.016}))
    with pytest.raises(PictureError, match=r"^too large: 128x128 pixels, at most 0\.016 megapixels$"):
        read_picture(io.BytesIO(content))


def test_an_icon_whose_header_comes_twice_is_refused(limit: Callable[[float], None]) -> None:
    small, large = png(10), png(300)
    header = slice(8, 8 + 25)  # the chunk IHDR, of which Pillow takes the last
    content = ico((16, 0, 32, small[:8] + small[header] + large[8:]))
    limit(0.08)
    with pytest.raises(PictureError, match="too large: 300x300 pixels"):
        read_picture(io.BytesIO(content))


@pytest.mark.parametrize("content", [ico(), ico((16, 0, 32, b"")), ico((16, 0, 32, b"nonsense")), ico()[:5]])
def test_a_damaged_icon_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError, match=r"^cannot be decoded: "):
        read_picture(io.BytesIO(content))


def test_a_format_that_wraps_another_is_refused(digit: Grey) -> None:
    content = encode(Image.fromarray(digit).convert("P"), "BLP")
    with pytest.raises(PictureError, match=r"^in the format BLP, which cannot be read here$"):
        read_picture(io.BytesIO(content))


def test_pillows_own_limit_holds_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    path = save(tmp_path / "a.png", np.zeros((2000, 1500), np.uint8))
    with pytest.raises(PictureError, match=r"^too large: more than 2 megapixels$"):
        read_picture(path)


def test_a_stream_is_read_from_its_beginning(limit: Callable[[float], None]) -> None:
    stream = io.BytesIO(ico((16, 0, 32, png(300))))
    stream.seek(5)
    limit(0.08)
    with pytest.raises(PictureError, match=r"^too large: 300x300 pixels"):
        read_picture(stream)


# What belongs to the process


class Watched(io.BytesIO):
    """A file of which each read is also a look at the state of the process, from another thread."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.seen: list[tuple[int | None, list[Any]]] = []

    def read(self, size: int | None = -1) -> bytes:
        with ThreadPoolExecutor(1) as other:
            self.seen.append(other.submit(state_of_process).result())
        return super().read(size)


def state_of_process() -> tuple[int | None, list[Any]]:
    return Image.MAX_IMAGE_PIXELS, list(warnings.filters)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "ICO", "ICNS"])
def test_pillows_limit_and_the_warning_filters_are_never_changed(format_: str, digit: Grey) -> None:
    before = state_of_process()
    watched = Watched(encode(Image.fromarray(digit).resize((256, 256)), format_))
    read_picture(watched)
    assert len(watched.seen) > 1
    assert all(seen == before for seen in watched.seen)
    assert state_of_process() == before


def test_warnings_of_pillow_reach_the_caller() -> None:
    with pytest.warns(UserWarning, match="Image was not the expected size"):
        read_picture(io.BytesIO(ico((16, 0, 32, png(300)))))


# Errors


def test_a_decoders_failure_is_the_cause_of_the_error() -> None:
    content = encode(Image.effect_noise((64, 64), 50), "PNG")
    with pytest.raises(PictureError, match=r"^cannot be decoded: ") as error:
        read_picture(io.BytesIO(content[: len(content) // 2]))
    assert isinstance(error.value.__cause__, OSError)
    assert error.value.path is None


def damaged_tiff(compression: str = "tiff_deflate") -> bytes:
    content = bytearray(encode(Image.fromarray(np.eye(64, dtype=np.uint8)), "TIFF", compression=compression))
    content[8:40] = b"\xff" * 32
    return bytes(content)


@pytest.mark.skipif(not features.check("libtiff"), reason="this Pillow decodes no compressed TIFF")
def test_what_libtiff_says_of_damage_is_dropped_and_no_more(capfd: pytest.CaptureFixture[str]) -> None:
    def read(_: int) -> None:
        with pytest.raises(PictureError, match=r"^cannot be decoded: "):
            read_picture(io.BytesIO(damaged_tiff()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read, range(100)))
    os.write(2, b"still open\n")
    assert capfd.readouterr().err == "still open\n"


@pytest.mark.skipif(not features.check("libtiff"), reason="this Pillow decodes no compressed TIFF")
def test_where_stderr_is_closed_a_damaged_tiff_is_refused_all_the_same() -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with pytest.raises(PictureError, match=r"^cannot be decoded: "):
            read_picture(io.BytesIO(damaged_tiff()))
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(2)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def test_a_bug_of_ours_is_no_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(picture: Image.Image) -> Grey:
        raise KeyError("a bug")

    monkeypatch.setattr("nnfang.images.reading.to_grey", fail)
    with pytest.raises(KeyError, match="a bug"):
        read_picture(io.BytesIO(png(10)))
