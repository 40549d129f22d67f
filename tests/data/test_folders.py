"""Where the cache is, if nobody says where."""

from pathlib import Path

import pytest

from nnfang.data.cache import find_cache


def test_the_cache_is_where_the_platform_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NNFANG_DATA_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert find_cache().name == "nnfang"
    assert find_cache().is_relative_to(tmp_path)


def test_the_cache_may_be_named_relative_to_home_or_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NNFANG_DATA_DIR", "~/data")
    assert find_cache() == tmp_path / "home" / "data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNFANG_DATA_DIR", "data")
    assert find_cache() == tmp_path / "data"
