"""Several processes, and some that come late: nobody reads half a checkpoint, and no state replaces a newer one."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from nnfang.errors import NnfangError
from nnfang.files import write_whole
from nnfang.runs import checkpoint, finding, folder, session
from nnfang.runs.folder import FolderInUseError
from nnfang.runs.lock import LOCK, lock_folder
from nnfang.runs.resumption import AnotherTrainingError
from nnfang.training.events import Epoch
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = make_shades(60, 2)
RUN = Path("run")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def begin(epochs: int = 2, where: Path = RUN) -> None:
    with session.start(replace(RECIPE, epochs=epochs), DATA, where) as training:
        list(training)


def go_on(epochs: int) -> None:
    with session.reopen(RUN) as stored:
        list(session.resume(stored, replace(stored.recipe, epochs=epochs), lambda _: DATA))


def before_locking(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen just before a folder is locked the next time."""
    waiting = [happens]

    @contextmanager
    def lock_late(path: Path) -> Iterator[None]:
        if waiting:
            waiting.pop()()
        with lock_folder(path):
            yield

    monkeypatch.setattr(folder, "lock_folder", lock_late)


def test_who_resumes_late_reads_what_the_other_has_written(monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    before_locking(monkeypatch, lambda: go_on(5))
    go_on(6)
    history = checkpoint.load(RUN / "last.npz").meta.history
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4, 5, 6]
    begin(6, Path("whole"))
    assert history[-1].digest == checkpoint.load(Path("whole/last.npz")).network.digest()


@pytest.mark.parametrize("force", [False, True])
def test_who_starts_late_replaces_nothing_unless_forced(force: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both found the folder empty; the second once wrote over the first's finished run."""
    before_locking(monkeypatch, begin)
    other = replace(RECIPE, seed=9, epochs=1)
    if force:
        with session.start(other, DATA, RUN, force=True):
            assert [epoch.epoch for epoch in checkpoint.load(RUN / "last.npz").meta.history] == []
            assert not (RUN / "history.csv").exists()
        return
    with pytest.raises(FolderInUseError), session.start(other, DATA, RUN):
        pass
    assert checkpoint.load(RUN / "last.npz").recipe.seed == RECIPE.seed
    assert checkpoint.load(RUN / "last.npz").meta.epoch == 2


def test_a_cleaner_does_not_let_a_second_training_in() -> None:
    begin()
    with session.reopen(RUN) as stored:
        (RUN / LOCK).unlink()
        with pytest.raises(NnfangError, match="is training into this folder"):
            go_on(3)
        with (
            pytest.raises(NnfangError, match="is training into this folder"),
            session.start(RECIPE, DATA, RUN, force=True),
        ):
            pass
        list(session.resume(stored, replace(stored.recipe, epochs=4), lambda _: DATA))
    assert checkpoint.load(RUN / "last.npz").meta.epoch == 4


def test_a_hundred_readers_never_miss_a_checkpoint(record_property: Callable[[str, object], None]) -> None:
    """last.npz was absent for a moment at each save."""
    begin(1)
    is_over, read, failures = Event(), [0] * 100, []

    def keep_reading(number: int) -> None:
        while not is_over.is_set():
            try:
                assert (RUN / "last.npz").exists()
                checkpoint.load(RUN / "last.npz")
                finding.load_last(RUN)
                checkpoint.load(RUN / "best.npz")
            except Exception as error:
                failures.append(repr(error))
            read[number] += 1

    threads = [Thread(target=keep_reading, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    epochs = 1
    try:
        while min(read) < 1 or epochs < 20:
            epochs += 5
            go_on(epochs)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    record_property("tally", {"reads": sum(read), "missed": len(failures)})
    assert failures == []
    assert min(read) > 0


RESUME = """
import sys
from dataclasses import replace
from pathlib import Path
from nnfang.errors import NnfangError
from nnfang.files import write_whole
from nnfang.runs import session
from tests.shades import make_shades
sys.stdin.read(1)
data = make_shades(60, 2)
try:
    with session.reopen(Path("run")) as stored:
        print(stored.checkpoint.meta.epoch)
        list(session.resume(stored, replace(stored.recipe, epochs=40), lambda _: data))
except NnfangError as error:
    print(error.reason)
"""


def test_of_ten_resumes_at_once_each_trains_alone_or_not_at_all(
    record_property: Callable[[str, object], None],
) -> None:
    begin()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RESUME],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0].strip() for process in processes]
    trained = [word for word in said if word == "2"]
    others = [word for word in said if word not in {"2", "40"}]
    record_property("tally", {"resumes": len(said), "trained": len(trained)})
    assert len(trained) == 1  # whoever comes after the first reads what he has written
    assert all(word.endswith("is training into this folder") for word in others)
    begin(40, Path("whole"))
    last, whole = (checkpoint.load(path / "last.npz") for path in (RUN, Path("whole")))
    assert last.network.digest() == whole.network.digest()
    assert [epoch.epoch for epoch in last.meta.history] == list(range(1, 41))
    assert sorted(path.name for path in RUN.iterdir() if path.name.startswith(".")) == []


# What is left by those that did not come far


def test_a_run_that_has_only_its_config_begins_from_it() -> None:
    begin(3, Path("whole"))
    RUN.mkdir()
    (RUN / "config.yaml").write_bytes(Path("whole/config.yaml").read_bytes())
    (RUN / ".last.npz.01234567.tmp").write_bytes(b"half")
    assert [path.name for path in RUN.iterdir()] != []
    go_on(3)
    assert (RUN / "config.yaml").read_bytes() == Path("whole/config.yaml").read_bytes()
    for name in ("last.npz", "best.npz"):
        found, expected = (checkpoint.load(path / name) for path in (RUN, Path("whole")))
        assert found.network.digest() == expected.network.digest()
        assert found.meta.state == expected.meta.state
        assert found.recipe == expected.recipe
    assert not list(RUN.glob(".*"))


def test_a_run_that_has_only_its_config_stays_the_same_training() -> None:
    RUN.mkdir()
    begin(1, Path("other"))
    (RUN / "config.yaml").write_bytes(Path("other/config.yaml").read_bytes())
    with (
        session.reopen(RUN) as stored,
        pytest.raises(AnotherTrainingError, match=r"^seed: a different value"),
    ):
        session.resume(stored, replace(stored.recipe, seed=8), lambda _: DATA)
    assert [path.name for path in RUN.iterdir()] == ["config.yaml"]


def test_a_fork_that_is_cut_off_can_be_resumed_or_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its config alone would train another network: from the beginning."""
    begin(2)
    written: list[list[str]] = []
    save = write_whole

    def watch(path: Path, *args: object, **options: object) -> None:
        save(path, *args, **options)  # type: ignore[arg-type]
        written.append(folder.Run(path.parent).find_files())

    monkeypatch.setattr(checkpoint, "write_whole", watch)
    monkeypatch.setattr(folder, "write_whole", watch)
    recipe = replace(RECIPE, dataset=DATA.name, epochs=3)
    with session.fork(session.read_run(RUN), recipe, lambda _: DATA, Path("fork")) as training:
        assert written[0] == ["last.npz"]
        assert written[-1] == ["config.yaml", "best.npz", "last.npz"]
        list(training)
    expected = checkpoint.load(Path("fork/last.npz")).network.digest()
    with session.fork(session.read_run(RUN), replace(recipe, epochs=2), lambda _: DATA, Path("again")):
        pass
    for name in ("config.yaml", "best.npz"):
        Path("again", name).unlink()
    with session.reopen(Path("again")) as stored:
        list(session.resume(stored, recipe, lambda _: DATA))
    assert checkpoint.load(Path("again/last.npz")).network.digest() == expected
    assert Path("again/config.yaml").exists()


def test_the_checkpoint_that_training_goes_on_from_stays_until_there_is_another() -> None:
    """The damaged one once took its name just before the new one was written."""
    begin(3)
    (RUN / "last.npz").write_bytes(b"damaged")
    good = (RUN / "last.prev.npz").read_bytes()
    with session.reopen(RUN / "last.prev.npz") as stored:
        training = session.resume(stored, replace(stored.recipe, epochs=5), lambda _: DATA)
        seen = [(RUN / "last.prev.npz").read_bytes() for event in training if isinstance(event, Epoch)]
    assert seen[0] == good
    assert checkpoint.load(RUN / "last.prev.npz").meta.epoch == 4
    assert checkpoint.load(RUN / "last.npz").meta.epoch == 5


def test_a_run_that_a_group_reads_stays_so_when_somebody_else_resumes_it() -> None:
    previous = os.umask(0o002)
    try:
        begin(2)
        os.umask(0o077)
        with session.reopen(RUN) as stored:
            training = session.resume(stored, replace(stored.recipe, epochs=4), lambda _: DATA)
            training.finish(list(training)[-1])  # type: ignore[arg-type]
    finally:
        os.umask(previous)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in RUN.iterdir()} == dict.fromkeys(
        set(folder.FILES) - {folder.DIVERGED, folder.REPORT}, "0o664"
    )
