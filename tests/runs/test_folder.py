"""A run's folder: made, filled while training goes on, and found again."""

import json
import os
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest

from nnfang.config import sources as config
from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.errors import CheckpointError, ConfigError, NnfangError
from nnfang.runs import checkpoint
from nnfang.runs import folder as runs
from nnfang.runs.folder import FILES
from nnfang.training.recipe import Recipe
from nnfang.training.state import Position
from tests.shades import NOW, RECIPE, facts, make_shades


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data() -> Dataset:
    return make_shades(60, 2)


def write_checkpoint(path: Path, recipe: Recipe, data: Dataset) -> Network:
    network = Network.initialize(recipe.layers, prod(data.input_shape), seed=9)
    state = {name: np.zeros_like(network.theta) for name in recipe.optimizer.state_names}
    meta = checkpoint.Meta(epoch=0, step=0, history=[], position=Position(), engine="batch", **facts(recipe, data))
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, network, meta, state)
    return network


# Folders


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("mnist", "20240229-130509-mnist"),
        ("fashion-mnist", "20240229-130509-fashion-mnist"),
        ("some/where/digits.npz", "20240229-130509-digits"),
        ("/data/my digits/", "20240229-130509-my digits"),
        ("/", "20240229-130509-data"),
        (".", "20240229-130509-data"),
        ("ü", "20240229-130509-ü"),
    ],
)
def test_a_folder_is_named_after_time_and_data_set(dataset: str, name: str) -> None:
    run = runs.create(None, dataset, NOW)
    assert run.folder == Path("runs") / name
    assert run.folder.is_dir()
    assert run.find_files() == []


def test_runs_of_the_same_second_get_a_number() -> None:
    names = [runs.create(None, "mnist", NOW).folder.name for _ in range(3)]
    assert names == ["20240229-130509-mnist", "20240229-130509-mnist-2", "20240229-130509-mnist-3"]


def test_a_folder_of_ones_own_may_hold_anything_but_a_run(home: Path) -> None:
    (home / "out").mkdir()
    (home / "out" / "notes.txt").write_text("mine")
    run = runs.create(Path("out"), "mnist", NOW)
    assert (run.folder, run.best, run.last) == (Path("out"), Path("out/best.npz"), Path("out/last.npz"))
    assert runs.create(Path("a/b/c"), "mnist", NOW).folder.is_dir()


@pytest.mark.parametrize("name", FILES)
def test_an_earlier_run_is_never_overwritten_unless_forced(home: Path, name: str) -> None:
    (home / "out").mkdir()
    (home / "out" / name).write_text("earlier")
    (home / "out" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=rf"^out: holds {name} already; choose another folder, or --force") as caught:
        runs.create(Path("out"), "mnist", NOW)
    assert caught.value.exit_code == 2
    assert (home / "out" / name).read_text() == "earlier"
    runs.create(Path("out"), "mnist", NOW, force=True)
    assert sorted(path.name for path in (home / "out").iterdir()) == [".lock", "notes.txt"]


def test_force_without_an_earlier_run_is_no_mistake() -> None:
    assert runs.create(Path("out"), "mnist", NOW, force=True).folder.is_dir()


def test_a_folder_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "file").write_text("")
    for folder in (Path("file"), Path("file/below")):
        with pytest.raises(NnfangError, match=rf"^{folder}: cannot be made: ") as caught:
            runs.create(folder, "mnist", NOW)
        assert caught.value.exit_code == 1
    (home / "runs").write_text("")
    with pytest.raises(NnfangError, match=r"^runs: cannot be made: "):
        runs.create(None, "mnist", NOW)


# Files


def test_history_has_one_header_and_a_line_an_epoch() -> None:
    run = runs.create(Path("out"), "mnist", NOW)
    run.write_history([{"epoch": i, "val_loss": None, "note": 'a,"b"'} for i in range(3)])
    assert Path("out/history.csv").read_bytes() == (b'epoch,val_loss,note\n0,,"a,""b"""\n1,,"a,""b"""\n2,,"a,""b"""\n')


def test_config_and_metrics_can_be_read_back() -> None:
    run = runs.create(Path("out"), "mnist", NOW)
    run.write_config(config.to_yaml(RECIPE))
    assert config.load(Path("out/config.yaml"), [], {}).recipe == RECIPE
    run.write_metrics({"accuracy": 0.1 + 0.2, "loss": float("nan"), "name": "ü"})
    text = Path("out/metrics.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"accuracy": 0.1 + 0.2, "loss": None, "name": "ü"}
    assert text.endswith("}\n")


# Finding


def test_the_newest_run_is_the_one_with_the_newest_checkpoint(data: Dataset) -> None:
    for name, age in (("b", 20), ("a", 10), ("c", 30)):
        path = Path("runs") / name / "best.npz"
        write_checkpoint(path, RECIPE, data)
        os.utime(path, (1e9 - age, 1e9 - age))
    Path("runs/z").mkdir()
    Path("runs/y.txt").write_text("")
    Path("runs/x/best.npz").mkdir(parents=True)
    assert runs.find_newest() == Path("runs/a")


@pytest.mark.parametrize("folders", [[], ["runs"], ["runs/empty"]])
def test_without_a_run_the_message_says_how_to_make_one(folders: list[str]) -> None:
    for folder in folders:
        Path(folder).mkdir(parents=True)
    with pytest.raises(CheckpointError, match="Make one with: nnfang train") as caught:
        runs.find_newest()
    assert caught.value.exit_code == 6
    assert "--model" in str(caught.value)


def test_a_model_is_a_file_or_the_best_of_a_folder(data: Dataset) -> None:
    best = write_checkpoint(Path("out/best.npz"), RECIPE, data)
    last = write_checkpoint(Path("out/last.npz"), replace(RECIPE, seed=5), data)
    assert runs.load_model("out").network.digest() == best.digest()
    assert runs.load_model(Path("out/")).recipe == RECIPE
    assert runs.load_model("out/last.npz").recipe.seed == 5
    assert last.digest() == runs.load_model(Path("out/last.npz")).network.digest()


def test_what_is_no_model_is_named() -> None:
    Path("out").mkdir()
    for path, message in (("out", "out: there is no best.npz in this folder"), ("none", "none: there is no such file")):
        with pytest.raises(CheckpointError) as caught:
            runs.load_model(path)
        assert str(caught.value) == message


def test_the_files_of_a_run_are_those_that_are_described() -> None:
    assert [name for name in FILES if name not in (runs.__doc__ or "")] == []
