import os
from pathlib import Path

import pytest

from nnfang.machine import processor
from nnfang.machine.processor import count_processors, read_cpuinfo


def test_what_linux_says_about_the_first_processor_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: A: B\nflags\t\t: x y\npower management:\n\nprocessor\t: 1\n")
    monkeypatch.setattr(processor, "CPUINFO", str(path))
    assert read_cpuinfo() == {"processor": "0", "model name": "A: B", "flags": "x y", "power management": ""}
    monkeypatch.setattr(processor, "CPUINFO", str(tmp_path / "none"))
    assert read_cpuinfo() == {}


def test_of_many_processors_only_the_first_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("".join(f"processor\t: {i}\nflags\t: {'x' * 2000}\n\n" for i in range(300)))
    monkeypatch.setattr(processor, "CPUINFO", str(path))
    assert read_cpuinfo() == {"processor": "0", "flags": "x" * 2000}


def test_processors_are_those_that_this_process_may_use() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot restrict a process to some processors")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert count_processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert count_processors() == len(allowed)


def test_where_no_system_says_which_they_are_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert count_processors() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_processors() == 1
