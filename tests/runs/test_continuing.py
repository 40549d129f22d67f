"""What may be changed where a run goes on, resumed or forked, and what a fork takes along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.core.constraints import FieldError
from nnfang.core.optimizers import Adam, AdamW, Optimizer, RmsProp, Sgd
from nnfang.core.schedules import Cosine
from nnfang.runs import session
from nnfang.runs.resumption import AnotherTrainingError
from nnfang.training.events import End, Epoch
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from nnfang.runs.recorder import RecordedTraining, Result
    from nnfang.training.recipe import Recipe

DATA = make_shades(60, 2)
SHORT = replace(RECIPE, epochs=2)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train(recipe: Recipe, *, interrupt: bool = False) -> None:
    with session.start(recipe, DATA, Path("run")) as training:
        for _ in training:
            if interrupt:
                break
        training.save()


@pytest.mark.parametrize(("optimizer", "is_kept"), [(AdamW(0.01), True), (Adam(0.5), True), (RmsProp(0.01), False)])
def test_a_fork_keeps_the_vectors_of_an_optimizer_with_the_same_ones_only(optimizer: Optimizer, is_kept: bool) -> None:
    """RMSProp's one vector has the name of one of Adam's."""
    train(replace(SHORT, optimizer=Adam(0.01)))
    stored = session.read_run(Path("run"))
    with session.fork(stored, replace(SHORT, optimizer=optimizer), lambda _: DATA, Path("fork")) as training:
        for name, vector in training.training.engine.state.items():
            expected = stored.checkpoint.optimizer_state[name] if is_kept else np.zeros_like(vector)
            np.testing.assert_array_equal(vector, expected)


def test_a_fork_may_run_on_another_engine() -> None:
    train(replace(SHORT, engine="batch", batch_size=1, optimizer=Sgd(0.1)))
    stored = session.read_run(Path("run"))
    recipe = replace(stored.recipe, engine="online", epochs=3)
    with session.fork(stored, recipe, lambda _: DATA, Path("fork")) as training:
        assert training.training.engine.name == "online"
        list(training)
    assert session.read_run(Path("fork")).checkpoint.meta.engine == "online"


def test_a_fork_may_be_trained_on_other_data() -> None:
    train(SHORT)
    other = replace(make_shades(90, 2), name="more shades")
    assert other.fingerprint != DATA.fingerprint
    stored = session.read_run(Path("run"))
    recipe = replace(SHORT, dataset="more shades", epochs=3)
    with session.fork(stored, recipe, lambda _: other, Path("fork")) as training:
        result = finish(training)
    forked = session.read_run(Path("fork")).checkpoint
    assert (forked.meta.dataset.name, forked.meta.dataset.fingerprint) == ("more shades", other.fingerprint)
    assert (result.end.epochs, result.metrics["dataset"]) == (3, "more shades")


def finish(training: RecordedTraining) -> Result:
    *_, end = training
    assert isinstance(end, End)
    return training.finish(end)


def test_the_type_of_the_numbers_cannot_change_when_a_run_is_resumed() -> None:
    train(SHORT)
    with session.reopen(Path("run")) as stored, pytest.raises(FieldError) as caught:
        session.resume(stored, replace(stored.recipe, dtype="float64"), lambda _: DATA)
    assert str(caught.value) == "dtype: cannot change: the weights would not fit"
    assert not isinstance(caught.value, AnotherTrainingError)  # a fork would be of no use


@pytest.mark.parametrize("interrupt", [True, False])
def test_a_schedule_that_has_begun_to_look_ahead_forbids_another_number_of_epochs(interrupt: bool) -> None:
    train(replace(SHORT, schedule=Cosine()), interrupt=interrupt)
    with session.reopen(Path("run")) as stored:
        recipe = replace(stored.recipe, epochs=9)
        with pytest.raises(AnotherTrainingError, match=r"^epochs: a different value makes this a different run$"):
            session.resume(stored, recipe, lambda _: DATA)


def test_a_schedule_that_has_not_begun_allows_it() -> None:
    with session.start(replace(SHORT, schedule=Cosine()), DATA, Path("run")):
        pass
    with session.reopen(Path("run")) as stored:
        training = session.resume(stored, replace(stored.recipe, epochs=3), lambda _: DATA)
        assert [event.epoch for event in training if isinstance(event, Epoch)] == [1, 2, 3]
