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

from nnfang.data.formats.arrays import check_expansion
from nnfang.errors import DataError

IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The official names, without .gz, in the order x_train, y_train, x_test, y_test."""

GZIP_MAGIC = b"\x1f\x8b"
GZIP_LIMIT = 1032
"""How many times its own size a gzip file can expand to at most: no more can be said in deflate."""

MAGIC_BYTES = 4
UINT8 = 0x08
TYPES = {UINT8: "uint8", 0x09: "int8", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64"}
MAX_DIMENSIONS = 3

Array = npt.NDArray[np.uint8]


def read_idx(path: Path) -> Array:
    """Read one IDX file; its content decides whether it is gzipped, not its name.

    Returns:
        The elements, uint8, read-only, in the shape that the header gives.

    Raises:
        DataError: The file cannot be read, is not IDX, does not hold uint8, or its length and header disagree.
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
    except EOFError as error:
        raise DataError("the gzip data ends too early; the file is truncated", path) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the gzip data is damaged ({error})", path) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror or error}", path) from error


def read_idx_files(paths: Iterable[Path]) -> tuple[Array, Array, Array, Array]:
    """Read four IDX files in the order x_train, y_train, x_test, y_test.

    Raises:
        DataError: As `read_idx`.
    """
    x_train, y_train, x_test, y_test = map(read_idx, paths)
    return x_train, y_train, x_test, y_test


def _read(file: BinaryIO, path: Path, capacity: int) -> Array:
    """Read header and elements of a file that holds at most `capacity` bytes."""
    shape = _read_shape(file, path)
    count = math.prod(shape)
    if not count:
        raise DataError(f"no data: the shape is {shape}", path)
    # A false header must not make us ask for terabytes, so it is compared with the file's size first.
    if count <= capacity:
        check_expansion(path, count)
    data = file.read(count) if count <= capacity else b""
    if len(data) != count:
        raise DataError(f"the file ends before the {count:,} bytes of data for the shape {shape}", path)
    if file.read(1):
        raise DataError(f"the file goes on after the {count:,} bytes of data for the shape {shape}", path)
    return np.frombuffer(data, np.uint8).reshape(shape)


def _read_shape(file: BinaryIO, path: Path) -> tuple[int, ...]:
    magic = file.read(MAGIC_BYTES)
    if len(magic) < MAGIC_BYTES or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise DataError(f"not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, not with 00 00 08", path)
    if magic[2] != UINT8:
        raise DataError(f"the elements are {TYPES[magic[2]]}, but uint8 is needed", path)
    if not 1 <= magic[3] <= MAX_DIMENSIONS:
        raise DataError(f"{magic[3]} dimensions found, expected 1 to {MAX_DIMENSIONS}", path)
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise DataError(f"the file ends within the header, which announces {magic[3]} dimensions", path)
    return tuple(np.frombuffer(header, ">u4").tolist())
