"""At every file operation of a training, a resumption, a fork and an export, the system fails, kills or interrupts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from nnfang.errors import CheckpointError
from nnfang.runs import checkpoint, finding
from nnfang.runs.folder import FILES
from tests.faults.kinds import KINDS, Tally, assert_one_message, choose
from tests.faults.machine import Ending, Machine, Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.runs.checkpoint import Checkpoint


@dataclass(frozen=True)
class Scenario:
    """What is run, in a copy of a folder."""

    start: Path
    arguments: tuple[str, ...]
    run: str


@pytest.fixture(scope="module")
def scenarios(machine: Machine, config: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scenario]:
    empty, begun, finished = (tmp_path_factory.mktemp(name) for name in ("empty", "begun", "finished"))
    train = ("train", "-c", str(config), "-o", "run", "--json", "-q")
    for folder, epochs in ((begun, "1"), (finished, "3")):
        assert machine(folder, (*train, "--epochs", epochs)).code == 0
    (finished / "digits.npz").write_bytes((begun / "run" / "last.npz").read_bytes())
    return {
        "train": Scenario(empty, train, "run"),
        "resume": Scenario(begun, ("train", "--resume", "run", "--epochs", "3", "--json", "-q"), "run"),
        "fork": Scenario(
            begun, ("train", "--resume", "run", "--fork", "-o", "fork", "--epochs", "3", "--json", "-q"), "fork"
        ),
        "export": Scenario(finished, ("export", "-m", "run", "digits.npz", "--force", "-q"), "run"),
    }


@dataclass(frozen=True)
class Numbers:
    """Everything of a run that does not depend on the time."""

    last: tuple[object, ...]
    best: tuple[object, ...]
    digests: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Numbers:
        last, best = (checkpoint.load(folder / name) for name in ("last.npz", "best.npz"))
        return cls(_numbers(last), _numbers(best), tuple(epoch.digest for epoch in last.meta.history))


def _numbers(saved: Checkpoint) -> tuple[object, ...]:
    vectors = {name: vector.tobytes() for name, vector in saved.optimizer_state.items()}
    return saved.network.theta.tobytes(), vectors, msgspec.structs.replace(saved.meta.state, seconds=0.0)


class Place:
    """Copies of a scenario's folder, one after the other."""

    def __init__(self, machine: Machine, scenario: Scenario, tmp_path: Path) -> None:
        self.machine, self.scenario, self.folder = machine, scenario, tmp_path / "folder"

    @property
    def run(self) -> Path:
        return self.folder / self.scenario.run

    def __call__(self, at: int = -1, mode: Mode = Mode.COUNT, error: int = 0) -> Ending:
        """Run the scenario in a fresh copy."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.scenario.start, self.folder)
        return self.machine(self.folder, self.scenario.arguments, at=at, mode=mode, errno=error)

    def go_on(self) -> Ending:
        """Continue the run, or begin it again if nothing of it is there."""
        is_there = any((self.run / name).exists() for name in FILES)
        resume = ("train", "--resume", self.scenario.run, "--epochs", "3", "--json", "-q")
        return self.machine(self.folder, resume if is_there else self.scenario.arguments)


@pytest.fixture
def place(machine: Machine, scenarios: dict[str, Scenario], tmp_path: Path) -> Callable[[str], Place]:
    return lambda name: Place(machine, scenarios[name], tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["train", "resume", "fork"])
def test_nothing_is_lost_and_the_run_goes_on_to_the_same_bytes(
    name: str, kind: str, place: Callable[[str], Place], tally: Tally
) -> None:
    here, (mode, error) = place(name), KINDS[kind]
    whole = here()
    assert whole.code == 0
    expected = Numbers.of(here.run)
    for number in choose(whole.operations):
        where = f"{name}, {kind}, operation {number} of {whole.operations}"
        ending = here(number, mode, error)
        tally.strike(mode)
        assert_one_message(ending, mode, error, where)
        if ending.told or (here.run / "last.npz").exists():
            assert finding.load_last(here.run).meta.epoch >= ending.told, where
        tally["whole"] += 1
        if mode == Mode.SIGNAL:
            assert not list(here.folder.rglob(".*")), where
        if ending.code:
            again = here.go_on()
            tally["continued"] += 1
            assert (again.code, again.stderr) == (0, ""), (where, again)
        assert Numbers.of(here.run) == expected, where
        tally["equal"] += ending.code != 0
        if mode != Mode.FAIL:  # where the deletion of a temporary file failed, the next one deletes it
            assert not list(here.run.glob(".*")), where


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_file_is_the_old_one_or_the_new(kind: str, place: Callable[[str], Place], tally: Tally) -> None:
    here, (mode, error) = place("export"), KINDS[kind]
    old = (here.scenario.start / "digits.npz").read_bytes()
    whole = here()
    new = (here.folder / "digits.npz").read_bytes()
    assert (whole.code, new == old) == (0, False)
    for number in choose(whole.operations):
        where = f"export, {kind}, operation {number} of {whole.operations}"
        ending = here(number, mode, error)
        tally.strike(mode)
        assert_one_message(ending, mode, error, where)
        found = (here.folder / "digits.npz").read_bytes()
        assert found in ({new} if ending.code == 0 else {old, new}), where
        tally["whole"] += 1
        if mode == Mode.SIGNAL:
            assert not list(here.folder.rglob(".*")), where
        tally["continued"] += 1
        assert here.machine(here.folder, here.scenario.arguments).code == 0, where
        assert (here.folder / "digits.npz").read_bytes() == new
        tally["equal"] += 1
        assert not list(here.folder.glob(".*")), where


def test_a_fault_that_loses_a_checkpoint_would_be_noticed(place: Callable[[str], Place]) -> None:
    here = place("resume")
    here(100, Mode.KILL_BEFORE)
    (here.run / "last.npz").write_bytes((here.run / "last.npz").read_bytes()[:1000])
    with pytest.raises(CheckpointError):
        finding.load_last(here.run)
