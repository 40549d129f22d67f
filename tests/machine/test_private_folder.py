"""A folder from which code is run belongs to the user alone, and what is in it is what was put there."""

import os
from pathlib import Path

import pytest

from nnfang.errors import NnfangError
from nnfang.machine import private_folder
from nnfang.machine.private_folder import SEAL, alone_in, discard, is_sealed, open_private_folder, seal


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nnfang"


def test_it_is_created_for_the_user_alone_whatever_the_umask(cache: Path) -> None:
    usual = os.umask(0)
    try:
        folder = open_private_folder("code")
    finally:
        os.umask(usual)
    assert folder == cache / "code"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert open_private_folder("code") == folder


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_one_that_others_can_write_to_is_refused(mode: int, cache: Path) -> None:
    open_private_folder("code").chmod(mode)
    with pytest.raises(NnfangError, match=r"code: others can write to it$"):
        open_private_folder("code")


def test_one_of_another_user_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_private_folder("code")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(NnfangError, match=r"code: belongs to another user$"):
        open_private_folder("code")


def test_a_link_to_a_folder_is_refused(cache: Path, tmp_path: Path) -> None:
    cache.mkdir()
    (cache / "code").symlink_to(tmp_path)
    with pytest.raises(NnfangError, match=r"code: is not a folder$"):
        open_private_folder("code")


def test_what_stands_in_the_way_is_one_message(cache: Path) -> None:
    cache.write_text("")
    with pytest.raises(NnfangError, match=r"code: cannot be created: "):
        open_private_folder("code")


def test_a_seal_is_broken_by_any_change(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    assert is_sealed(folder)
    folder.mkdir()
    assert is_sealed(folder)
    (folder / "a").write_bytes(b"12")
    assert not is_sealed(folder)
    seal(folder)
    assert is_sealed(folder)
    (folder / "a").write_bytes(b"13")
    assert not is_sealed(folder)
    (folder / "a").write_bytes(b"12")
    assert is_sealed(folder)
    (folder / "a").rename(folder / "b")
    assert not is_sealed(folder)
    (folder / SEAL).write_bytes(b"\xff")
    assert not is_sealed(folder)
    discard(folder)
    assert not folder.exists()


def test_only_one_is_alone_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_folder, "PATIENCE", 0.2)
    with alone_in(tmp_path) as first, alone_in(tmp_path) as second:
        assert (first, second) == (True, False)
    with alone_in(tmp_path) as third:
        assert third


def test_a_folder_that_is_not_there_has_nobody_in_it(tmp_path: Path) -> None:
    with alone_in(tmp_path / "absent") as is_alone:
        assert not is_alone
