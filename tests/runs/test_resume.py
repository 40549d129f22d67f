"""A training that is interrupted, saved, loaded and resumed ends at the same bytes as one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nnfang.config.schema import read_tree
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.optimizers import OPTIMIZERS, Optimizer, Sgd
from nnfang.core.schedules import SCHEDULES, Schedule
from nnfang.runs import checkpoint, finding, session
from nnfang.runs.finding import DamagedRunError
from nnfang.runs.folder import Run
from nnfang.training.augment import Augment, Elastic
from nnfang.training.events import End
from nnfang.training.recipe import EarlyStopping, Recipe
from tests.shades import make_shades

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nnfang.data import Dataset
    from nnfang.runs.recorder import RecordedTraining
    from nnfang.training.events import Epoch

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
    """Train, or continue, in a run's folder until the n-th event or the end; whether it came to the end."""
    if not folder.exists():
        with session.start(recipe, data, folder) as training:
            return follow(training, interrupt_at)
    with session.reopen(folder) as stored:
        return follow(session.resume(stored, replace(recipe, dataset=data.name), lambda _: data), interrupt_at)


def follow(training: RecordedTraining, interrupt_at: int) -> bool:
    for count, event in enumerate(training, 1):
        if isinstance(event, End):
            training.finish(event)
            return True
        if count == interrupt_at:
            training.save()
            return False
    return False


def without_times(history: Iterable[Epoch]) -> list[Epoch]:
    return [replace(epoch, seconds=0, images_per_second=0) for epoch in history]


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
    assert pieces.meta.state == whole.meta.state
    assert without_times(pieces.meta.history) == without_times(whole.meta.history)
    for vector, expected in zip(pieces.optimizer_state.values(), whole.optimizer_state.values(), strict=True):
        assert vector.tobytes() == expected.tobytes()
    best = [checkpoint.load(Path(folder, "best.npz")).network.digest() for folder in ("whole", "pieces")]
    assert best[0] == best[1]


def test_the_checkpoint_before_the_last_is_kept_and_offered(data: Dataset) -> None:
    train_on(Path("run"), PLAIN, data, interrupt_at=10**9)
    run = Run(Path("run"))
    assert (checkpoint.load(run.previous).meta.epoch, checkpoint.load(run.last).meta.epoch) == (2, 3)
    content = run.last.read_bytes()
    run.last.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedRunError) as caught:
        finding.load_last(Path("run"))
    assert f"The one before it is whole, from epoch 2: {run.previous}" in str(caught.value)
    assert (caught.value.previous, caught.value.epoch) == (run.previous, 2)
    assert finding.load_last(run.previous).meta.epoch == 2


def test_a_process_killed_between_two_renames_has_lost_nothing(data: Dataset) -> None:
    train_on(Path("run"), PLAIN, data, interrupt_at=10**9)
    Run(Path("run")).last.unlink()
    assert finding.load_last(Path("run")).meta.epoch == 2
