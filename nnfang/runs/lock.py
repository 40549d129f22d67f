"""Keeps all processes but one from training into a folder.

The folder itself is locked, because somebody may delete a lock file, such as a program that cleans up. A file in it is
locked too: network file systems and Windows lock only files, and it holds the name of its owner.
"""

from __future__ import annotations

import os
import platform
import stat
from contextlib import ExitStack, contextmanager, suppress
from errno import EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP
from typing import TYPE_CHECKING

from nnfang.errors import NnfangError
from nnfang.files import SAFELY
from nnfang.locks import is_at, try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = ".lock"
FOREIGN = f"{LOCK} is a link to another file; delete it"

NO_LOCKS = {EBADF, EINVAL, ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP}
"""What file systems answer that cannot lock a folder."""

OWNER_BYTES = 200


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep every other process from training into a folder.

    Raises:
        NnfangError: Another process does; the message says which. Or it cannot be locked.
    """
    try:
        with ExitStack() as held:
            try:
                is_ours = _lock_itself(folder, held) and _lock_file(folder / LOCK, held)
            except OSError as error:
                raise NnfangError(f"cannot be locked: {error.strerror or error}", folder) from error
            if not is_ours:
                raise NnfangError(f"{_read_owner(folder / LOCK)} is training into this folder", folder)
            yield
    except (KeyboardInterrupt, SystemExit):  # by a signal, maybe between creating the file and locking it
        _clear_away(folder / LOCK)
        raise


def is_locked(folder: Path) -> bool:
    """Whether a process is training into a folder, as far as that can be told.

    For a moment the lock is taken, so that a training that begins in that moment would be refused. Therefore only a
    folder is tried in which a lock file says that somebody may be training.
    """
    for access in (os.O_RDWR, os.O_RDONLY):  # a network file system asks for the first, a stranger has but the second
        with suppress(OSError):
            descriptor = os.open(folder / LOCK, access | getattr(os, "O_NONBLOCK", 0) | SAFELY)
            try:
                return not try_lock(descriptor)
            finally:
                os.close(descriptor)
    return False


def _lock_itself(folder: Path, held: ExitStack) -> bool:
    """Lock a folder, where that is possible; False if somebody has."""
    if not hasattr(os, "O_DIRECTORY"):
        return True
    while True:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        held.callback(os.close, descriptor)
        try:
            if not try_lock(descriptor):
                return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return True
        if os.path.samestat(folder.stat(), os.fstat(descriptor)):  # else it was replaced by another meanwhile
            return True


def _lock_file(path: Path, held: ExitStack) -> bool:
    """Lock a file and write into it who has done so; False if somebody has."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | SAFELY, 0o666)
        except OSError as error:
            if path.is_symlink():
                raise OSError(FOREIGN) from error
            raise
        held.callback(os.close, descriptor)
        if not try_lock(descriptor):
            return False
        if is_at(path, descriptor):
            break
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise OSError(FOREIGN)
    held.callback(_remove, path, descriptor)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
    return True


def _remove(path: Path, descriptor: int) -> None:
    """Delete the file of a lock that is still held; whoever has opened it meanwhile notices, and creates another."""
    with suppress(OSError):
        if is_at(path, descriptor):
            path.unlink()


def _clear_away(path: Path) -> None:
    """Delete the file of a lock that nobody holds."""
    with suppress(OSError), ExitStack() as held:
        descriptor = os.open(path, os.O_RDWR | SAFELY)
        held.callback(os.close, descriptor)
        if try_lock(descriptor):
            _remove(path, descriptor)


def _read_owner(path: Path) -> str:
    """The process that holds a lock, as far as it is known."""
    with suppress(OSError, UnicodeDecodeError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | SAFELY)
        try:
            owner = os.read(descriptor, OWNER_BYTES).decode()
        finally:
            os.close(descriptor)
        if owner.startswith("process ") and owner.isprintable():
            return owner
    return "another process"
