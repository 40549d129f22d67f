"""Files that are whole or not there: written beside, flushed to the disk, and only then given their name."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from nnfang.errors import NnfangError

TEMPORARY = ".tmp"


def write_whole(path: Path, write: Callable[[IO[bytes]], Any], *, keep: Path | None = None) -> None:
    """Replace `path` by what `write` writes: whoever reads finds the old file or the new one, never half of one.

    Args:
        path: The file.
        write: Writes all of it.
        keep: The name under which the old file stays. For a moment it is then the only one of the two.

    Raises:
        NnfangError: It cannot be written; the old file is as it was.
    """
    from tempfile import NamedTemporaryFile  # which imports much that a reader does not need

    temporary = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY, delete=False) as file:
            temporary = Path(file.name)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_read_umask())
        if keep and path.exists():
            path.replace(keep)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise NnfangError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if temporary:
            with suppress(OSError):
                temporary.unlink()


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


def _read_umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
