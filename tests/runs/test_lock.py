"""One process at a time trains into a folder, whatever happens to the files of the lock."""

import errno
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from stat import S_ISDIR

import pytest

from nnfang.errors import NnfangError
from nnfang.locks import try_lock
from nnfang.runs import lock
from nnfang.runs.lock import LOCK, lock_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="folders cannot be locked there")

IN_USE = rf"^run: process {os.getpid()} on .* is training into this folder$"


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    return Path("run")


def without_locks_of_folders(monkeypatch: pytest.MonkeyPatch, number: int = errno.EBADF) -> None:
    """As a network file system."""
    usual = try_lock

    def refuse_folders(descriptor: int) -> bool:
        if S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        return usual(descriptor)

    monkeypatch.setattr(lock, "try_lock", refuse_folders)


def assert_locked(folder: Path, message: str = IN_USE) -> None:
    with pytest.raises(NnfangError, match=message), lock_folder(folder):
        pass


def test_the_second_is_told_of_the_first_and_nothing_is_left(run: Path) -> None:
    for _ in range(2):
        with lock_folder(run):
            assert_locked(run)
            assert_locked(run)
        assert list(run.iterdir()) == []


@pytest.mark.parametrize("replacement", [None, "", "another\x1b[2J"])
def test_a_lock_file_that_is_deleted_lets_nobody_in(replacement: str | None, run: Path) -> None:
    with lock_folder(run):
        (run / LOCK).unlink()
        if replacement is not None:
            (run / LOCK).write_text(replacement)
        assert_locked(run, "^run: another process is training into this folder$")
    with lock_folder(run):
        pass


def test_where_folders_cannot_be_locked_the_file_is(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_locks_of_folders(monkeypatch)
    with lock_folder(run):
        assert_locked(run)
    assert list(run.iterdir()) == []
    without_locks_of_folders(monkeypatch, errno.EIO)
    assert_locked(run, "^run: cannot be locked: Input/output error$")


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None], of_folder: bool) -> None:
    """Let something happen between opening the folder, or the file in it, and locking it, the first time."""
    usual, is_over = try_lock, False

    def delayed(descriptor: int) -> bool:
        nonlocal is_over
        if not is_over and S_ISDIR(os.fstat(descriptor).st_mode) == of_folder:
            is_over = True
            happens()
        return usual(descriptor)

    monkeypatch.setattr(lock, "try_lock", delayed)


def test_a_lock_on_a_file_that_is_gone_is_taken_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as other:

        def come_and_stay() -> None:
            (run / LOCK).unlink()
            assert lock._lock_file(run / LOCK, other)

        meanwhile(monkeypatch, come_and_stay, of_folder=False)
        assert_locked(run)
    assert list(run.iterdir()) == []

    meanwhile(monkeypatch, (run / LOCK).unlink, of_folder=False)
    with lock_folder(run):
        assert (run / LOCK).read_text().startswith(f"process {os.getpid()} on ")
        assert_locked(run)


def test_a_lock_on_a_folder_that_was_replaced_is_taken_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace() -> None:
        run.rename("other")
        run.mkdir()

    meanwhile(monkeypatch, replace, of_folder=True)
    with lock_folder(run):
        assert_locked(run)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_nothing_is_written_through_a_link(link: Callable[[Path, Path], None], run: Path) -> None:
    mine = Path("mine").absolute()
    mine.write_text("precious")
    link(mine, run / LOCK)
    assert_locked(run, r"^run: cannot be locked: \.lock is a link to another file; delete it$")
    assert mine.read_text() == "precious"


def test_a_pipe_in_place_of_the_lock_blocks_nobody(run: Path) -> None:
    os.mkfifo(run / LOCK)
    assert_locked(run, "^run: cannot be locked: ")
    with lock_folder(run.parent):
        pass
