"""A run's files, written while training goes on."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.runs import checkpoint, folder
from nnfang.runs.meta import StateRecord
from nnfang.runs.recorder import Recorder
from nnfang.training.events import Epoch, Progress
from nnfang.training.loop import Training, train
from nnfang.training.recipe import Recipe
from tests.shades import RECIPE, describe, make_shades


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data() -> Dataset:
    return make_shades(60, 2)


def record(recipe: Recipe, data: Dataset) -> tuple[Training[Dataset], Recorder]:
    training = train(Network.for_recipe(recipe, data), data, recipe)
    run = folder.Run(Path("out"))
    run.folder.mkdir()
    return training, Recorder(run, training, describe(recipe, data))


def test_a_run_is_written_while_it_happens(data: Dataset) -> None:
    training, recorder = record(RECIPE, data)
    run, untrained = recorder.run, training.network.digest()
    for path in (run.best, run.last):
        saved = checkpoint.load(path)
        assert (saved.network.digest(), saved.meta.epoch, saved.meta.step) == (untrained, 0, 0)
        assert saved.meta.state == StateRecord()
    epochs: list[Epoch] = []
    for event in training:
        recorder.record(event)
        if isinstance(event, Epoch):
            epochs.append(event)
            best = max((e for e in epochs if e.is_best), key=lambda e: e.epoch)
            last_saved, best_saved = checkpoint.load(run.last), checkpoint.load(run.best)
            assert last_saved.network.digest() == event.digest
            assert best_saved.network.digest() == best.digest
            state = best_saved.meta.state
            assert (state.best_epoch, -(state.best_value or 0), state.best_loss) == (
                *(best.epoch, best.val_accuracy, best.val_loss),
            )
            assert (last_saved.meta.epoch, best_saved.meta.epoch) == (event.epoch, best.epoch)
            assert last_saved.meta.step == event.epoch * 6  # 42 images in batches of 8
            assert last_saved.meta.history == tuple(epochs)
            assert np.array_equal(last_saved.optimizer_state["velocity"], training.engine.state["velocity"])
            assert len(Path("out/history.csv").read_text().splitlines()) == event.epoch + 1
    best = min(epochs, key=lambda e: (-(e.val_accuracy or 0), e.val_loss))
    assert best.digest == checkpoint.load(run.best).network.digest()
    with Path("out/history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(r["epoch"]), float(r["loss"]), r["digest"]) for r in rows] == [
        (e.epoch, e.loss, e.digest) for e in epochs
    ]


def test_the_best_stays_when_the_last_gets_worse(data: Dataset) -> None:
    training, recorder = record(RECIPE, data)
    network = training.network
    epoch = next(event for event in training if isinstance(event, Epoch))
    recorder.record(epoch)
    good = network.digest()
    network.theta[...] += 1
    training.state.epoch = 2
    recorder.record(replace(epoch, epoch=2, is_best=False, val_loss=9.0))
    network.theta[...] += 1
    recorder.save_last()
    assert checkpoint.load(Path("out/best.npz")).network.digest() == good
    assert checkpoint.load(Path("out/last.npz")).network.digest() == network.digest()
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "best.npz",
        "history.csv",
        "last.npz",
        "last.prev.npz",
    ]


def test_steps_and_seconds_make_a_save_due() -> None:
    data = make_shades(2600, 3)
    recipe = replace(RECIPE, checkpoint_every=replace(RECIPE.checkpoint_every, steps=100, seconds=1e9))
    recipe = replace(recipe, validation_split=0.1)
    training, recorder = record(recipe, data)
    saved = []
    for event in training:
        if isinstance(event, Epoch):
            recorder.record(event)
            break
        recorder.record(event)
        saved.append(checkpoint.load(Path("out/last.npz")).meta.step)
    assert saved == [128, 256, 256]  # chunks of 1,024 images are 128 steps; the last chunk of the epoch is shorter
    training.recipe = replace(recipe, checkpoint_every=replace(recipe.checkpoint_every, seconds=1e-9))
    recorder.record(Progress(1, 2340, 2340, 1.0, 0.5, 1.0))
    assert checkpoint.load(Path("out/last.npz")).meta.step == training.state.step
