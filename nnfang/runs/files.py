"""Files that are whole or not there: written beside, flushed to the disk, and only then renamed."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from nnfang.errors import NnfangError

TEMPORARY = ".tmp"


def write_whole(path: Path, write: Callable[[IO[bytes]], Any], *, keep_old_as: Path | None = None) -> None:
    """Replace `path` by what `write` writes: whoever reads finds the old file or the new one, never half of one.

    Args:
        path: The file.
        write: Writes all of it.
        keep_old_as: The name under which the old file stays. For a moment it is then the only one of the two.

    Raises:
        NnfangError: It cannot be written; the old file is as it was.
    """
    temporary = None
    try:
        with _open_beside(path) as file:
            temporary = Path(file.name)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep_old_as and path.exists():
            path.replace(keep_old_as)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise NnfangError(f"cannot be written: {error.strerror or error}", path) from error
    finally:
        if temporary:
            with suppress(OSError):
                temporary.unlink()


def _open_beside(path: Path) -> IO[bytes]:
    """A new file in the folder of `path`, with the permissions that the user's umask leaves to new files."""
    while True:
        temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}{TEMPORARY}")
        with suppress(FileExistsError):
            return temporary.open("xb")


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system knows how."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(folder: Path) -> None:
    """Delete the temporary files of a process that was killed while it wrote."""
    for path in folder.glob(f".*{TEMPORARY}"):
        with suppress(OSError):
            path.unlink()
