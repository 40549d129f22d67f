"""Wherever the power fails, a whole checkpoint is there, and no epoch is lost that was told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnfang.config import sources
from nnfang.runs import checkpoint, finding
from nnfang.runs.folder import FILES
from tests.faults.power import Disk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.kinds import Tally
    from tests.faults.machine import Machine

TRAIN = ("train", "-o", "run", "--json", "-q")
RESUME = ("train", "--resume", "run", "--epochs", "3", "--json", "-q")
FORK = ("train", "--resume", "run", "--fork", "-o", "fork", "--epochs", "3", "--json", "-q")
EXPORT = ("export", "-m", "run", "out/digits.npz", "--force", "-q")


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def told_by(line: str) -> Iterator[int]:
    """The epochs that a line of the journal, a write to stdout, tells of."""
    if line.startswith("write 1 "):
        for event in map(json.loads, bytes.fromhex(line.split(" ")[3]).decode().splitlines()):
            if event["event"] == "epoch":
                yield event["epoch"]


class Examiner:
    """Opens what a power failure has left; what has been seen before is not opened again."""

    def __init__(self, folder: Path, enough: set[str]) -> None:
        """`enough` is what may be there without a checkpoint, because the run can begin from that."""
        self.folder, self.enough = folder, enough
        self.known: dict[tuple[tuple[str, bytes], ...], int] = {}
        self.crashes = 0

    def epoch(self, found: dict[str, bytes]) -> int:
        """The epoch of the latest checkpoint, -1 where there is none; all files have to be whole."""
        self.crashes += 1
        key = tuple(sorted(found.items()))
        if key not in self.known:
            for path in self.folder.iterdir():
                path.unlink()
            for name, content in found.items():
                (self.folder / Path(name).name).write_bytes(content)
            self.known[key] = self._open_all()
        return self.known[key]

    def _open_all(self) -> int:
        paths = list(self.folder.iterdir())
        for path in paths:
            if path.suffix == ".npz":
                checkpoint.load(path)
            elif path.suffix == ".yaml":
                sources.load(path, [], {})
            else:
                assert path.read_bytes().endswith(b"\n")
                assert b"\0" not in path.read_bytes()
        if any(path.name.startswith("last.") for path in paths):
            return finding.load_last(self.folder).meta.epoch
        assert {path.name for path in paths} <= self.enough
        return -1


@pytest.mark.parametrize(("name", "arguments"), [("run", TRAIN), ("run", RESUME), ("fork", FORK)])
def test_a_whole_checkpoint_is_always_there(
    name: str, arguments: tuple[str, ...], machine: Machine, config: Path, tmp_path: Path, tally: Tally
) -> None:
    work, left = tmp_path / "work", tmp_path / "left"
    work.mkdir()
    left.mkdir()
    begin = (*TRAIN, "-c", str(config))
    if arguments is not TRAIN:
        assert machine(work, (*begin, "--epochs", "1")).code == 0
    disk, examiner = Disk(read_folder(work)), Examiner(left, set() if arguments is FORK else {"config.yaml"})
    done = machine(work, begin if arguments is TRAIN else arguments, journal=True)
    assert done.code == 0
    told: list[int] = []
    names, certain = [f"{name}/{file}" for file in FILES], -1
    lines = done.journal.read_text().splitlines()
    for number, line in enumerate(lines):
        disk.apply(line)
        told.extend(told_by(line))
        crashes = list(disk.crashes(names))
        tally.update(prefixes=1, crashes=len(crashes))
        assert certain < 0 or all(f"{name}/last.npz" in found for found in crashes), f"after line {number}"
        epochs = [examiner.epoch(found) for found in crashes]
        tally["disks"] += len(crashes)
        assert min(epochs) >= certain, f"after line {number}: {line[:100]}"
        certain = min(epochs)
        assert certain >= max(told, default=-1), f"after line {number}: {line[:100]}"
    assert (certain, told[-1]) == (3, 3)
    assert {path: bytes(file.content) for path, file in disk.seen.items()} == read_folder(work)
    assert examiner.crashes > len(lines)


def test_an_exported_file_is_the_old_one_or_the_new(
    machine: Machine, config: Path, tmp_path: Path, tally: Tally
) -> None:
    assert machine(tmp_path, (*TRAIN, "-c", str(config))).code == 0
    target = tmp_path / "out" / "digits.npz"
    target.parent.mkdir()
    target.write_bytes(b"old")
    disk = Disk(read_folder(tmp_path))
    done = machine(tmp_path, EXPORT, journal=True)
    assert done.code == 0
    found: list[dict[str, bytes]] = []
    lines = done.journal.read_text().splitlines()
    for line in lines:
        disk.apply(line)
        found.extend(disk.crashes(["out/digits.npz"]))
    tally.update(prefixes=len(lines), crashes=len(found))
    assert {crash["out/digits.npz"] for crash in found} == {b"old", target.read_bytes()}
    tally["disks"] += len(found)
    assert list(disk.crashes(["out/digits.npz"])) == [{"out/digits.npz": target.read_bytes()}]


# The model


def crash(disk: Disk, *names: str) -> list[dict[str, bytes]]:
    return sorted(disk.crashes([*names]), key=str)


def test_what_is_not_flushed_may_be_gone() -> None:
    disk = Disk({"run/a": b"old"})
    for line in ("open 3 1 0 run/b", "write 3 0 6e6577", "rename run/b\trun/a"):
        disk.apply(line)
    assert {found["run/a"] for found in crash(disk, "run/a")} == {b"old", b"new", b"", b"n", bytes(3)}
    disk.apply("fsync 3")
    assert {found["run/a"] for found in crash(disk, "run/a")} == {b"old", b"new"}
    for line in ("close 3", "open 3 0 0 run", "fsync 3"):
        disk.apply(line)
    assert crash(disk, "run/a", "run/b") == [{"run/a": b"new"}]


def test_names_may_reach_the_disk_in_any_order() -> None:
    disk = Disk({"run/a": b"1"})
    for line in ("link run/a\trun/b", "unlink run/a"):
        disk.apply(line)
    found = [set(names) for names in crash(disk, "run/a", "run/b")]
    assert sorted(map(sorted, found)) == [[], ["run/a"], ["run/a", "run/b"], ["run/b"]]


def test_a_new_folder_may_be_gone() -> None:
    disk = Disk({})
    for line in ("mkdir run", "open 3 1 0 run/a", "fsync 3", "open 4 0 0 run", "fsync 4"):
        disk.apply(line)
    assert {} in crash(disk, "run/a")
    for line in ("open 5 0 0 .", "fsync 5"):
        disk.apply(line)
    assert crash(disk, "run/a") == [{"run/a": b""}]
