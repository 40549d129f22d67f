"""Files in the IDX format, in which MNIST and its relatives are published, plain or gzipped.

The format: two zero bytes; one byte for the type of the elements; one byte for the number of dimensions; each
dimension as a big-endian 32-bit integer; then the elements, the last dimension running fastest.
"""

import gzip
import math
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from nnfang.data.expansion import check_expansion
from nnfang.errors import DataError

IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The official names, without .gz, in the order x_train, y_train, x_test, y_test."""

GZIP_MAGIC = b"\x1f\x8b"
GZIP_LIMIT = 1032  # deflate cannot make a file larger than this many times its compressed size
MAGIC_BYTES = 4
UINT8 = 0x08
TYPES = {UINT8: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
MAX_DIMENSIONS = 3

Array = npt.NDArray[np.uint8]


def read_idx(path: Path) -> Array:
    """Read one IDX file; whether it is gzipped is decided by what is in it, not by its name.

    Returns:
        The elements, uint8, read-only, in the shape that the header gives.

    Raises:
        DataError: the file cannot be read, is not IDX, does not hold uint8, or its length and header disagree.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            is_gzip = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not is_gzip:
                return _read(file, path, size)
            with gzip.open(file) as unzipped:
                return _read(cast("BinaryIO", unzipped), path, size * GZIP_LIMIT)
    except EOFError:
        raise DataError(f"{path}: the gzip data ends too early; the file is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip data is damaged ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_idx_files(paths: Iterable[Path]) -> tuple[Array, Array, Array, Array]:
    """Read four IDX files in the order x_train, y_train, x_test, y_test.

    Raises:
        DataError: as `read_idx`.
    """
    x_train, y_train, x_test, y_test = map(read_idx, paths)
    return x_train, y_train, x_test, y_test


def _read(file: BinaryIO, path: Path, most: int) -> Array:
    """Read header and elements of a file that holds `most` bytes at the utmost."""
    shape = _read_shape(file, path)
    count = math.prod(shape)
    if not count:
        raise DataError(f"{path}: no data: the shape is {shape}")
    # A false header must not make us ask for terabytes, so it is held against the file's size first.
    if count <= most:
        check_expansion(path, count)
    data = file.read(count) if count <= most else b""
    if len(data) != count:
        raise DataError(f"{path}: {count:,} bytes of data for the shape {shape} expected, but the file ends before")
    if file.read(1):
        raise DataError(f"{path}: the file goes on after the {count:,} bytes of data for the shape {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _read_shape(file: BinaryIO, path: Path) -> tuple[int, ...]:
    magic = file.read(MAGIC_BYTES)
    if len(magic) < MAGIC_BYTES or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise DataError(f"{path}: not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, not with 00 00 08")
    if magic[2] != UINT8:
        raise DataError(f"{path}: the elements are {TYPES[magic[2]]}, but uint8 is needed")
    if not 1 <= magic[3] <= MAX_DIMENSIONS:
        raise DataError(f"{path}: {magic[3]} dimensions found, but 1 to {MAX_DIMENSIONS} expected")
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise DataError(f"{path}: the file ends within the header, which announces {magic[3]} dimensions")
    return tuple(np.frombuffer(header, ">u4").tolist())
