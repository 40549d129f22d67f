"""The list of runs, for a person on a terminal of any width and for a program."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.test_terminals import lines_on

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

HEADER = "run data network epochs validation 95% interval test 95% interval seconds state"


@pytest.fixture
def runs(nnfang: Nnfang, trained: Trained) -> Path:
    """Three runs, of which the oldest is finished, the next interrupted, and the newest damaged."""
    place = nnfang.folder / "runs"
    for age, name in enumerate(("damaged", "interrupted", "done")):
        folder = place / name
        shutil.copytree(trained.folder, folder)
        if name != "done":
            (folder / "metrics.json").unlink()
        if name == "damaged":
            (folder / "last.npz").write_bytes(b"")
        for path in folder.iterdir():
            os.utime(path, (1e9 - age, 1e9 - age))
    return place


def test_runs_are_listed_newest_first_with_how_they_ended(runs: Path, nnfang: Nnfang, trained: Trained) -> None:
    result = nnfang.inside("runs")
    header, *rows = result.stdout.splitlines()
    assert header.split() == HEADER.split()
    assert [row.split()[0] for row in rows] == [row.split()[-1] for row in rows] == ["damaged", "interrupted", "done"]
    end = trained.result.end
    assert rows[2].split()[1:6] == ["mnist-sample", "784-128-64-10", "2", "of", "2"]
    assert f"  {end['test_accuracy']:.2%}  {100 * end['test_interval'][0]:.1f} to " in rows[2]
    assert f"  {trained.best_epoch['val_accuracy']:.2%}  " in rows[1]
    damaged = Path("runs", "damaged", "last.npz")
    assert result.stderr == f"warning: {damaged}: not a checkpoint, or damaged: not a whole .npz file\n"


def test_json_has_an_object_for_each(runs: Path, nnfang: Nnfang, trained: Trained) -> None:
    damaged, interrupted, done = nnfang.inside("runs", "--json").objects
    assert done["run"] == str(Path("runs", "done"))
    assert (done["state"], done["reason"], done["written"]) == ("done", None, "2001-09-09T01:46:38+00:00")
    assert (done["dataset"], done["network"]) == ("mnist-sample", [784, 128, 64, 10])
    assert (done["epochs"], done["planned"], done["best_epoch"]) == (2, 2, trained.result.end["best_epoch"])
    assert (done["test_accuracy"], done["test_interval"]) == tuple(
        trained.result.end[name] for name in ("test_accuracy", "test_interval")
    )
    assert done["seconds"] == pytest.approx(trained.result.end["seconds"])
    assert done["val_interval"][0] < done["val_accuracy"] < done["val_interval"][1]
    assert (interrupted["state"], interrupted["test_accuracy"]) == ("interrupted", None)
    assert "not a whole .npz file" in damaged["reason"]
    assert {damaged[name] for name in ("dataset", "network", "epochs", "val_accuracy", "seconds")} == {None}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("newest", ["damaged", "interrupted", "done"]),
        ("name", ["damaged", "done", "interrupted"]),
        ("test", ["done", "damaged", "interrupted"]),
        ("validation", ["interrupted", "done", "damaged"]),
    ],
)
def test_runs_are_sorted_with_the_largest_figure_first(
    order: str, names: list[str], runs: Path, nnfang: Nnfang
) -> None:
    rows = nnfang.inside("runs", "--sort", order).stdout.splitlines()[1:]
    assert [row.split()[0] for row in rows] == names


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [
        (120, ""),
        (80, "95% interval, network, data"),
        (50, "95% interval, network, data, 95% interval, seconds"),
    ],
)
def test_columns_give_way_where_a_terminal_is_narrow(columns: int, left_out: str, runs: Path, nnfang: Nnfang) -> None:
    screen = lines_on(nnfang.on_terminal("runs", columns=columns, piped=False).stderr)
    assert all(len(line) <= columns for line in screen)
    shown = [name for name in ("network", "data", "seconds") if name in screen[0].split()]
    assert shown == [name for name in ("network", "data", "seconds") if name not in left_out]
    assert screen[0].split()[0] == "run"
    assert screen[0].split()[-1] == "state"
    assert ("; --json has them all" in " ".join(screen)) is bool(left_out)


def test_a_folder_is_a_place_for_runs_or_a_run(runs: Path, nnfang: Nnfang) -> None:
    runs.rename(nnfang.folder / "elsewhere")
    assert len(nnfang.inside("runs", "elsewhere").stdout.splitlines()) == 4
    assert nnfang.inside("runs", "elsewhere/done").stdout.splitlines()[1].startswith("done ")
    nothing = nnfang.inside("runs")
    assert (nothing.stdout, nothing.stderr) == ("", "There are no runs in runs. Create one with: nnfang train\n")
    assert nnfang.inside("runs", "--json").stdout == ""
    assert "no such" in nnfang.inside("runs", "nowhere", code=6).stderr


def test_a_run_that_ended_before_its_first_checkpoint_has_trained_no_epoch(runs: Path, nnfang: Nnfang) -> None:
    for path in (runs / "done").iterdir():
        if path.name != "config.yaml":
            path.unlink()
    (found,) = nnfang.inside("runs", "runs/done", "--json").objects
    assert (found["epochs"], found["planned"], found["best_epoch"]) == (0, 2, 0)
    assert (found["dataset"], found["seconds"], found["test_accuracy"]) == ("mnist-sample", None, None)
    assert "  0 of 2  " in nnfang.inside("runs", "runs/done").stdout


def test_a_training_that_diverged_is_listed_as_such_and_verified_without(nnfang: Nnfang) -> None:
    nnfang.train("-o", "runs/wild", "--lr", "1e30", code=4)
    (found,) = nnfang.inside("runs", "--json").objects
    assert (found["state"], found["epochs"]) == ("diverged", 0)
    assert found["reason"].startswith("training diverged in epoch 1")
    nnfang.train("-o", "runs/wild", "--force", "-q")
    assert [found["state"] for found in nnfang.inside("runs", "--json").objects] == ["done"]
