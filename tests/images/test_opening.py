import io
import os
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnfang import images
from nnfang.errors import PictureError
from nnfang.images import Grey, opening, reading
from nnfang.images.reading import average_blocks, read_picture
from tests.images.pages import FIELD, difference, draw, load, save

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices have no paths there")

# What is no file


@on_posix
def test_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match=r"pipe\.png: a pipe into which nobody writes$"):
        load(tmp_path / "pipe.png")


@on_posix
def test_a_pipe_into_which_somebody_writes_late_is_read(digit: Grey, tmp_path: Path) -> None:
    path = tmp_path / "pipe.png"
    content = save(tmp_path / "a.png", digit).read_bytes()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)

    def write() -> None:
        os.write(writer, content)
        os.close(writer)

    timer = threading.Timer(0.1, write)
    timer.start()
    np.testing.assert_array_equal(load(path), digit)
    timer.join()


@on_posix
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_no_picture(name: str) -> None:
    if not Path(name).exists():
        pytest.skip("there is no such device here")
    with pytest.raises(PictureError, match="a device, not a picture"):
        load(Path(name))


@on_posix
def test_a_socket_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        with pytest.raises(PictureError, match="a device, not a picture"):
            load(Path("socket.png"))


def test_a_link_to_itself_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("a.png")
    with pytest.raises(PictureError, match="cannot be read: too many levels of symbolic links"):
        load(tmp_path / "a.png")


@on_posix
@pytest.mark.parametrize("is_pipe", [True, False])
def test_a_stream_without_end_is_left(is_pipe: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_STREAM_BYTES", 3 * 2**20)
    with Path("/dev/zero").open("rb") as zeros:
        stream = io.BufferedReader(Unseekable(zeros)) if is_pipe else zeros
        with pytest.raises(PictureError, match="standard input: too large: more than 3 MB come through a pipe"):
            images.load(stream, FIELD, "digit", name="standard input")


class Unseekable(io.RawIOBase):
    """What comes through a pipe."""

    def __init__(self, source: io.BufferedReader) -> None:
        self.source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.source.readinto(buffer)


# Large pictures


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_a_large_picture_is_averaged_in_any_mode(
    mode: str, digit: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DETAIL", 10_000)  # of 30,000
    page = 255 - draw(digit)
    deep = Image.fromarray(page.astype(np.uint16) * 257)
    picture = deep if mode == "I;16" else Image.fromarray(page).convert("L").convert(mode)
    path = save(tmp_path / "a.tiff", picture)
    assert read_picture(path).shape == (75, 100)
    assert difference(load(path), digit) < 12


@pytest.mark.parametrize("size", [(1, 90_000), (90_000, 1), (301, 299)])
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff"])
def test_a_large_picture_of_any_shape_is_averaged(
    suffix: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if suffix == "jpg" and max(size) > 65_500:
        size = min(size[0], 60_000), min(size[1], 60_000)
    monkeypatch.setattr(reading, "DETAIL", 10_000)
    dtype = np.uint16 if suffix == "tiff" else np.uint8
    assert np.ptp(read_picture(save(tmp_path / f"a.{suffix}", np.full(size[::-1], 255, dtype)))) == 0


def test_blocks_are_averaged() -> None:
    values = np.array([[0, 2, 10, 20, 9], [4, 6, 30, 40, 9]], np.uint16)
    assert average_blocks(values, 2).tolist() == [[3, 25]]
    assert average_blocks(values, 3).shape == (1, 1)


def test_a_large_jpeg_stays_upright(digit: Grey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "DETAIL", 10_000)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(255 - draw(digit)).transpose(Image.Transpose.ROTATE_90)
    assert difference(load(save(tmp_path / "a.jpg", turned, exif=exif, quality=95)), digit) < 15


@pytest.mark.parametrize(("suffix", "orientation"), [("png", 1), ("jpg", 1), ("jpg", 6), ("tiff", 8)])
@pytest.mark.parametrize("side", [400, 3000, 5000])
def test_what_was_done_is_told_in_pixels_of_the_file(suffix: str, orientation: int, side: int, tmp_path: Path) -> None:
    page = np.full((side, side * 5 // 4), 230, np.uint8)
    page[side // 8 : side * 5 // 8, side // 2 : side * 3 // 4] = 20
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"page.{suffix}", np.rot90(page, {1: 0, 6: 1, 8: 3}[orientation]), exif=exif)
    done = images.load_prepared(path, FIELD, "digit")
    np.testing.assert_allclose(done.crop, (side // 2, side // 8, side * 3 // 4, side * 5 // 8), atol=side / 100)
    assert done.scale == pytest.approx(20 / (side / 2), rel=0.05)


@pytest.mark.parametrize(("suffix", "limit"), [("webp", 16), ("jp2", 16), ("jpg", 100), ("progressive.jpg", 50)])
def test_what_a_decoder_needs_decides_how_large_a_picture_may_be(
    suffix: str, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"webp": "WEBP", "jp2": "JPEG2000", "jpg": "JPEG"}[suffix.rpartition(".")[2]]
    assert (reading.MEGAPIXELS[kind], reading.OTHER_MEGAPIXELS) == (16 if kind != "JPEG" else 100, 50)
    monkeypatch.setattr(reading, "MEGAPIXELS", {"WEBP": 16e-4, "JPEG2000": 16e-4, "JPEG": 100e-4})
    monkeypatch.setattr(reading, "OTHER_MEGAPIXELS", 50e-4)
    options = {"progressive": True} if "progressive" in suffix else {}
    side = int((limit * 100) ** 0.5)
    read_picture(save(tmp_path / f"a.{suffix}", np.zeros((side, side), np.uint8), **options))
    with pytest.raises(PictureError, match="too large"):
        read_picture(save(tmp_path / f"a.{suffix}", np.zeros((side + 1, side + 1), np.uint8), **options))


def test_a_large_picture_within_a_small_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    png = save(tmp_path / "a.png", np.zeros((300, 300), np.uint8)).read_bytes()
    header = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(png), 22)
    (tmp_path / "a.ico").write_bytes(header + png)
    monkeypatch.setattr(reading, "MEGAPIXELS", {"JPEG": 0.08})
    with pytest.raises(PictureError, match=r"too large: more than 0\.08 megapixels"):
        read_picture(tmp_path / "a.ico")
