"""A training that is interrupted, saved, loaded and resumed ends at the same bytes as one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nnfang.config.schema import read_tree
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.network import Network
from nnfang.core.optimizers import OPTIMIZERS, Optimizer, Sgd
from nnfang.core.schedules import SCHEDULES, Schedule
from nnfang.errors import CheckpointError
from nnfang.runs import checkpoint
from nnfang.runs import folder as runs
from nnfang.runs.folder import Run
from nnfang.runs.recorder import Recorder
from nnfang.training.augment import Augment, Elastic
from nnfang.training.events import Epoch, Progress, Start
from nnfang.training.loop import train
from nnfang.training.recipe import EarlyStopping, Recipe
from tests.shades import facts, make_shades

if TYPE_CHECKING:
    from nnfang.data import Dataset

LAYERS: tuple[Layer, ...] = (Dense(9), Dense(3, "softmax"))
WITH_DROPOUT: tuple[Layer, ...] = (Dense(9, "tanh"), Dropout(0.3), Dense(3, "softmax"))
PLAIN = Recipe(layers=LAYERS, epochs=3, validation_split=0.1, seed=4, engine="batch", batch_size=32)
CASES: dict[str, Recipe] = {
    **{
        f"optimizer {name}": replace(PLAIN, optimizer=read_tree(Optimizer, {"type": name, "learning_rate": 0.01}))
        for name in OPTIMIZERS
    },
    **{
        f"schedule {name}": replace(PLAIN, schedule=read_tree(Schedule, {"type": name, "warmup": 0.5}))
        for name in SCHEDULES
    },
    "distortions": replace(PLAIN, augment=Augment(15, 0.1, 0.2, 1, Elastic(8, 2), 0.3)),
    "dropout": replace(PLAIN, layers=WITH_DROPOUT),
    "online": replace(PLAIN, engine="online", batch_size=1),
    "online with weight decay": replace(PLAIN, engine="online", batch_size=1, optimizer=Sgd(0.02, weight_decay=0.01)),
    "compiled": replace(PLAIN, engine="compiled", batch_size=1),
    "compiled mini-batches": replace(PLAIN, engine="compiled", batch_size=8),
    "no shuffling, no validation": replace(PLAIN, shuffle=False, validation_split=0),
    "patience": replace(PLAIN, epochs=8, early_stopping=EarlyStopping(patience=1)),
    "float64": replace(PLAIN, dtype="float64"),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return make_shades(2600, 3)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train_on(folder: Path, recipe: Recipe, data: Dataset, *, interrupt_at: int) -> bool:
    """Train, or go on, in a run's folder until the n-th event or the end; whether it came to the end."""
    if folder.exists():
        run, saved = runs.load_last(folder)
        network, position, state, history = saved.network, saved.meta.position, saved.state, saved.meta.history
    else:
        run, position, state, history = runs.create(folder, "shades", runs_date()), None, None, []
        network = Network.initialize(recipe.layers, 9, seed=recipe.seed, dtype=recipe.dtype)
    events = train(network, data, recipe, position, state)
    start = next(events)
    assert isinstance(start, Start)
    recorder = Recorder(run, start, facts(recipe, data), history)
    for count, event in enumerate(events, 1):
        if isinstance(event, Epoch):
            recorder.record(event)
        if count == interrupt_at and isinstance(event, Progress | Epoch):
            recorder.save_last()
            return False
    return True


def runs_date() -> Any:
    from datetime import datetime

    return datetime(2024, 2, 29).astimezone()


def without_times(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in {"seconds", "images_per_second"}} for row in history]


@pytest.mark.parametrize("name", CASES)
def test_interruptions_anywhere_change_no_byte(name: str, data: Dataset) -> None:
    recipe = CASES[name]
    assert train_on(Path("whole"), recipe, data, interrupt_at=10**9)
    interruptions = 0
    while not train_on(Path("pieces"), recipe, data, interrupt_at=1 + interruptions % 3):
        interruptions += 1
    assert interruptions > 3
    whole, pieces = (checkpoint.load(Path(folder, "last.npz")) for folder in ("whole", "pieces"))
    assert pieces.network.theta.tobytes() == whole.network.theta.tobytes()
    assert pieces.meta.position == whole.meta.position
    assert without_times(pieces.meta.history) == without_times(whole.meta.history)
    for vector, expected in zip(pieces.state.values(), whole.state.values(), strict=True):
        assert vector.tobytes() == expected.tobytes()
    best = [checkpoint.load(Path(folder, "best.npz")).network.digest() for folder in ("whole", "pieces")]
    assert best[0] == best[1]


def test_the_checkpoint_before_the_last_is_kept_and_offered(data: Dataset) -> None:
    train_on(Path("run"), PLAIN, data, interrupt_at=10**9)
    run = Run(Path("run"))
    assert (checkpoint.load(run.previous).meta.epoch, checkpoint.load(run.last).meta.epoch) == (2, 3)
    content = run.last.read_bytes()
    run.last.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError) as caught:
        runs.load_last(Path("run"))
    assert "The one before it is whole, from epoch 2: nnfang train --resume" in str(caught.value)
    assert runs.load_last(run.previous)[1].meta.epoch == 2


def test_a_process_killed_between_two_renames_has_lost_nothing(data: Dataset) -> None:
    train_on(Path("run"), PLAIN, data, interrupt_at=10**9)
    Run(Path("run")).last.unlink()
    assert runs.load_last(Path("run"))[1].meta.epoch == 2


def test_steps_and_seconds_make_a_save_due(data: Dataset) -> None:
    recipe = replace(PLAIN, batch_size=8, checkpoint_every=replace(PLAIN.checkpoint_every, steps=100, seconds=1e9))
    network = Network.initialize(recipe.layers, 9)
    events = train(network, data, recipe)
    start = next(events)
    assert isinstance(start, Start)
    recorder = Recorder(runs.create(Path("run"), "shades", runs_date()), start, facts(recipe, data))
    saved = []
    for event in events:
        if isinstance(event, Progress):
            recorder.save_if_due(recipe.checkpoint_every)
            saved.append(checkpoint.load(Path("run", "last.npz")).meta.step)
        if isinstance(event, Epoch):
            break
    assert saved == [128, 256, 256]  # chunks of 1,024 images are 128 steps; the last chunk of the epoch is shorter
    recorder.save_if_due(replace(recipe.checkpoint_every, seconds=1e-9))
    assert checkpoint.load(Path("run", "last.npz")).meta.step == start.position.step
