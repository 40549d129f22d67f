"""Files that are whole or not there: written beside, flushed to the disk, and only then renamed.

Everything that nnfang writes goes through here, since a folder may be somebody else's: a name is never opened for
writing that may exist already, such as a symbolic link to a file of yours.

A process that is killed leaves its temporary files. They are locked while they are written, so that `remove_stale`
knows those that nobody writes any longer.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL, ENOTSUP
from fnmatch import translate
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import IO, Any

from nnfang.errors import NnfangError
from nnfang.locks import is_at, try_lock

IS_WINDOWS = os.name == "nt"
"""Where a file that is open can be neither renamed nor deleted."""

CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp", re.DOTALL)


def write_whole(
    path: Path, write: Callable[[IO[bytes]], Any], *, keep_old_as: Path | None = None, like: Path | None = None
) -> None:
    """Replace `path` by what `write` writes, as `replacing`.

    Raises:
        NnfangError: It cannot be written; the old file is as it was.
    """
    try:
        with replacing(path, keep_old_as=keep_old_as, like=like) as file:
            write(file)
    except OSError as error:
        raise NnfangError(f"cannot be written: {error.strerror or error}", path) from error


@contextmanager
def replacing(
    path: Path, *, may_replace: bool = True, keep_old_as: Path | None = None, like: Path | None = None
) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once it is written: whoever reads finds the old one or the new, whole.

    Args:
        path: The file. If it is a symbolic link, the link is replaced. The new file has the rights of the old one.
        may_replace: Whether there may be an old one.
        keep_old_as: The name under which the old file stays.
        like: The file whose rights the new one gets if there is no old one; by default those that the umask leaves.

    Raises:
        FileExistsError: There is an old file, and it may not be replaced.
        OSError: It cannot be written; the old file is as it was.
    """
    temporary, descriptor = _create_beside(path)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            _take_over_rights(descriptor, path, *filter(None, [like]))
            os.fsync(descriptor)
            if IS_WINDOWS:
                file.close()
            if keep_old_as and path.exists():
                _keep(path, keep_old_as)
            if may_replace:
                temporary.replace(path)
            else:
                _rename_to_new(temporary, path)
        flush_folder(path.parent)
    finally:
        _discard(temporary)


@contextmanager
def working_folder(parent: Path, name: str) -> Iterator[Path]:
    """A folder of one's own beside others, which is deleted with all that is in it.

    Raises:
        OSError: It cannot be created.
    """
    path, descriptor = _create_folder_beside(parent / name)
    try:
        yield path
    finally:
        _discard(path)
        if descriptor is not None:
            os.close(descriptor)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file that others write as well, or create it; a symbolic link is refused.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | SAFELY, 0o666)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)


def move_into(file: Path, path: Path) -> None:
    """Let a file take the place of another on the same disk, once it is on the disk itself.

    Raises:
        OSError: It cannot be moved.
    """
    with file.open("rb+") as content:
        os.fsync(content.fileno())
    file.replace(path)
    flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """Create a folder and those that it is in, as far as they are not there, and bring their names to the disk.

    Raises:
        OSError: It cannot be created.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system knows how and the user may read the folder."""
    if IS_WINDOWS:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {EINVAL, ENOTSUP}:  # by which a file system says that it has nothing to flush
            raise
    finally:
        os.close(descriptor)


def remove_stale(folder: Path, *patterns: str) -> None:
    """Delete what processes left behind that were killed while they wrote certain files.

    Args:
        folder: Where.
        patterns: The names of the files as they would have been, such as ``last.npz`` or ``*.png``.
    """
    is_wanted = re.compile("|".join(map(translate, patterns))).match
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = TEMPORARY.fullmatch(entry.name)
            if found and is_wanted(found["name"]):
                _remove_if_abandoned(Path(entry.path))


def _name_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")


def _create_beside(path: Path) -> tuple[Path, int]:
    """A new file in the folder of `path`, open, with the rights that the user's umask leaves to new files."""
    while True:
        temporary = _name_beside(path)
        with suppress(FileExistsError), _discarding_on_failure(temporary):
            descriptor = os.open(temporary, CREATE | SAFELY, 0o666)
            if _claim(temporary, descriptor):
                return temporary, descriptor
            os.close(descriptor)


def _create_folder_beside(path: Path) -> tuple[Path, int | None]:
    """The same for a folder, which only its owner may read; Windows cannot open one."""
    while True:
        temporary = _name_beside(path)
        with suppress(FileExistsError), _discarding_on_failure(temporary):
            temporary.mkdir(mode=0o700)
            if IS_WINDOWS:
                return temporary, None
            with suppress(FileNotFoundError):  # as if it could not be claimed
                descriptor = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY | SAFELY)
                if _claim(temporary, descriptor):
                    return temporary, descriptor
                os.close(descriptor)


@contextmanager
def _discarding_on_failure(path: Path) -> Iterator[None]:
    """Delete what was just created if the next step fails, or a signal ends the program, before anybody knows of it."""
    try:
        yield
    except FileExistsError:  # of somebody else
        raise
    except BaseException:
        _discard(path)
        raise


def _discard(path: Path) -> None:
    """Delete a temporary file or folder as far as that is possible, even if a signal comes meanwhile."""
    try:
        _remove(path)
    except OSError:
        pass
    except BaseException:
        _discard(path)
        raise


def _claim(path: Path, descriptor: int) -> bool:
    """Lock what was just created; False if it was taken for something left behind before that."""
    if not IS_WINDOWS:
        with suppress(OSError):  # a file system without locks, where nothing is taken for that either
            return try_lock(descriptor) and is_at(path, descriptor)
    return True


def _remove_if_abandoned(path: Path) -> None:
    """Delete a temporary file or folder, unless somebody writes it."""
    with suppress(OSError):
        if IS_WINDOWS:  # where what somebody writes cannot be deleted
            _remove(path)
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | SAFELY)
        try:
            if try_lock(descriptor):
                _remove(path)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()


def _take_over_rights(descriptor: int, *models: Path) -> None:
    """Give an open file the group and the rights of the first of some files that is there, as far as one may."""
    if IS_WINDOWS:
        return
    for model in models:
        with suppress(OSError):
            status = model.lstat()
            if S_ISREG(status.st_mode):
                if status.st_gid != os.fstat(descriptor).st_gid:
                    os.fchown(descriptor, -1, status.st_gid)
                os.fchmod(descriptor, S_IMODE(status.st_mode) & 0o777)
                return


def _keep(path: Path, other: Path) -> None:
    """Let a file have another name too; there is no moment at which either of them leads nowhere."""
    second = _name_beside(other)
    try:
        os.link(path, second)
        second.replace(other)
    except OSError:  # a file system without links
        with path.open("rb") as old, replacing(other) as copy:
            shutil.copyfileobj(old, copy)
    finally:
        with suppress(OSError):
            second.unlink()  # is still there if both were one file already


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename, but never replace."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(f"exists already: {path}") from None
        temporary.replace(path)
