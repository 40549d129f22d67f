import gzip
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnfang.data.formats.idx import read_idx
from nnfang.errors import DataError

WriteIdx = Callable[[Path, np.ndarray], Path]

HEADER_2X3 = b"\0\0\x08\x02" + b"\0\0\0\x02" + b"\0\0\0\x03"


@pytest.mark.parametrize("shape", [(7,), (5, 3), (4, 3, 2)])
@pytest.mark.parametrize("name", ["data.gz", "data"])
def test_reads_what_was_written(name: str, shape: tuple[int, ...], tmp_path: Path, write_idx: WriteIdx) -> None:
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    found = read_idx(write_idx(tmp_path / name, array))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, array)


def test_the_content_decides_whether_it_is_gzipped(tmp_path: Path, write_idx: WriteIdx) -> None:
    array = np.arange(6, dtype=np.uint8)
    zipped = write_idx(tmp_path / "a.gz", array).rename(tmp_path / "a")
    plain = write_idx(tmp_path / "b", array).rename(tmp_path / "b.gz")
    np.testing.assert_array_equal(read_idx(zipped), array)
    np.testing.assert_array_equal(read_idx(plain), array)


def test_a_gzip_of_several_members_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "data.gz").write_bytes(gzip.compress(HEADER_2X3) + gzip.compress(b"abcdef"))
    assert read_idx(tmp_path / "data.gz").tobytes() == b"abcdef"


FAULTS = {
    "empty": (b"", "not an IDX file: it begins with nothing"),
    "a web page": (b"<!DOCTYPE html>", "not an IDX file: it begins with 3c 21 44 4f"),
    "unknown type": (b"\0\0\x07\x01\0\0\0\0", "not an IDX file"),
    "floats": (b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0", "the elements are float32, but uint8 is needed"),
    "no dimensions": (b"\0\0\x08\0", "0 dimensions found"),
    "too many dimensions": (b"\0\0\x08\xff", "255 dimensions found, expected 1 to 3"),
    "half a header": (HEADER_2X3[:9], "ends within the header"),
    "too short": (HEADER_2X3 + b"abcde", r"the file ends before the 6 bytes of data for the shape \(2, 3\)"),
    "too long": (HEADER_2X3 + b"abcdefg", r"goes on after the 6 bytes of data for the shape \(2, 3\)"),
    "no elements": (b"\0\0\x08\x03" + b"\0" * 4 + b"\xff" * 8, r"no data: the shape is \(0, 4294967295, 4294967295\)"),
    "a false header": (b"\0\0\x08\x03" + b"\xff" * 12 + b"abc", "the file ends before the 79"),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_named_with_what_was_found(fault: str, zipped: bool, tmp_path: Path) -> None:
    content, message = FAULTS[fault]
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert caught.value.path == str(path)


def test_damaged_gzip(tmp_path: Path) -> None:
    content = gzip.compress(HEADER_2X3 + b"abcdef")
    path = tmp_path / "data.gz"
    path.write_bytes(content[:-9])
    with pytest.raises(DataError, match="the gzip data ends too early"):
        read_idx(path)
    path.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])
    with pytest.raises(DataError, match="the gzip data is damaged"):
        read_idx(path)
    path.write_bytes(content[:10] + b"\xff" * 20)
    with pytest.raises(DataError, match="the gzip data is damaged"):
        read_idx(path)
    path.write_bytes(content + b"rubbish")
    with pytest.raises(DataError, match="the gzip data is damaged"):
        read_idx(path)


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: "):
        read_idx(tmp_path / name)


def test_neither_a_bomb_nor_a_false_header_fills_the_memory(tmp_path: Path) -> None:
    megabyte = 1 << 20
    bomb, liar = tmp_path / "bomb.gz", tmp_path / "liar"
    bomb.write_bytes(gzip.compress(HEADER_2X3 + bytes(64 * megabyte)))
    liar.write_bytes(b"\0\0\x08\x01" + (64 * megabyte).to_bytes(4, "big") + b"abc")
    tracemalloc.start()
    for path in (bomb, liar):
        with pytest.raises(DataError):
            read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * megabyte


def test_a_bomb_with_a_true_header_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb, size = tmp_path / "bomb.gz", 65 << 20
    bomb.write_bytes(gzip.compress(b"\0\0\x08\x01" + size.to_bytes(4, "big") + bytes(size), compresslevel=1))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"bytes would expand to 68,157,440, more than 50 times as much"):
        read_idx(bomb)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@pytest.mark.full
def test_mnist_is_read_fast_and_without_copies(official: Path) -> None:
    path = official / "mnist" / "train-images-idx3-ubyte.gz"
    start = time.perf_counter()
    x = read_idx(path)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.shape == (60_000, 28, 28)
    assert x.mean() == pytest.approx(33.318421)  # a well-known number: 0.1306604 of 255
    assert seconds < 2  # 0.16 s on a machine with nothing else to do
    assert peak < 1.5 * x.nbytes
