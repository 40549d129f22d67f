"""A run's files, written while training goes on."""

import csv
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from nnfang.core.network import Network
from nnfang.data import Dataset
from nnfang.runs import checkpoint
from nnfang.runs import folder as runs
from nnfang.runs.recorder import Recorder
from nnfang.training.events import Epoch, Start
from nnfang.training.loop import train
from nnfang.training.state import Position
from tests.shades import NOW, RECIPE, facts, make_shades


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data() -> Dataset:
    return make_shades(60, 2)


def test_a_run_is_written_while_it_happens(data: Dataset) -> None:
    network = Network.initialize(RECIPE.layers, 4, seed=0)
    events = train(network, data, RECIPE)
    start = next(events)
    assert isinstance(start, Start)
    run = runs.create(Path("out"), data.name, NOW)
    untrained = network.digest()
    recorder = Recorder(run, start, facts(RECIPE, data))
    for path in (run.best, run.last):
        saved = checkpoint.load(path)
        assert (saved.network.digest(), saved.meta.epoch, saved.meta.step) == (untrained, 0, 0)
        assert saved.meta.position == Position()
    epochs: list[Epoch] = []
    for event in events:
        if isinstance(event, Epoch):
            recorder.record(event)
            epochs.append(event)
            best = max((e for e in epochs if e.is_best), key=lambda e: e.epoch)
            last_saved, best_saved = checkpoint.load(run.last), checkpoint.load(run.best)
            assert last_saved.network.digest() == event.digest
            assert best_saved.network.digest() == best.digest
            assert (best_saved.meta.position.best_epoch, best_saved.meta.position.best_value) == (
                best.epoch,
                best.val_loss,
            )
            assert (last_saved.meta.epoch, best_saved.meta.epoch) == (event.epoch, best.epoch)
            assert last_saved.meta.step == event.epoch * 6  # 42 images in batches of 8
            assert last_saved.meta.history == [asdict(epoch) for epoch in epochs]
            assert np.array_equal(last_saved.state["velocity"], start.engine.state["velocity"])
            assert len(Path("out/history.csv").read_text().splitlines()) == event.epoch + 1
    assert min(epochs, key=lambda e: e.val_loss or 0).digest == checkpoint.load(run.best).network.digest()
    with Path("out/history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(r["epoch"]), float(r["loss"]), r["digest"]) for r in rows] == [
        (e.epoch, e.loss, e.digest) for e in epochs
    ]


def test_the_best_stays_when_the_last_gets_worse(data: Dataset) -> None:
    network = Network.initialize(RECIPE.layers, 4, seed=0)
    events = train(network, data, RECIPE)
    start = next(events)
    assert isinstance(start, Start)
    recorder = Recorder(runs.create(Path("out"), data.name, NOW), start, facts(RECIPE, data))
    epoch = next(event for event in events if isinstance(event, Epoch))
    recorder.record(epoch)
    good = network.digest()
    network.theta[...] += 1
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
