"""The arrays in an ``.npz`` file that may come from a stranger: what each takes is known before any of it is read."""

from __future__ import annotations

import re
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import prod
from stat import S_ISDIR, S_ISREG
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from nnfang.core.constraints import shorten
from nnfang.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

ENDING = ".npy"
ZIP = b"PK\x03\x04"
MAGIC = b"\x93NUMPY\x01\x00"
HEADER = rb"\{'descr': '([<>|][a-zA-Z]\d+)', 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), \} *\n"
"""What NumPy writes before plain numbers and text. Only that is read; NumPy itself would evaluate Python's syntax."""

COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes. The others of zipfile expand without a limit."""


@dataclass(frozen=True)
class Header:
    """What a member says of its array.

    Attributes:
        shape: Of the array.
        is_by_column: Whether it is stored column by column.
        dtype: Of its numbers.
        size: Bytes of the header itself.
    """

    shape: tuple[int, ...]
    is_by_column: bool
    dtype: np.dtype[Any]
    size: int

    def __str__(self) -> str:
        return shorten(f"{self.dtype} {self.shape}")

    @classmethod
    def read(cls, file: IO[bytes]) -> Self:
        """Read the header at the beginning of a member.

        Raises:
            ValueError: It is not as `HEADER` says.
        """
        begin = file.read(len(MAGIC) + 2)
        length = int.from_bytes(begin[len(MAGIC) :], "little")
        found = re.fullmatch(HEADER, file.read(length))
        if not begin.startswith(MAGIC) or not found:
            raise ValueError("a member is no array of numbers")
        dtype, is_by_column, shape = (part.decode() for part in found.groups())
        sizes = tuple(int(size) for size in shape.split(",") if size.strip())
        return cls(sizes, is_by_column == "True", np.dtype(dtype), len(begin) + length)


class Members:
    """The members of an open ``.npz`` file, by their names without the ending.

    Attributes:
        path: The file, of which errors speak.
        size: Bytes of the file.
        filenames: The names of the members, with the ending.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, size: int) -> None:
        self.path, self.size = path, size
        self._archive = archive
        self._infos = {info.filename: info for info in archive.infolist()}
        self.filenames = set(self._infos)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a file for reading.

        Raises:
            CheckpointError: It cannot be opened, or is no archive.
        """
        with ExitStack() as stack:
            with refusing_damage(path):
                status = path.stat()
                if not S_ISREG(status.st_mode) and not S_ISDIR(status.st_mode):
                    raise CheckpointError("not a file, and a checkpoint can be read from a file only", path)
                file = stack.enter_context(path.open("rb"))
                if not file.read(len(ZIP)) == ZIP:  # zipfile would look for an archive further on
                    raise zipfile.BadZipFile("File is not a zip file")
                archive = stack.enter_context(zipfile.ZipFile(file))
            yield cls(path, archive, status.st_size)

    def read_header(self, name: str) -> Header:
        """Read the type and shape of a member, but not its numbers.

        Raises:
            CheckpointError: There is no such member, or it is damaged.
        """
        info = self._infos.get(name + ENDING)
        if info is None:
            raise CheckpointError(f"the member {name} is missing", self.path)
        if info.compress_type not in COMPRESSIONS:
            raise CheckpointError(f"the member {name} is compressed in a way that NumPy does not use", self.path)
        with refusing_damage(self.path), self._archive.open(info) as file:
            return Header.read(file)

    def read_as(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Read a member of which type and shape are known.

        Raises:
            CheckpointError: It has others, is not there, or is damaged.
        """
        header = self.read_header(name)
        if header.shape != shape or header.dtype != dtype:
            raise CheckpointError(f"{name} is {header}, expected {dtype} {shape}", self.path)
        return self.read(name, header)

    def read(self, name: str, header: Header) -> npt.NDArray[Any]:
        """Read a member whose header has been found to be good.

        Raises:
            CheckpointError: It is damaged, or longer or shorter than its header says.
        """
        info, size = self._infos[name + ENDING], header.dtype.itemsize * prod(header.shape)
        found = info.file_size - header.size
        if found != size:
            raise CheckpointError(f"{name} has {found} bytes, expected {size} for {header}", self.path)
        with refusing_damage(self.path), self._archive.open(info) as file:
            file.read(header.size)
            content = file.read()  # to the end, where zipfile compares the checksum
            return np.ndarray(header.shape, header.dtype, content, order="F" if header.is_by_column else "C")


@contextmanager
def refusing_damage(path: Path) -> Iterator[None]:
    """Around calls of zipfile, NumPy and msgspec, which raise almost anything on a damaged file; nothing of ours.

    A lack of memory is none of the file's: whatever would take much has been refused before.
    """
    try:
        yield
    except (CheckpointError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise CheckpointError("there is no such file", path) from error
    except IsADirectoryError as error:
        raise CheckpointError("a folder, not a checkpoint", path) from error
    except OSError as error:
        raise CheckpointError(f"cannot be read: {error.strerror or error}", path) from error
    except zipfile.BadZipFile as error:
        raise CheckpointError("not a checkpoint, or damaged: not a whole .npz file", path) from error
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0]
        raise CheckpointError(f"not a checkpoint, or damaged: {shorten(reason)}", path) from error
