"""Files appear whole or not at all, and nothing that is not nnfang's own is ever written or deleted."""

import ast
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnfang import files
from nnfang.errors import NnfangError
from nnfang.files import make_folder, move_into, remove_stale, replacing, working_folder, write_whole

PACKAGE = Path(files.__file__).parent

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and rights are different there")


def write(path: Path, content: bytes = b"new", keep_old_as: Path | None = None) -> None:
    write_whole(path, lambda file: file.write(content), keep_old_as=keep_old_as)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("mine")
    os.link(tmp_path / "mine", tmp_path / "hard")
    for name in ("link", "hard"):
        write(tmp_path / name, keep_old_as=tmp_path / "old")
        assert (tmp_path / name).read_bytes() == b"new"
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "mine").read_bytes() == b"precious"


def test_no_link_is_followed_under_the_temporary_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if somebody guesses it."""
    guesses = [bytes(4), bytes(4), b"good"]
    monkeypatch.setattr(os, "urandom", lambda _: guesses.pop(0))
    (tmp_path / "mine").write_bytes(b"precious")
    (tmp_path / ".file.00000000.tmp").symlink_to("mine")
    write(tmp_path / "file")
    assert (tmp_path / "mine").read_bytes() == b"precious"
    assert names_in(tmp_path) == [".file.00000000.tmp", "file", "mine"]


def test_what_must_not_be_replaced_is_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path, may_replace=False) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), replacing(path, may_replace=False) as file:
        file.write(b"second")
    late = replacing(tmp_path / "late", may_replace=False)
    late.__enter__()
    (tmp_path / "late").write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        late.__exit__(None, None, None)
    assert (path.read_bytes(), (tmp_path / "late").read_bytes()) == (b"first", b"theirs")
    assert names_in(tmp_path) == ["file", "late"]


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refuse)
    path, old = tmp_path / "file", tmp_path / "old"
    for content in (b"1", b"2", b"3"):
        write(path, content, keep_old_as=old)
    assert (path.read_bytes(), old.read_bytes()) == (b"3", b"2")
    with pytest.raises(FileExistsError), replacing(path, may_replace=False):
        pass
    with replacing(tmp_path / "other", may_replace=False) as file:
        file.write(b"4")
    assert names_in(tmp_path) == ["file", "old", "other"]


def test_the_old_file_has_its_name_until_the_new_one_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, old = tmp_path / "file", tmp_path / "old"
    write(path, b"1")
    seen: list[tuple[bytes, bytes]] = []
    rename = Path.replace

    def watch(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        seen.append((path.read_bytes(), old.read_bytes()))
        return moved

    monkeypatch.setattr(Path, "replace", watch)
    write(path, b"2", keep_old_as=old)
    write(path, b"3", keep_old_as=old)
    assert seen == [(b"1", b"1"), (b"2", b"1"), (b"2", b"2"), (b"3", b"2")]
    path.unlink()
    os.link(old, path)  # as a process leaves it that was killed between the two
    write(path, b"4", keep_old_as=old)
    assert (path.read_bytes(), old.read_bytes()) == (b"4", b"2")
    assert names_in(tmp_path) == ["file", "old"]


@pytest.mark.parametrize("failing", ["link", "replace"])
def test_a_failure_leaves_both_files_as_they_were(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, old = tmp_path / "file", tmp_path / "old"
    write(path, b"1")
    write(path, b"2", keep_old_as=old)
    monkeypatch.setattr(os, "link", refuse)
    if failing == "replace":
        monkeypatch.undo()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(NnfangError, match=rf"^{path}: cannot be written: Operation not permitted$"):
        write(path, b"3", keep_old_as=old)
    assert (path.read_bytes(), old.read_bytes()) == (b"2", b"1")
    assert names_in(tmp_path) == ["file", "old"]


def test_the_rights_of_a_file_stay_whatever_the_umask(tmp_path: Path) -> None:
    """A run that a group reads once became private when somebody with another umask resumed it."""
    path = tmp_path / "file"
    previous = os.umask(0o002)
    try:
        write(path)
        os.umask(0o077)
        write(path)
        write_whole(tmp_path / "other", lambda file: file.write(b""), like=path)
        write(tmp_path / "private")
        os.umask(0o000)
        write(tmp_path / "private")
    finally:
        os.umask(previous)
    assert [mode_of(tmp_path / name) for name in ("file", "other", "private")] == [0o664, 0o664, 0o600]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may choose a group")
def test_the_group_of_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path)
    os.chown(path, -1, 12345)
    path.chmod(0o640)
    write(path)
    assert (path.stat().st_gid, mode_of(path)) == (12345, 0o640)


def test_a_folder_is_on_the_disk_with_those_that_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(files, "flush_folder", flushed.append)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path / "a", tmp_path]
    assert (tmp_path / "a" / "b").is_dir()


def test_what_is_moved_is_on_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    flush = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append((tmp_path / "b").exists())
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    (tmp_path / "a").write_bytes(b"1")
    move_into(tmp_path / "a", tmp_path / "b")
    assert flushed == [False, True]
    assert names_in(tmp_path) == ["b"]


# What killed processes leave

FOREIGN = [".notes.tmp", ".last.npz.tmp", ".last.npz.1234.tmp", ".last.npz.0123456G.tmp", ".other.npz.01234567.tmp"]


def test_only_our_own_temporary_files_are_deleted(tmp_path: Path) -> None:
    """All of .*.tmp in a folder given with -o once were."""
    for name in (*FOREIGN, ".last.npz.01234567.tmp", ".0001-a.png.01234567.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".download.01234567.tmp" / "sub").mkdir(parents=True)
    (tmp_path / ".last.npz.89abcdef.tmp").symlink_to(".notes.tmp")
    remove_stale(tmp_path, "last.npz", "[0-9]*-*.png", "download")
    assert names_in(tmp_path) == sorted([*FOREIGN, ".last.npz.89abcdef.tmp"])
    remove_stale(tmp_path / "nowhere", "last.npz")


WRITER = """
import sys
from pathlib import Path
from nnfang.files import replacing, working_folder
how, folder = sys.argv[1], Path(sys.argv[2])
with replacing(folder / "file") if how == "file" else working_folder(folder, "file"):
    print("begun", flush=True)
    sys.stdin.read(1)
"""


@pytest.mark.parametrize("how", ["file", "folder"])
def test_what_somebody_writes_is_left_alone_until_he_is_killed(how: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, how, str(tmp_path)]
    for ends in ("well", "killed"):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdin
            assert process.stdout.readline() == b"begun\n"
            remove_stale(tmp_path, "file")
            assert len(names_in(tmp_path)) == 1
            if ends == "killed":
                process.kill()
            else:
                process.stdin.write(b"x")
                process.stdin.flush()
            process.wait()
        (tmp_path / "file").unlink(missing_ok=True)
        assert len(names_in(tmp_path)) == (ends == "killed")
        remove_stale(tmp_path, "file")
        assert names_in(tmp_path) == []


def quick_cleaner(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[Path]:
    """Cleans the folder in the moment between creating the first temporary file and locking it."""
    caught: list[Path] = []
    claim = files._claim

    def late(path: Path, descriptor: int) -> bool:
        if not caught:
            caught.append(path)
            remove_stale(folder, "*")
        return claim(path, descriptor)

    monkeypatch.setattr(files, "_claim", late)
    return caught


@pytest.mark.parametrize("how", ["file", "folder"])
def test_a_cleaner_that_is_quicker_than_the_lock_breaks_nothing(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught = quick_cleaner(monkeypatch, tmp_path)
    if how == "file":
        write(tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"new"
    else:
        with working_folder(tmp_path, "file") as folder:
            assert folder.is_dir()
            assert mode_of(folder) == 0o700
            assert folder not in caught
    assert len(caught) == 1
    assert not list(tmp_path.glob(".*"))


# Nobody writes but files.py

WRITING = ("write_text", "write_bytes", "touch", "symlink_to", "hardlink_to")
ELSEWHERE = {
    "runs/lock.py": {"os.open"},  # the lock file stays where it is while it is held
    "data/download/transfer.py": {"open"},  # into a folder of its own
    "commands/streams.py": {"os.open"},  # the null device, in place of a stream that was closed
    "images/guards.py": {"open"},  # the null device, which hears libtiff in place of stderr
    "exports/python_file/program/running.py": {"os.open"},  # the same, where nnfang is not
    "machine/private_folder.py": {"os.open", "write_text"},  # in a folder that nobody else can write to
}


def is_write(call: ast.Call) -> str | None:
    """What a call opens or writes, if it does."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    words = [node.value for node in call.args + [k.value for k in call.keywords] if isinstance(node, ast.Constant)]
    modes = [word for word in words if isinstance(word, str) and len(word) <= 3 and set(word) <= set("rwxab+t")]
    if name == "open" and ast.unparse(function) == "os.open":
        return "os.open" if "O_RDONLY" not in ast.unparse(call) else None
    if name == "open" and any(set(mode) & set("wxa+") for mode in modes):
        return "open"
    return name if name in WRITING else None


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("p.open('wb')", "open"),
        ("open(p, 'a')", "open"),
        ("p.open('rb')", None),
        ("p.write_text('x')", "write_text"),
        ("os.open(p, os.O_RDWR)", "os.open"),
        ("os.open(p, os.O_RDONLY)", None),
    ],
)
def test_writing_is_recognised(code: str, found: str | None) -> None:
    (call,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)][:1]
    assert is_write(call) == found


def test_nothing_is_written_beside_the_one_writer() -> None:
    writers: dict[str, set[str]] = {}
    find: Callable[[ast.AST], list[str]] = lambda tree: [  # noqa: E731
        word for node in ast.walk(tree) if isinstance(node, ast.Call) and (word := is_write(node))
    ]
    for path in PACKAGE.rglob("*.py"):
        if found := set(find(ast.parse(path.read_text(encoding="utf-8")))):
            writers[path.relative_to(PACKAGE).as_posix()] = found
    assert writers.pop("files.py") == {"os.open", "open"}
    assert writers == ELSEWHERE
