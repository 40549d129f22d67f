"""Which run is meant, and what is read of it."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.errors import CheckpointError
from nnfang.runs import checkpoint, finding, session
from nnfang.runs.meta import at_state
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe
from nnfang.training.state import TrainingState
from tests.shades import RECIPE, describe, make_shades


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data() -> Dataset:
    return make_shades(60, 2)


def write_checkpoint(path: Path, recipe: Recipe, data: Dataset, *, trained: int = 1) -> Network:
    network = Network.for_recipe(replace(recipe, seed=recipe.seed + 9), data)
    vectors = {name: np.zeros_like(network.theta) for name in recipe.optimizer.state_names}
    path.parent.mkdir(parents=True, exist_ok=True)
    epochs = tuple(Epoch(i, 0.5, 0.5, None, None, 0.1, 1.0, 1.0, "0" * 16, is_best=True) for i in range(1, trained + 1))
    meta = at_state(describe(recipe, data), TrainingState(epoch=trained, step=trained), epochs)
    checkpoint.save(path, network, meta, vectors)
    return network


def test_the_newest_run_is_the_one_with_the_newest_checkpoint(data: Dataset) -> None:
    for name, age in (("b", 20), ("a", 10), ("c", 30)):
        path = Path("runs") / name / "best.npz"
        write_checkpoint(path, RECIPE, data)
        os.utime(path, (1e9 - age, 1e9 - age))
    Path("runs/z").mkdir()
    Path("runs/y.txt").write_text("")
    Path("runs/x/best.npz").mkdir(parents=True)
    assert finding.find_newest() == Path("runs/a")


@pytest.mark.parametrize("folders", [[], ["runs"], ["runs/empty"]])
def test_there_may_be_no_run(folders: list[str]) -> None:
    for folder in folders:
        Path(folder).mkdir(parents=True)
    assert finding.find_newest() is None
    assert finding.find_newest(resumable=True) is None


def test_the_newest_run_is_that_whose_latest_checkpoint_is_the_newest(data: Dataset) -> None:
    """It once was that whose best epoch was the latest, however long another had gone on without a better one."""
    for name, best, last in (("long", 1, 9), ("short", 5, 5)):
        for file, age in (("best.npz", best), ("last.npz", last)):
            path = Path("runs", name, file)
            write_checkpoint(path, RECIPE, data)
            os.utime(path, (1e9 + age, 1e9 + age))
    assert finding.find_newest() == finding.find_newest(resumable=True) == Path("runs/long")
    Path("runs/long/last.npz").unlink()
    assert finding.find_newest(resumable=True) == Path("runs/short")
    Path("runs/short/best.npz").unlink()
    assert finding.find_newest() == Path("runs/long")


def test_a_model_is_a_file_or_the_best_of_a_folder(data: Dataset) -> None:
    best = write_checkpoint(Path("out/best.npz"), RECIPE, data)
    last = write_checkpoint(Path("out/last.npz"), replace(RECIPE, seed=5), data)
    assert finding.load_model("out").network.digest() == best.digest()
    assert finding.load_model(Path("out/")).recipe == RECIPE
    assert finding.load_model("out/last.npz").recipe.seed == 5
    assert last.digest() == finding.load_model(Path("out/last.npz")).network.digest()


def test_what_is_no_model_is_named() -> None:
    Path("out").mkdir()
    for path, message in (("out", "out: there is no best.npz in this folder"), ("none", "none: there is no such file")):
        with pytest.raises(CheckpointError) as caught:
            finding.load_model(path)
        assert str(caught.value) == message


@pytest.mark.skipif(os.name != "posix", reason="names have other limits there")
@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "loop", "file/x", "/dev/null", "dangling", "none", "file"])
@pytest.mark.parametrize("read", [finding.load_model, session.read_run, lambda path: session.reopen(path).__enter__()])
def test_a_checkpoint_that_cannot_be_read_is_one_however_it_is_named(name: str, read: Callable[[Path], object]) -> None:
    """A name that is too long once was another failure."""
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    Path("file").write_text("")
    with pytest.raises(CheckpointError) as caught:
        read(Path(name))
    assert str(caught.value).startswith(f"{Path(name)}: ")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything is open to root")
def test_a_closed_folder_is_a_checkpoint_that_cannot_be_read(data: Dataset) -> None:
    write_checkpoint(Path("closed/best.npz"), RECIPE, data)
    write_checkpoint(Path("closed/last.npz"), RECIPE, data)
    Path("closed").chmod(0)
    try:
        for read in (finding.load_model, finding.load_last):
            with pytest.raises(CheckpointError, match="Permission denied"):
                read(Path("closed"))
    finally:
        Path("closed").chmod(0o755)


@pytest.mark.parametrize(
    "change",
    [{"test_accuracy": 5}, {"test_images": 0}, {"test_interval": [0.5]}, {"dataset": "x" * 9999}, {"digest": 3}],
    ids=str,
)
def test_a_result_that_is_impossible_is_none(change: dict[str, object], data: Dataset) -> None:
    network = write_checkpoint(Path("out/best.npz"), RECIPE, data)
    loaded = checkpoint.load(Path("out/best.npz"))
    good = {"dataset": "x", "digest": network.digest(), "test_images": 9, "test_accuracy": 0.5}
    for changes in ({}, change):
        Path("out/metrics.json").write_text(json.dumps(good | {"test_interval": [0.4, 0.6]} | changes))
        found = finding.find_test_result(Path("out"), loaded)
        assert (found is None) is bool(changes)


@pytest.mark.parametrize("content", [b"", b"{", b'{"\x80": 1}', b'{"x": ' + b"[" * 99_999], ids=len)
def test_metrics_that_are_no_json_are_none(content: bytes, data: Dataset) -> None:
    write_checkpoint(Path("out/best.npz"), RECIPE, data)
    Path("out/metrics.json").write_bytes(content)
    assert finding.find_test_result(Path("out"), checkpoint.load(Path("out/best.npz"))) is None


def test_metrics_that_are_no_file_or_too_large_are_refused(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(Path("out/best.npz"), RECIPE, data)
    loaded = checkpoint.load(Path("out/best.npz"))
    assert finding.find_test_result(Path("out"), loaded) is None
    monkeypatch.setattr(finding, "MOST_BYTES", 10)
    Path("out/metrics.json").write_text("{}" + " " * 10)
    with pytest.raises(CheckpointError, match=r"metrics\.json: larger than 10 bytes"):
        finding.find_test_result(Path("out"), loaded)
    Path("out/metrics.json").unlink()
    os.mkfifo("out/metrics.json")
    with pytest.raises(CheckpointError, match=r"metrics\.json: not a file"):
        finding.find_test_result(Path("out"), loaded)


def test_a_run_without_a_completed_epoch_is_not_what_is_used_but_can_be_resumed(data: Dataset) -> None:
    for name, trained, age in (("good", 2, 9), ("diverged", 0, 5)):
        for file in ("best.npz", "last.npz"):
            path = Path("runs", name, file)
            write_checkpoint(path, RECIPE, data, trained=trained)
            os.utime(path, (1e9 - age, 1e9 - age))
    assert finding.find_newest() == Path("runs/good")
    assert finding.find_newest(resumable=True) == Path("runs/diverged")
    assert finding.list_runs() == [Path("runs/diverged"), Path("runs/good")]
