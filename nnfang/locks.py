"""Locks on open files and folders, which the system takes back when their process ends, however it ends."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """The place of the byte that stands for the file: nobody can read a locked byte, and the content is before it."""

    def try_lock(descriptor: int) -> bool:
        """Lock an open file, unless somebody has: then False."""
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock an open file or folder, unless somebody has: then False.

        Raises:
            OSError: The file system has no locks, or none of folders.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_at(path: Path, descriptor: int) -> bool:
    """Whether a path still leads to what is open: a lock on a file that was deleted or replaced keeps nobody out."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
