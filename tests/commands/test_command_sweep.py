"""``nnfang sweep`` and ``nnfang train --seeds`` as their users meet them: each training a real process."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.processes import descendants, wait_for

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

SMALL = ("-c", "tiny", "--set", "limit=300", "--set", "epochs=2")
RATES = ("--grid", "optimizer.learning_rate=0.02,1e30", "--grid", "seed=0..1")


def sweep(nnfang: Nnfang, *arguments: str) -> dict[str, Any]:
    (found,) = nnfang("sweep", *arguments, "--json", "-q").objects
    return found


def test_each_training_is_a_run_and_a_divergence_is_a_row(nnfang: Nnfang) -> None:
    result = nnfang("sweep", *SMALL, *RATES, "-o", "s")
    assert "4 trainings of mnist-sample" in result.stderr
    assert re.search(r"learning_rate=0\.02 +2 of 2", result.stdout)
    with (nnfang.folder / "s" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["done", "done", "diverged", "diverged"]
    assert [row["seed"] for row in rows] == ["0", "1", "0", "1"]
    again = nnfang("train", "-c", "s/best.yaml", "-o", "again", "--json", "-q")
    best = max(rows[:2], key=lambda row: float(row["val_accuracy"]))
    assert again.end["digest"] == best["digest"]
    assert best["digest"] in result.stdout
    alone = nnfang("train", *SMALL, "--set", "optimizer.learning_rate=0.02", "--seed", "1", "-o", "alone", "--json")
    assert alone.end["digest"] == rows[1]["digest"]
    assert alone.end["test_accuracy"] == float(rows[1]["test_accuracy"])


def test_started_again_only_what_is_missing_is_trained(nnfang: Nnfang) -> None:
    first = sweep(nnfang, *SMALL, "--grid", "seed=0..2", "-o", "s")
    kept = nnfang.folder / "s" / "001" / "last.npz"
    written = kept.stat().st_mtime_ns
    for name in ("last.npz", "last.prev.npz", "best.npz", "metrics.json", "history.csv"):
        (nnfang.folder / "s" / "002" / name).unlink()
    second = sweep(nnfang, "s")
    assert kept.stat().st_mtime_ns == written
    digests = [[training["digest"] for training in found["trainings"]] for found in (first, second)]
    assert digests[0] == digests[1]


def test_a_training_that_was_killed_is_a_row_and_goes_on_next_time(nnfang: Nnfang) -> None:
    long = ("-c", "tiny", "--set", "epochs=400", "--set", "limit=2000", "--grid", "seed=0..1", "-o", "s")
    running = start(nnfang, *long, "--jobs", "2")
    wait_for(nnfang.folder / "s" / "002" / "history.csv")
    os.kill(find_child(running.pid, "002"), signal.SIGKILL)
    out, _ = running.communicate(timeout=200)
    assert running.returncode == 0
    states = [(training["state"], training["reason"]) for training in json.loads(out)["trainings"]]
    assert states == [("done", None), ("killed", "by signal 9")]
    nnfang("sweep", "s", "--max-time", "1")  # tried again, and again not to the end


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_sweep_saves_and_goes_on(nnfang: Nnfang, number: int, code: int) -> None:
    long = ("-c", "tiny", "--set", "epochs=100000", "--grid", "seed=0..2", "-o", "s", "--jobs", "1")
    running = start(nnfang, *long)
    wait_for(nnfang.folder / "s" / "001" / "history.csv")
    os.kill(running.pid, number)
    out, errors = running.communicate(timeout=100)
    assert running.returncode == code
    assert [training["state"] for training in json.loads(out)["trainings"]] == ["interrupted", "waiting", "waiting"]
    assert "3 trainings left. Continue with: nnfang sweep s" in errors
    assert (nnfang.folder / "s" / "001" / "last.npz").exists()


def test_halving_stops_what_cannot_win(nnfang: Nnfang) -> None:
    settings = ("--set", "limit=600", "--set", "epochs=4", "--grid", "optimizer.learning_rate=1e-6,0.02,1e-5,1e-4")
    found = sweep(nnfang, "-c", "tiny", *settings, "--halving", "2", "-o", "s")
    trainings = found["trainings"]
    assert [training["state"] for training in trainings].count("stopped") == 3
    assert (trainings[1]["state"], trainings[1]["epochs"]) == ("done", 4)
    assert sorted(training["epochs"] for training in trainings) == [1, 1, 2, 4]
    assert found["winner"]["setting"] == "learning_rate=0.02"
    whole = nnfang("train", "-c", "s/best.yaml", "-o", "again", "--json", "-q").end
    assert whole["digest"] == trainings[1]["digest"]


def test_train_with_seeds_is_the_smallest_sweep(nnfang: Nnfang) -> None:
    result = nnfang("train", *SMALL, "--seeds", "3", "--jobs", "2", "-o", "s", "-q")
    assert "all      3 of 3" in result.stdout
    assert "winner" not in result.stdout
    assert not (nnfang.folder / "s" / "best.yaml").exists()
    alone = nnfang("train", *SMALL, "--seed", "2", "-o", "alone", "--json", "-q").end
    (found,) = nnfang("sweep", "s", "--json", "-q").objects
    assert found["trainings"][2]["digest"] == alone["digest"]
    assert found["winner"] is None
    tests = [training["test_accuracy"] for training in found["trainings"]]
    assert found["settings"][0]["test"]["mean"] == pytest.approx(sum(tests) / 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep",), "nothing varies"),
        (("sweep", *SMALL, "--grid", "optimizer.lr=1"), 'Did you mean "optimizer.learning_rate"?'),
        (("sweep", *SMALL, "--set", "validation_split=0", "--grid", "width=2,3"), "a winner is chosen by validation"),
        (("sweep", "nowhere.yaml"), "cannot be read"),
        (("sweep", "."), "holds no sweep"),
        (("train", *SMALL, "--jobs", "2"), "--jobs: says how many"),
        (("train", *SMALL, "--seeds", "2", "--resume"), "--resume is for one alone"),
        (("train", *SMALL, "--seeds", "2", "--report"), "--report is for one alone"),
    ],
)
def test_what_makes_no_sense_is_refused(nnfang: Nnfang, arguments: tuple[str, ...], message: str) -> None:
    assert message in nnfang.inside(*arguments, code=2).stderr


def test_a_sweep_of_which_nothing_came_fails(nnfang: Nnfang) -> None:
    result = nnfang("sweep", *SMALL, "--grid", "optimizer.learning_rate=1e30", "-o", "s", code=1)
    assert "no training came to an end" in result.stderr


def start(nnfang: Nnfang, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nnfang", "sweep", *arguments, "--json"],
        cwd=nnfang.folder,
        env=nnfang.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def find_child(parent: int, word: str) -> int:
    """The process that a sweep has begun, whose last argument ends in `word`."""
    return next(pid for pid, words in descendants(parent).items() if words.endswith(word))


def test_the_report_of_a_sweep_is_a_page_in_its_folder(nnfang: Nnfang) -> None:
    pytest.importorskip("jinja2", reason="the extra report is not installed")
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    nnfang("sweep", *SMALL, "--grid", "seed=0..1", "-o", "s", "-q")
    assert nnfang.inside("report", "s").stdout == f"{Path('s', 'report.html')}\n"
    assert "2 trainings on mnist-sample" in (nnfang.folder / "s" / "report.html").read_text()
    assert "already exists" in nnfang.inside("report", "s", code=2).stderr


def test_a_sweep_that_comes_with_nnfang_goes_by_its_name(nnfang: Nnfang) -> None:
    result = nnfang.inside("sweep", "paper-claim", "--offline", code=5)
    assert "mnist: the data set is not complete" in result.stderr
