"""A folder for code that nnfang has compiled: what is loaded from it is run, so nobody else may write there."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from platformdirs import user_cache_dir

from nnfang.errors import NnfangError
from nnfang.locks import try_lock

SEAL = "SHA256"
"""The file that holds the checksum of all others in its folder."""

LOCK = ".lock"
"""The file that a process locks which is alone in the folder."""

PATIENCE, BETWEEN_TRIES = 120, 0.05
"""Seconds for which another process is waited for, and between two looks."""

OTHERS_CAN_WRITE = stat.S_IWGRP | stat.S_IWOTH


def open_private_folder(name: str) -> Path:
    """Create a folder in nnfang's cache that belongs to the user, and that nobody else can write to.

    Raises:
        NnfangError: It cannot be created, or what is there is not such a folder.
    """
    folder = Path(user_cache_dir("nnfang")) / name
    try:
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise NnfangError(f"cannot be created: {error.strerror}", folder) from error
    if not stat.S_ISDIR(status.st_mode):
        raise NnfangError("is not a folder", folder)
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise NnfangError("belongs to another user", folder)
        if status.st_mode & OTHERS_CAN_WRITE:
            raise NnfangError("others can write to it", folder)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise NnfangError("cannot be written", folder)
    return folder


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Keep other processes out of a folder while they ask for the same; wait for one that is in it.

    Yields:
        Whether it is so: not where a file cannot be locked, or when one has been waited for for `PATIENCE` seconds.
    """
    descriptor, is_alone = None, False
    with suppress(OSError):
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR)
    try:
        if descriptor is not None:
            until = monotonic() + PATIENCE
            with suppress(OSError):
                while not (is_alone := try_lock(descriptor)) and monotonic() < until:
                    sleep(BETWEEN_TRIES)
        yield is_alone
    finally:
        if descriptor is not None:
            os.close(descriptor)


def seal(folder: Path) -> None:
    """Note the checksum of what is in a folder; where that cannot be written, `is_sealed` will say so."""
    temporary = folder / f"{SEAL}.{os.getpid()}"
    with suppress(OSError):
        temporary.write_text(_checksum(folder), encoding="ascii")
        temporary.replace(folder / SEAL)


def is_sealed(folder: Path) -> bool:
    """Whether a folder holds what it held when it was sealed, or nothing at all."""
    try:
        if not folder.exists() or not any(folder.iterdir()):
            return True
        return (folder / SEAL).read_text(encoding="ascii") == _checksum(folder)
    except (OSError, UnicodeDecodeError):
        return False


def discard(folder: Path) -> None:
    """Delete a folder with all that is in it, as far as that is possible."""
    shutil.rmtree(folder, ignore_errors=True)


def _checksum(folder: Path) -> str:
    """The SHA-256 of the names and the contents of all files but the seal."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name.partition(".")[0] != SEAL:
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
