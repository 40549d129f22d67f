"""A training on disk: what is refused before anything is written, what a fork takes along, and what a retry does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense
from nnfang.core.optimizers import Adam, Momentum, Sgd
from nnfang.core.schedules import Cosine
from nnfang.errors import CheckpointError, ConfigError, DataError, DivergedError, NnfangError
from nnfang.runs import checkpoint, session
from nnfang.runs.folder import FolderInUseError, Run
from nnfang.runs.history import MOST_EPOCHS
from nnfang.runs.resumption import AnotherTrainingError
from nnfang.runs.session import StoredRun
from nnfang.training.events import End, Epoch, Progress, Retry
from nnfang.training.recipe import EarlyStopping, Recipe
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.runs.recorder import RecordedTraining, Result
    from nnfang.training.events import Event

DATA = make_shades(60, 2)
RISING = replace(RECIPE, optimizer=Adam(0.5), epochs=6, seed=1)
"""Its validation loss is at its least long before the end."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def finish(training: RecordedTraining) -> Result:
    events = list(training)
    assert isinstance(events[-1], End)
    return training.finish(events[-1])


def train(recipe: Recipe, folder: str = "run", data: Dataset = DATA) -> Result:
    with session.start(recipe, data, Path(folder)) as training:
        return finish(training)


def load(name: str) -> checkpoint.Checkpoint:
    return checkpoint.load(Path(name))


# Starting


def test_a_run_is_whole_when_it_is_finished() -> None:
    result = train(RECIPE)
    assert {path.name for path in Path("run").iterdir()} >= {
        *("config.yaml", "history.csv", "best.npz", "last.npz", "last.prev.npz", "metrics.json")
    }
    metrics = json.loads(Path("run/metrics.json").read_text())
    assert metrics["test_accuracy"] == result.test.accuracy
    assert metrics["digest"] == load("run/best.npz").network.digest()
    assert metrics["environment"] == load("run/best.npz").meta.environment
    assert result.end.epochs == RECIPE.epochs


def test_what_does_not_fit_creates_no_folder() -> None:
    wrong = replace(RECIPE, layers=(Dense(4), Dense(9, "softmax")))
    with pytest.raises(FieldError, match=r"layers\[1\]\.units: found 9, but shades has 3 classes"):
        train(wrong)
    assert not Path("run").exists()


def test_more_epochs_than_a_checkpoint_can_hold_are_refused_before_anything_is_written() -> None:
    many = replace(RECIPE, epochs=MOST_EPOCHS + 1)
    refused = pytest.raises(FieldError, match=r"^epochs: found 250,001, and a checkpoint can hold 250,000$")
    with refused, session.start(many, DATA, Path("run")):
        pass
    assert not Path("run").exists()
    train(RECIPE)
    stored = session.read_run(Path("run"))
    before = Path("run/last.npz").read_bytes()
    with refused:
        session.resume(stored, replace(stored.recipe, epochs=many.epochs), lambda _: DATA)
    with refused, session.fork(stored, many, lambda _: DATA, Path("fork")):
        pass
    assert (Path("run/last.npz").read_bytes(), Path("fork").exists()) == (before, False)


def test_an_event_is_on_disk_before_it_is_seen() -> None:
    with session.start(RECIPE, DATA, Path("run")) as training:
        for event in training:
            if isinstance(event, Epoch):
                assert load("run/last.npz").network.digest() == event.digest


def test_what_was_requested_is_recorded() -> None:
    train(replace(RECIPE, dataset="mnist"))
    saved = load("run/best.npz")
    assert (saved.recipe.dataset, saved.meta.dataset.name, saved.meta.dataset.requested) == (
        "shades",
        "shades",
        "mnist",
    )


# Resuming


def test_a_run_is_locked_from_before_it_is_read_to_the_end() -> None:
    train(RECIPE)
    with session.reopen(Path("run")) as stored:
        with pytest.raises(NnfangError, match=rf"^run: process {os.getpid()} on .* is training into this folder$"):
            session.reopen(Path("run")).__enter__()
        training = session.resume(stored, replace(stored.recipe, epochs=7), lambda _: DATA)
        code = "import sys; from pathlib import Path; from nnfang.runs import session\n"
        code += "with session.reopen(Path('run')): pass"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "is training into this folder" in other.stderr
        finish(training)
    assert load("run/last.npz").meta.epoch == 7


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"batch_size": 4}, "batch_size"),
        ({"optimizer": Momentum(0.1)}, "optimizer.learning_rate"),
        ({"seed": 1}, "seed"),
        ({"engine": "batch"}, "engine"),
        ({"validation_split": 0.2}, "validation_split"),
        ({"early_stopping": EarlyStopping(metric="val_accuracy")}, "early_stopping"),
    ],
)
def test_another_training_is_refused(changes: dict[str, Any], path: str) -> None:
    train(replace(RECIPE, epochs=2))
    before = Path("run/last.npz").read_bytes()
    with session.reopen(Path("run")) as stored, pytest.raises(AnotherTrainingError) as caught:
        session.resume(stored, replace(stored.recipe, **changes), lambda _: DATA)
    assert caught.value.path == path
    assert Path("run/last.npz").read_bytes() == before


def test_more_epochs_are_another_training_where_the_schedule_depends_on_them() -> None:
    train(replace(RECIPE, epochs=2, schedule=Cosine()))
    with session.reopen(Path("run")) as stored, pytest.raises(AnotherTrainingError, match="epochs: a different value"):
        session.resume(stored, replace(stored.recipe, epochs=3), lambda _: DATA)


def test_data_that_has_changed_is_refused() -> None:
    train(RECIPE)
    other = replace(DATA, x_train=DATA.x_train[::-1])
    with session.reopen(Path("run")) as stored, pytest.raises(DataError, match="shades: it has changed since the run"):
        session.resume(stored, stored.recipe, lambda _: other)


def test_a_loaded_checkpoint_stays_what_it_was_when_training_goes_on() -> None:
    train(replace(RECIPE, epochs=2))
    with session.reopen(Path("run")) as stored:
        assert isinstance(stored, StoredRun)
        meta = stored.checkpoint.meta
        before = meta.state, meta.history
        finish(session.resume(stored, replace(stored.recipe, epochs=4), lambda _: DATA))
        assert (meta.state, meta.history) == before


def test_a_best_network_that_is_gone_is_replaced_by_the_best_from_now_on() -> None:
    train(replace(RISING, epochs=5))
    best = load("run/best.npz").meta.epoch
    assert best < 5
    Path("run/best.npz").unlink()
    with session.reopen(Path("run")) as stored:
        finish(session.resume(stored, replace(stored.recipe, epochs=7), lambda _: DATA))
    saved = load("run/best.npz")
    losses = {epoch.epoch: epoch.val_loss for epoch in load("run/last.npz").meta.history if epoch.epoch > 5}
    assert saved.meta.epoch == min(losses, key=lambda epoch: losses[epoch] or 0)
    assert saved.network.digest() == saved.meta.history[-1].digest


def test_there_is_nothing_to_resume_in_no_folder_or_an_exported_network() -> None:
    with pytest.raises(CheckpointError, match=r"^none: there is no such file$"), session.reopen(Path("none")):
        pass
    assert not Path("none").exists()
    train(RECIPE)
    load("run/best.npz").for_inference().save("small.npz")
    with pytest.raises(ConfigError, match="exported for inference only"), session.reopen(Path("small.npz")):
        pass


# Forking


def fork(recipe: Recipe, data: Dataset = DATA, source: str = "run") -> Result:
    with session.fork(session.read_run(Path(source)), recipe, lambda _: data, Path("fork")) as training:
        return finish(training)


def test_a_fork_keeps_the_best_network_of_its_parent_until_it_has_a_better_one() -> None:
    """It once wrote the latest network as best.npz, while the best epoch stayed the parent's."""
    train(RISING)
    best = load("run/best.npz")
    assert best.meta.epoch < RISING.epochs
    result = fork(replace(RISING, optimizer=Sgd(1e-9), epochs=RISING.epochs + 2))
    assert result.end.best_epoch == best.meta.epoch
    assert load("fork/best.npz").network.digest() == best.network.digest()
    assert result.metrics["digest"] == best.network.digest()
    assert load("run/best.npz").network.digest() == best.network.digest()


@pytest.mark.parametrize(
    "changes", [{"validation_split": 0.5}, {"seed": 9}, {"early_stopping": EarlyStopping(metric="val_accuracy")}]
)
def test_a_fork_that_measures_differently_begins_with_its_own_best(changes: dict[str, Any]) -> None:
    train(RISING)
    result = fork(replace(RISING, optimizer=Sgd(1e-9), epochs=RISING.epochs + 2, **changes))
    assert result.end.best_epoch > RISING.epochs
    best = load("fork/best.npz")
    assert best.meta.history[-1].digest == best.network.digest()


def test_a_fork_from_a_checkpoint_before_the_best_epoch_does_not_take_the_later_one() -> None:
    train(replace(RECIPE, epochs=2))
    Path("early.npz").write_bytes(Path("run/last.prev.npz").read_bytes())
    Path("run/last.npz").replace("run/kept.npz")
    Path("early.npz").replace("run/last.npz")
    assert load("run/best.npz").meta.epoch == 2
    result = fork(replace(RECIPE, optimizer=Sgd(1e-9), epochs=3), source="run")
    assert load("fork/best.npz").meta.epoch == result.end.best_epoch


@pytest.mark.parametrize(
    ("recipe", "data", "error", "message"),
    [
        (replace(RISING, engine="online"), DATA, FieldError, "engine: the online engine runs batch_size 1, found 8"),
        (replace(RISING, validation_split=0.999), DATA, FieldError, "validation_split: 0.999 of 60 images leaves none"),
        (
            RISING,
            make_shades(60, 3),
            DataError,
            r"shades: its images are \(3, 3\), the network was trained on \(2, 2\)",
        ),
        (
            RISING,
            replace(DATA, class_names=("a", "b", "c", "d")),
            DataError,
            "shades: it has 4 classes, the network was trained on 3",
        ),
        (replace(RISING, layers=(Dense(3, "softmax"),)), DATA, FieldError, "layers: cannot change"),
        (replace(RISING, dtype="float64"), DATA, FieldError, "dtype: cannot change"),
    ],
)
def test_a_fork_that_does_not_fit_creates_no_folder(
    recipe: Recipe, data: Dataset, error: type[Exception], message: str
) -> None:
    train(replace(RISING, epochs=1))
    with pytest.raises(error, match=message):
        fork(recipe, data)
    assert not Path("fork").exists()


def test_a_fork_replaces_another_run_by_force_but_never_its_parent() -> None:
    train(replace(RECIPE, epochs=1))
    stored = session.read_run(Path("run"))
    longer = replace(RECIPE, epochs=2)
    fork(longer)
    with pytest.raises(FolderInUseError):
        fork(longer)
    with session.fork(stored, longer, lambda _: DATA, Path("fork"), force=True) as training:
        finish(training)
    assert load("fork/last.npz").meta.epoch == 2
    before = Path("run/last.npz").read_bytes()
    with pytest.raises(ConfigError, match="is the run to start from, which a fork does not replace"):
        session.fork(stored, longer, lambda _: DATA, Path("fork/../run"), force=True).__enter__()
    assert Path("run/last.npz").read_bytes() == before


def test_a_fork_says_where_it_comes_from() -> None:
    train(RECIPE)
    last = load("run/last.npz")
    fork(replace(RECIPE, batch_size=5, epochs=RECIPE.epochs + 1))
    parent = load("fork/last.npz").meta.parent
    assert parent
    assert (parent.run, parent.step, parent.digest) == ("run", last.meta.step, last.network.digest())


# Divergence


def test_a_training_that_diverges_is_retried_with_a_smaller_learning_rate_and_says_so() -> None:
    recipe = replace(RECIPE, optimizer=Sgd(1e37), on_divergence="retry", epochs=2)
    events: list[Event] = []
    kept = r"\nThe network from before is kept: run/last.npz$"
    with session.start(recipe, DATA, Path("run")) as training, pytest.raises(DivergedError, match=kept):
        events.extend(training)
    retries = [event for event in events if isinstance(event, Retry)]
    assert [event.learning_rate for event in retries] == pytest.approx([1e37 / 3, 1e37 / 9, 1e37 / 27])
    assert not [event for event in events if isinstance(event, Progress | Epoch)]
    assert load("run/last.npz").meta.epoch == 0


def test_a_retry_continues_from_the_latest_checkpoint() -> None:
    recipe = replace(RECIPE, on_divergence="retry", epochs=3)
    with session.start(recipe, DATA, Path("run")) as training:
        events: list[Event] = []
        for event in training:
            events.append(event)
            if isinstance(event, Epoch) and event.epoch == 1 and not training.recorder.meta.retries:
                training.training.network.theta[...] = np.nan
    kinds = [type(event) for event in events]
    assert kinds.count(Retry) == 1
    assert [event.epoch for event in events if isinstance(event, Epoch)] == [1, 2, 3]
    saved = load("run/last.npz").meta
    assert [(retry.step, retry.learning_rate) for retry in saved.retries] == [(6, 0.3)]
    assert saved.config["optimizer"]["learning_rate"] == pytest.approx(0.1)


def test_an_interrupted_training_can_be_continued() -> None:
    recipe = replace(RECIPE, epochs=3)
    train(recipe, "whole")
    with session.start(recipe, DATA, Path("run")) as training:
        next(iter(training))
        training.save()
    assert load("run/best.npz").network.digest() == load("run/last.npz").network.digest()
    with session.reopen(Path("run")) as stored:
        finish(session.resume(stored, stored.recipe, lambda _: DATA))
    assert load("run/last.npz").network.digest() == load("whole/last.npz").network.digest()
    assert Run(Path("run")).find_files() == Run(Path("whole")).find_files()
