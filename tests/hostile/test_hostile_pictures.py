import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hostile.measured import MEMORY_LIMIT, refused, run

SIDE = 7050
"""Of a square picture that is just small enough to be looked at."""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An untrained network for digits."""
    folder = tmp_path_factory.mktemp("model")
    ending = run(folder, "train", "--dataset", "mnist-sample", "--epochs", "0", "-o", "run", "-q")
    assert ending.code == 0, ending
    return str(folder / "run")


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGBA", {"compress_level": 1}),
        ("a.png", "P", {"compress_level": 1}),
        ("a.png", "I;16", {"compress_level": 1}),
        ("a.tiff", "CMYK", {"compression": "tiff_lzw"}),
        ("a.jpg", "RGB", {"progressive": True}),
    ],
)
def test_the_largest_picture_takes_bounded_memory(
    name: str, mode: str, options: dict[str, Any], model: str, tmp_path: Path
) -> None:
    picture = Image.new(mode, (SIDE, SIDE))
    picture.paste(
        1 if mode == "P" else 40_000 if mode == "I;16" else (255, 255, 255, 255)[: len(mode)], (9, 9, 900, 900)
    )
    picture.save(tmp_path / name, **options)
    assert (tmp_path / name).stat().st_size < 10e6
    ending = run(tmp_path, "predict", "-m", model, name)
    assert ending.megabytes < MEMORY_LIMIT
    assert "Traceback" not in ending.stderr
    assert ending.code in {0, 1}  # on a palette of one colour there is nothing to see


def test_whatever_is_no_picture_is_refused_in_a_line_each(model: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "text.png").write_text("hello\n")
    (tmp_path / "empty.png").touch()
    bomb = bytearray(b"BM" + bytes(52))
    bomb[10], bomb[14], bomb[26], bomb[28] = 54, 40, 1, 24
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    (tmp_path / "bomb.bmp").write_bytes(bomb)
    names = [
        "pipe.png",
        "loop.png",
        "text.png",
        "empty.png",
        "bomb.bmp",
        "/dev/zero",
        "line\nbreak.png",
        os.fsdecode(b"\xff.png"),
    ]
    ending = run(tmp_path, "predict", "-m", model, *names)
    assert ending.code == 1
    assert ending.megabytes < MEMORY_LIMIT
    lines = ending.stderr.splitlines()
    assert len(lines) == len(names)
    assert all(line.startswith("Error: ") for line in lines)


def test_a_stream_without_end_is_refused(model: str, tmp_path: Path) -> None:
    assert "too large" in refused(1, tmp_path, "predict", "-m", model, "-", stdin=Path("/dev/zero"))


def write_bomb(path: Path) -> None:
    """An icon with a declared side of 16 pixels, in which there is a PNG of 12,000 x 12,000."""
    side = 12_000
    compressor = zlib.compressobj(1)
    rows = [compressor.compress(bytes(1 + 4 * side)) for _ in range(side)]
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0),
        b"IDAT": b"".join([*rows, compressor.flush()]),
    }
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )
    if path.suffix == ".ico":
        path.write_bytes(struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(png), 22) + png)
    else:
        path.write_bytes(b"icns" + struct.pack(">I", len(png) + 16) + b"icp4" + struct.pack(">I", len(png) + 8) + png)


@pytest.mark.parametrize("name", ["a.ico", "a.icns"])
def test_a_huge_picture_inside_a_small_icon_takes_no_memory(name: str, model: str, tmp_path: Path) -> None:
    write_bomb(tmp_path / name)
    assert (tmp_path / name).stat().st_size < 10e6
    message = refused(1, tmp_path, "predict", "-m", model, name)
    assert message == f"{name}: too large: 12000x12000 pixels, at most 50 megapixels\n"


@pytest.mark.parametrize("size", ["28*28*28", "28.5*28", "*".join(["8"] * 30)])
def test_a_size_that_is_none_is_refused(size: str, model: str, tmp_path: Path) -> None:
    """The format IM writes sizes as text; Pillow takes any number of numbers of any kind."""
    header = f"Image type: L image\r\nImage size (x*y): {size}\r\nFile size (no of images): 1\r\n"
    (tmp_path / "a.im").write_bytes(header.encode().ljust(511, b"\0") + b"\x1a" + bytes(784))
    message = refused(1, tmp_path, "predict", "-m", model, "a.im")
    assert message.startswith("a.im: cannot be decoded: a size of (")
    assert len(message) < 400


def test_pillows_warnings_are_not_shown(model: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "white").save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22) + content
    (tmp_path / "a.ico").write_bytes(icon)
    with pytest.warns(UserWarning, match="not the expected size"), Image.open(tmp_path / "a.ico"):
        pass
    ending = run(tmp_path, "predict", "-m", model, "--raw", "a.ico")
    assert (ending.code, ending.stderr) == (0, "")
