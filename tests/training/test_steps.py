"""How steps, seconds and rates are counted where an epoch is not a whole number of anything."""

from dataclasses import replace
from itertools import count

import pytest

from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.core.schedules import Cosine, Linear
from nnfang.training import loop
from nnfang.training.events import Epoch, Progress
from nnfang.training.loop import train
from tests.shades import RECIPE, make_shades


def test_an_epoch_has_a_step_for_the_last_images_too() -> None:
    """10 images in batches of 4 are three steps."""
    recipe = replace(
        RECIPE, optimizer=Sgd(0.5), schedule=Linear(end=0.0), batch_size=4, epochs=2, validation_split=0, engine="batch"
    )
    data = make_shades(10, 2)
    training = train(Network.for_recipe(recipe, data), data, recipe)
    rates = [event.learning_rate for event in training if isinstance(event, Epoch)]
    assert rates == pytest.approx([0.5 * (1 - 2 / 6), 0.5 * (1 - 5 / 6)])
    assert training.state.step == 6


def test_a_schedule_ends_with_the_last_step_where_the_last_batch_is_smaller() -> None:
    recipe = replace(RECIPE, schedule=Cosine(), batch_size=25, epochs=3, validation_split=0, engine="batch")
    data = make_shades(60, 2)
    *_, last = (e for e in train(Network.for_recipe(recipe, data), data, recipe) if isinstance(e, Epoch))
    assert 0 < last.learning_rate < 0.05 * recipe.optimizer.learning_rate * 2


def test_seconds_add_up_over_the_chunks_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that ticks once each time it is looked at, every chunk takes one second."""
    ticks = count()
    monkeypatch.setattr(loop, "perf_counter", lambda: float(next(ticks)))
    data = make_shades(2100, 2)
    recipe = replace(RECIPE, validation_split=0, epochs=2, engine="batch")
    events = list(train(Network.for_recipe(recipe, data), data, recipe))
    assert [event.seconds for event in events if isinstance(event, Progress)] == [1, 2, 3, 1, 2, 3]
    assert [event.seconds for event in events if isinstance(event, Epoch)] == [3, 3]
    assert {event.images_per_second for event in events if isinstance(event, Epoch)} == {700}
