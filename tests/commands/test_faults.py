"""Processes that are killed, disks that are full, folders that are gone: nothing is lost beyond the last save.

KILLS in the environment says how often a training is killed: ``make test-faults`` has it killed a hundred times.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nnfang.commands.signals import STOPPING
from nnfang.runs.checkpoint import load
from nnfang.runs.finding import load_last
from nnfang.runs.meta import ForkRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import Nnfang, Trained

KILLS = int(os.environ.get("KILLS", "6"))
LONG = (
    *("--dataset", "mnist-sample", "--limit", "2000", "--epochs", "60", "--batch-size", "32"),
    *("--set", "checkpoint_every.steps=1", "--set", "optimizer.type=momentum", "--json", "-q"),
)


def count_epochs(folder: Path) -> int:
    """Whole epochs in the latest checkpoint; -1 where there is none yet."""
    if not (folder / "last.npz").exists() and not (folder / "last.prev.npz").exists():
        return -1
    return load_last(folder).meta.epoch


def test_killed_at_any_moment_and_resumed_a_training_ends_at_the_same_bytes(
    nnfang: Nnfang, record_property: Callable[[str, object], None]
) -> None:
    nnfang("train", *LONG, "-o", "whole")
    expected = load(nnfang.folder / "whole" / "last.npz").network.theta.tobytes()
    rng, kills, number = random.Random(0), 0, 0
    while kills < KILLS:
        number += 1
        folder = nnfang.folder / f"run-{number}"
        is_done = False
        while not is_done:
            done = count_epochs(folder)
            arguments = (
                ("--resume", folder.name, "--json", "-q") if done >= 0 else (*LONG, "-o", folder.name, "--force")
            )
            with nnfang.start("train", *arguments) as process:
                if kills < KILLS:
                    time.sleep(rng.uniform(0.2, 1.2))
                    process.kill()
                stdout, stderr = process.communicate()
            assert stderr == b""
            is_done = process.returncode == 0
            if not is_done:
                assert process.returncode == -signal.SIGKILL
                kills += 1
                lines = [line for line in stdout.splitlines(keepends=True) if line.endswith(b"\n")]
                told = [event["epoch"] for event in map(json.loads, lines) if event["event"] == "epoch"]
                assert count_epochs(folder) >= max([done, *told])
        assert load(folder / "last.npz").network.theta.tobytes() == expected
        assert not list(folder.glob(".*.tmp"))
    record_property("tally", {"killed": kills, "whole": kills, "continued": kills, "equal": kills})


@pytest.mark.parametrize("number", STOPPING)
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(number: signal.Signals, nnfang: Nnfang) -> None:
    options = ("--dataset", "mnist-sample", "--epochs", "8", "-q")
    whole = nnfang("train", *options, "--json", "-o", "whole")
    nnfang.interrupt(*options, "-o", "run", when=lambda event: event.get("epoch") == 2, number=number)
    resumed = nnfang("train", "--resume", "run", "--json", "-q")
    digests = [event["digest"] for event in whole.epochs]
    assert [epoch.digest for epoch in load(nnfang.folder / "run" / "last.npz").meta.history] == digests
    assert resumed.end["digest"] == whole.end["digest"]
    assert "identical through epoch 8" in nnfang("verify", "run", "-q").stdout


def test_a_run_can_be_made_longer_but_not_another_one(nnfang: Nnfang) -> None:
    nnfang.train("--epochs", "2", "-o", "run", "-q")
    nnfang.train("--epochs", "4", "-o", "whole", "-q")
    refused = nnfang("train", "--resume", "run", "--learning-rate", "0.1", code=2)
    assert "optimizer.learning_rate: a different value makes this a different run; --fork" in refused.stderr
    assert "To continue" not in refused.stderr
    nnfang("train", "--resume", "run", "--epochs", "4", "-q")
    assert digest(nnfang.folder / "run") == digest(nnfang.folder / "whole")
    forked = nnfang(
        "train", "--resume", "run", "--fork", "-o", "fork", "--learning-rate", "0.1", "--epochs", "5", "--json"
    )
    meta = load(nnfang.folder / "fork" / "last.npz").meta
    assert meta.parent == ForkRecord("run", 4 * 450, digest(nnfang.folder / "whole")[:16])
    assert (len(forked.epochs), len(meta.history)) == (1, 5)
    assert "was forked from run" in nnfang("verify", "fork", code=2).stderr
    again = ("train", "--resume", "run", "--fork", "-o", "fork", "--epochs", "5", "-q")
    assert "--force to delete them" in nnfang(*again, code=2).stderr
    nnfang(*again, "--force")


def test_a_run_may_be_called_newest(nnfang: Nnfang) -> None:
    """The word once stood for the newest run."""
    nnfang.train("--epochs", "1", "-o", "newest", "-q")
    nnfang.train("--epochs", "1", "-q")
    resumed = nnfang("train", "--resume", "newest", "--epochs", "2", "--json", "-q")
    assert (resumed.end["run"], resumed.end["epochs"]) == ("newest", 2)
    assert nnfang("train", "--resume", "--epochs", "2", "--json", "-q").end["run"].startswith("runs")


def digest(folder: Path) -> str:
    return load(folder / "last.npz").meta.theta_sha256


def test_a_schedule_that_looks_ahead_forbids_another_number_of_epochs(nnfang: Nnfang) -> None:
    nnfang.train("--epochs", "2", "--set", "schedule.type=cosine", "-o", "run", "-q")
    assert (
        "epochs: a different value makes this a different run"
        in nnfang("train", "--resume", "run", "--epochs", "4", code=2).stderr
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-c", "a.yaml"), "the run has a config of its own"),
        (("-o", "elsewhere"), "the run stays in its folder"),
        (("--force",), "there is nothing for --force to delete"),
        (("--print-config",), "show what a new run would do"),
        (("--preview-augment", "sheet.png"), "show what a new run would do"),
        (("--set", "layers[0].units=9"), "layers: cannot change"),
        (("--dataset", "mnist"), "dataset: a different value makes this a different run"),
    ],
)
def test_what_contradicts_resuming_is_refused(
    arguments: tuple[str, ...], message: str, trained: Trained, nnfang: Nnfang
) -> None:
    assert message in nnfang.inside("train", "--resume", str(trained.folder), *arguments, code=2).stderr


def test_of_two_trainings_into_one_folder_the_second_is_told_of_the_first(nnfang: Nnfang) -> None:
    with nnfang.start("train", "--dataset", "mnist-sample", "--epochs", "10000", "-o", "run", "--json", "-q") as first:
        assert first.stdout
        for _ in range(3):
            first.stdout.readline()
        second = nnfang("train", "--resume", "run", code=1)
        forced = nnfang("train", "--dataset", "mnist-sample", "-o", "run", "--force", code=1)
        first.send_signal(signal.SIGTERM)
        first.communicate()
    assert f"run: process {first.pid} on " in second.stderr
    assert forced.stderr == second.stderr.splitlines(keepends=True)[-1]
    assert "is training into this folder" in second.stderr
    assert first.returncode == 143


def test_a_run_that_was_cut_off_before_its_first_checkpoint_begins_from_its_config(nnfang: Nnfang) -> None:
    nnfang.train("-o", "whole", "-q")
    nnfang.train("-q")
    run = nnfang.folder / "runs" / "later"
    run.mkdir()
    shutil.copy(nnfang.folder / "whole" / "config.yaml", run)
    resumed = nnfang("train", "--resume")
    assert (
        f"Starting {Path('runs', 'later')} from its config, because nothing of it has been saved yet.\n"
        in resumed.stderr
    )
    assert digest(run) == digest(nnfang.folder / "whole")
    assert "identical through epoch 1" in nnfang("verify", str(run), "-q").stdout
    (run / "last.npz").unlink()
    refused = nnfang("train", "--dataset", "mnist-sample", "-o", str(run), code=2)
    assert "holds config.yaml" in refused.stderr


def test_a_full_disk_is_one_message_and_leaves_what_was_there(nnfang: Nnfang) -> None:
    nnfang.train("--epochs", "1", "-o", "run", "-q")
    before = {path.name: path.read_bytes() for path in (nnfang.folder / "run").iterdir()}
    failed = nnfang.shell("ulimit -f 100; nnfang train --resume run --epochs 3 -q", code=1)
    assert failed.stderr.count("\n") == 1
    assert "cannot be written: File too large" in failed.stderr
    after = {path.name: path.read_bytes() for path in (nnfang.folder / "run").iterdir()}
    assert {name: after[name] for name in ("best.npz", "last.npz")} == {
        name: before[name] for name in ("best.npz", "last.npz")
    }
    assert not [name for name in after if name.endswith(".tmp")]
    nnfang("train", "--resume", "run", "--epochs", "3", "-q")


def vanish(folder: Path, how: str) -> None:
    if how == "deleted":
        shutil.rmtree(folder)
        return
    folder.rename(folder.with_name("elsewhere"))
    if how == "replaced by a folder":
        folder.mkdir()
    elif how == "replaced by a file":
        folder.write_bytes(b"mine")


@pytest.mark.parametrize("is_interrupted", [False, True])
@pytest.mark.parametrize("how", ["deleted", "moved", "replaced by a folder", "replaced by a file"])
def test_a_folder_that_vanishes_is_one_message(how: str, is_interrupted: bool, nnfang: Nnfang) -> None:
    options = ("--dataset", "mnist-sample", "--epochs", "10000", "-o", "run", "--json", "-q")
    with nnfang.start("train", *options) as process:
        assert process.stdout
        for _ in range(3):
            process.stdout.readline()
        vanish(nnfang.folder / "run", how)
        before = names_in(nnfang.folder)
        if is_interrupted:
            process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr == b"Error: run: this folder was deleted or moved while its run was being trained\n"
    assert names_in(nnfang.folder) == before


def names_in(folder: Path) -> list[Path]:
    """All that is there, but for what is there for moments."""
    return sorted(path for path in folder.rglob("*") if path.name[0] != ".")


def test_verify_names_the_first_epoch_that_differs(nnfang: Nnfang, trained: Trained) -> None:
    import msgspec
    import numpy as np

    shutil.copytree(trained.folder, nnfang.folder / "run")
    path = nnfang.folder / "run" / "last.npz"
    members: dict[str, Any] = dict(np.load(path))
    meta = msgspec.json.decode(members["meta"].tobytes())
    members["history.digest"][1] = "0" * 16
    meta["environment"] |= {"numpy": "1.0", "blas_threads": {"OPENBLAS_NUM_THREADS": "9"}}
    members["meta"] = np.frombuffer(msgspec.json.encode(meta), np.uint8)
    np.savez(path, **members)
    result = nnfang("verify", "run", "-q", code=1)
    assert result.stdout.startswith("different from epoch 2 on: numpy was 1.0, is ")
    assert "blas_threads was OPENBLAS_NUM_THREADS=9, is OPENBLAS_NUM_THREADS=1" in result.stdout


def test_a_learning_rate_that_is_too_large_is_divided_until_it_is_not(nnfang: Nnfang) -> None:
    options = ("--learning-rate", "5", "--epochs", "1", "--set", "on_divergence=retry", "-o", "run", "--json")
    result = nnfang("train", "--dataset", "mnist-sample", *options, environment={"NNFANG_ENGINE": "online"})
    assert 1 <= result.stderr.count("Retrying from epoch 0") <= 3
    meta = load(nnfang.folder / "run" / "last.npz").meta
    assert meta.retries[0].learning_rate == 5
    assert meta.config["optimizer"]["learning_rate"] == pytest.approx(5 / 3 ** len(meta.retries))
    stopped = nnfang("train", "--dataset", "mnist-sample", "--learning-rate", "1e30", *options[2:4], "-o", "b", code=4)
    assert "gradient norm" in stopped.stderr
