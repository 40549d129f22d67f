"""The stream of events, and that the loop around an engine changes nothing of what the engine computes."""

import itertools
import time
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, Momentum, Optimizer, Sgd
from nnfang.core.randomness import Purpose, generator
from nnfang.core.schedules import Cosine, Exponential, Linear, Schedule, Step
from nnfang.data import Dataset
from nnfang.engines import Task, choose_engine
from nnfang.errors import DivergedError
from nnfang.training import loop
from nnfang.training.batches import BatchLoader, split_rows
from nnfang.training.evaluation import Evaluation, evaluate
from nnfang.training.events import End, Epoch, Event, Progress
from nnfang.training.loop import CHUNK, LearningRate, train
from nnfang.training.recipe import EarlyStopping, Recipe

LAYERS = (Dense(6, "tanh"), Dense(3, "softmax"))
RECIPE = Recipe(layers=LAYERS, optimizer=Sgd(0.05), epochs=2, batch_size=16, validation_split=0.2, engine="batch")


def make_data(n: int, *, side: int = 8, seed: int = 0, noise: float = 0.3) -> Dataset:
    """Images (n, side, side) of three classes, each bright in another third."""
    rng = np.random.default_rng(seed)

    def make(n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        labels = rng.integers(0, 3, n).astype(np.uint8)
        bright = np.arange(side) * 3 // side == labels[:, None]
        images = np.clip((0.7 * bright[:, :, None] + noise * rng.random((n, side, side))) * 255, 0, 255)
        return images.astype(np.uint8), labels

    return Dataset("thirds", *make(n), *make(30), ("top", "middle", "bottom"), "plain", "this test")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return make_data(200)


def network_for(recipe: Recipe, data: Dataset) -> Network:
    return Network.initialize(recipe.layers, data.x_train[0].size, seed=recipe.seed, dtype=recipe.dtype)


def run(recipe: Recipe, data: Dataset) -> list[Event]:
    return list(train(network_for(recipe, data), data, recipe))


def epochs_of(events: list[Event]) -> list[Epoch]:
    return [event for event in events if isinstance(event, Epoch)]


# Events


def test_events_come_in_order_and_count_every_image() -> None:
    data = make_data(2 * CHUNK + 100)
    events = run(replace(RECIPE, validation_split=0, epochs=2, batch_size=64), data)
    assert [type(event) for event in events] == [*[Progress] * 3, Epoch, *[Progress] * 3, Epoch, End]
    progress = [event for event in events if isinstance(event, Progress)]
    assert [p.seen for p in progress] == [CHUNK, 2 * CHUNK, 2 * CHUNK + 100] * 2
    assert [p.epoch for p in progress] == [1] * 3 + [2] * 3
    assert {p.images for p in progress} == {2 * CHUNK + 100}
    for last, epoch in zip(progress[2::3], epochs_of(events), strict=True):
        assert (last.loss, last.accuracy, last.seconds) == (epoch.loss, epoch.accuracy, epoch.seconds)
        assert epoch.images_per_second == last.images_per_second == last.seen / last.seconds
    assert events[-1] == End(epochs=2, best_epoch=2, reason="done")


def test_a_training_says_what_it_trains_with(data: Dataset) -> None:
    network = network_for(RECIPE, data)
    training = train(network, data, RECIPE)
    assert (len(training.rows), len(training.validation_rows)) == (160, 40)
    assert training.network is training.engine.task.network is network
    assert (training.engine.name, training.engine.step) == ("batch", 0)
    assert repr(training).startswith("Training(epoch 0 of 2, thirds, Network")


def test_nothing_is_trained_before_the_first_event_is_taken(data: Dataset) -> None:
    network = network_for(RECIPE, data)
    before = network.digest()
    events = iter(train(network, data, RECIPE))
    assert network.digest() == before
    next(events)
    assert network.digest() != before


@pytest.mark.parametrize("taken", [1, 2, 3, 4])
def test_a_training_continues_where_it_was_left(taken: int) -> None:
    data = make_data(CHUNK + 100)
    recipe = replace(RECIPE, layers=(Dense(6), Dropout(0.2), Dense(3, "softmax")), optimizer=Momentum(0.02))
    whole, pieces = (train(network_for(recipe, data), data, recipe) for _ in range(2))
    list(whole)
    events: list[Event] = []
    while not events or not isinstance(events[-1], End):
        events += itertools.islice(pieces, taken)
    assert pieces.network.digest() == whole.network.digest()
    assert replace(pieces.state, seconds=0) == replace(whole.state, seconds=0)


def test_what_a_caller_hands_over_is_left_as_it_is(data: Dataset) -> None:
    recipe = replace(RECIPE, optimizer=Momentum(0.05), epochs=1)
    first = train(network_for(recipe, data), data, recipe)
    list(first)
    state, vectors = first.state, {name: vector.copy() for name, vector in first.engine.state.items()}
    before = replace(state)
    list(train(first.network, data, replace(recipe, epochs=2), state, vectors))
    assert state == before
    assert np.array_equal(vectors["velocity"], first.engine.state["velocity"])


def test_training_learns(data: Dataset) -> None:
    last = epochs_of(run(replace(RECIPE, epochs=20, batch_size=4), data))[-1]
    assert last.val_accuracy == 1.0
    assert last.accuracy > 0.99


def test_loss_and_accuracy_are_those_that_each_image_had_before_its_step(data: Dataset) -> None:
    recipe = replace(RECIPE, epochs=1, batch_size=1000, dtype="float64")
    network = network_for(recipe, data)
    rows, _ = split_rows(200, recipe)
    expected = evaluate(network, recipe.loss, data.x_train, data.y_train, rows)
    (epoch,) = epochs_of(list(train(network, data, recipe)))
    assert epoch.loss == pytest.approx(expected.loss, rel=1e-12)
    assert epoch.accuracy == expected.accuracy


def test_an_epoch_is_validated_with_the_weights_at_its_end(data: Dataset) -> None:
    network = network_for(RECIPE, data)
    _, rows = split_rows(200, RECIPE)
    for event in train(network, data, RECIPE):
        if isinstance(event, Epoch):
            expected = evaluate(network, RECIPE.loss, data.x_train, data.y_train, rows)
            assert (event.val_loss, event.val_accuracy) == (expected.loss, expected.accuracy)
            assert event.digest == network.digest()


def test_without_validation_images_the_latest_epoch_is_the_best(data: Dataset) -> None:
    epochs = epochs_of(run(replace(RECIPE, validation_split=0, epochs=3), data))
    assert [(e.val_loss, e.val_accuracy, e.is_best) for e in epochs] == [(None, None, True)] * 3


def test_no_epochs_is_an_end(data: Dataset) -> None:
    network = network_for(RECIPE, data)
    before = network.digest()
    (end,) = train(network, data, replace(RECIPE, epochs=0))
    assert end == End(epochs=0, best_epoch=0, reason="done")
    assert network.digest() == before


def test_seconds_are_those_of_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data, pause = make_data(3 * CHUNK), 0.03

    def evaluate_slowly(*args: Any) -> Evaluation:
        time.sleep(pause)
        return evaluate(*args)

    monkeypatch.setattr(loop, "evaluate", evaluate_slowly)
    begin, pauses, seconds = time.perf_counter(), 0, 0.0
    for event in train(network_for(RECIPE, data), data, RECIPE):
        time.sleep(pause)
        pauses += 2 if isinstance(event, Epoch) else 1
        seconds += event.seconds if isinstance(event, Epoch) else 0
    assert 0 < seconds <= time.perf_counter() - begin - pauses * pause


# The data


def test_only_the_first_images_are_used_under_a_limit(data: Dataset) -> None:
    cut = replace(data, x_train=data.x_train[:50], y_train=data.y_train[:50])
    limited, whole = run(replace(RECIPE, limit=50), data), run(RECIPE, cut)
    assert [e.digest for e in epochs_of(limited)] == [e.digest for e in epochs_of(whole)]


# The same numbers, however the loop is cut


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 7, 64, 1000, CHUNK, CHUNK + 1, 1500, 2100, 100_000])
def test_chunks_change_nothing(size: int, dtype: str) -> None:
    data = make_data(2100, side=4)
    layers = (Dense(5, "tanh"), Dropout(0.2), Dense(3, "softmax"))
    recipe = Recipe(
        layers=layers, optimizer=Momentum(0.05), batch_size=size, epochs=2, validation_split=0, dtype=dtype, seed=5
    )
    trained = network_for(recipe, data)
    epochs = epochs_of(list(train(trained, data, recipe)))

    network = network_for(recipe, data)
    engine = choose_engine(
        "batch", Task(network, recipe.loss, recipe.optimizer, lambda _: 0.05, min(size, 2100), recipe.seed)
    )
    x = (data.x_train.reshape(2100, 16) / network.dtype.type(255)).astype(network.dtype)
    for epoch in (1, 2):
        order = generator(recipe.seed, Purpose.SHUFFLE, epoch).permutation(2100)
        loss, correct = engine.advance(x[order], data.y_train[order])
        assert epochs[epoch - 1].loss == pytest.approx(loss / 2100, rel=1e-12)
        assert epochs[epoch - 1].accuracy == correct / 2100
        assert epochs[epoch - 1].digest == network.digest()
    assert np.array_equal(trained.theta, network.theta)


def test_all_engines_end_where_the_reference_does() -> None:
    data = make_data(CHUNK + 50, side=4)
    recipe = replace(RECIPE, batch_size=1, dtype="float64", validation_split=0)
    networks = [network_for(recipe, data) for _ in range(3)]
    for network, engine in zip(networks, ("online", "compiled", "batch"), strict=True):
        training = train(network, data, replace(recipe, engine=engine))
        list(training)
        assert training.engine.name == engine
    assert max(np.abs(network.theta - networks[-1].theta).max() for network in networks) < 1e-12


def test_a_batch_larger_than_the_data_makes_no_room_for_images_that_do_not_exist(data: Dataset) -> None:
    digests = [epochs_of(run(replace(RECIPE, batch_size=size), data))[-1].digest for size in (160, 10**15)]
    assert digests[0] == digests[1]


def test_without_shuffling_the_images_come_in_their_order(data: Dataset) -> None:
    recipe = replace(RECIPE, shuffle=False, validation_split=0, epochs=1)
    network = network_for(recipe, data)
    engine = choose_engine("batch", Task(network, recipe.loss, recipe.optimizer, lambda _: 0.05, 16))
    engine.advance((data.x_train.reshape(200, 64) / np.float32(255)).astype(np.float32), data.y_train)
    (unshuffled,) = epochs_of(run(recipe, data))
    (shuffled,) = epochs_of(run(replace(recipe, shuffle=True), data))
    assert unshuffled.digest == network.digest() != shuffled.digest


def test_each_epoch_has_an_order_of_its_own(data: Dataset) -> None:
    orders: list[list[int]] = []

    class Watched(BatchLoader):
        def load(self, order: Any, epoch: int, start: int) -> Any:
            orders.append(order.tolist())
            return super().load(order, epoch, start)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "BatchLoader", Watched)
        run(replace(RECIPE, epochs=3), data)
    assert len({tuple(order) for order in orders}) == 3
    assert {tuple(sorted(order)) for order in orders} == {tuple(split_rows(200, RECIPE)[0].tolist())}


@pytest.mark.parametrize("layers", [LAYERS, (Dense(6), Dropout(0.5), Dense(3, "softmax"))])
def test_the_same_seed_gives_the_same_digests_and_another_seed_others(data: Dataset, layers: Any) -> None:
    recipe = replace(RECIPE, layers=layers)
    first, again, other = ([e.digest for e in epochs_of(run(replace(recipe, seed=s), data))] for s in (0, 0, 1))
    assert first == again
    assert not set(first) & set(other)
    assert len(set(first)) == 2


def test_bytes_and_the_floats_that_they_stand_for_train_alike(data: Dataset) -> None:
    floats = replace(
        data,
        x_train=(data.x_train / np.float32(255)).astype(np.float32),
        x_test=(data.x_test / np.float32(255)).astype(np.float32),
        y_train=data.y_train.astype(np.int64),
        y_test=data.y_test.astype(np.int64),
    )
    assert [e.digest for e in epochs_of(run(RECIPE, floats))] == [e.digest for e in epochs_of(run(RECIPE, data))]


def test_images_stay_bytes_in_memory() -> None:
    rng = np.random.default_rng(0)
    images, labels = (
        rng.integers(0, 256, (12_000, 28, 28)).astype(np.uint8),
        rng.integers(0, 3, 12_000).astype(np.uint8),
    )
    data = Dataset("noise", images, labels, images[:9], labels[:9], ("a", "b", "c"), "plain", "this test")
    recipe = Recipe(layers=(Dense(3, "softmax"),), batch_size=500, epochs=1, limit=None)
    tracemalloc.start()
    try:
        run(recipe, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8e6 < images.nbytes  # a chunk as bytes and as floats, and a block of validation


# The learning rate

SCHEDULED: list[tuple[Schedule, list[float]]] = [
    (Step(every=1, drop=0.5), [0.1, 0.05, 0.025, 0.0125]),
    (Exponential(decay=0.5), [0.1 * 0.5**0.9, 0.1 * 0.5**1.9, 0.1 * 0.5**2.9, 0.1 * 0.5**3.9]),
    (Linear(end=0.2), [0.1 * (1 - 0.8 * t / 4) for t in (0.9, 1.9, 2.9, 3.9)]),
    (Linear(warmup=2), [0.1 * 0.9 / 2, 0.1 * 1.9 / 2, 0.1 * (1 - 0.9 / 2), 0.1 * (1 - 1.9 / 2)]),
]


@pytest.mark.parametrize(("schedule", "rates"), SCHEDULED)
def test_an_epoch_ends_with_the_rate_of_its_schedule(data: Dataset, schedule: Schedule, rates: list[float]) -> None:
    recipe = replace(RECIPE, optimizer=Sgd(0.1), schedule=schedule, epochs=4)  # 160 images: 10 steps an epoch
    assert [e.learning_rate for e in epochs_of(run(recipe, data))] == pytest.approx(rates, rel=1e-9)


@pytest.mark.parametrize("schedule", [Cosine(end=0.1), Linear(end=0.1), Cosine(warmup=1, end=0.1)])
def test_a_schedule_reaches_its_end_with_the_last_step(schedule: Schedule) -> None:
    rate = LearningRate(0.5, schedule, steps_per_epoch=1000, epochs=10)
    rates = [rate(step) for step in range(10_000)]
    assert rates[-1] == pytest.approx(0.05, rel=1e-2)
    assert min(rates[1000:]) == rates[-1]
    assert max(rates) == pytest.approx(0.5)


def test_the_engine_is_given_the_scheduled_rate_at_each_step(data: Dataset) -> None:
    recipe = replace(RECIPE, schedule=Linear(warmup=1), epochs=3)
    engine = train(network_for(recipe, data), data, recipe).engine
    assert [engine.task.learning_rate(step) for step in (0, 5, 10, 20)] == pytest.approx([0, 0.025, 0.05, 0.025])


# Early stopping and the best epoch


def test_training_stops_when_accuracy_stands_still(data: Dataset) -> None:
    early = EarlyStopping(patience=3, metric="val_accuracy")
    events = run(replace(RECIPE, optimizer=Sgd(1e-9), epochs=50, early_stopping=early), data)
    assert events[-1] == End(epochs=4, best_epoch=1, reason="early_stopping")
    assert [e.is_best for e in epochs_of(events)] == [True, False, False, False]


def test_training_stops_when_the_loss_on_other_images_rises(data: Dataset) -> None:
    noise = replace(data, y_train=np.random.default_rng(9).integers(0, 3, 200).astype(np.uint8))
    recipe = replace(RECIPE, layers=(Dense(50, "tanh"), Dense(3, "softmax")), optimizer=Adam(0.02), epochs=99)
    events = run(replace(recipe, early_stopping=EarlyStopping(patience=2)), noise)
    epochs, end = epochs_of(events), events[-1]
    losses = [e.val_loss for e in epochs if e.val_loss is not None]
    assert isinstance(end, End)
    assert end.reason == "early_stopping"
    assert end.epochs == len(epochs) == end.best_epoch + 2 < 99
    assert losses.index(min(losses)) + 1 == end.best_epoch


def test_training_goes_on_while_the_loss_falls(data: Dataset) -> None:
    events = run(replace(RECIPE, epochs=6, early_stopping=EarlyStopping(patience=1)), data)
    assert events[-1] == End(epochs=6, best_epoch=6, reason="done")


# Divergence

DIVERGING: list[tuple[str, Optimizer, int, float]] = [
    ("relu", Sgd(1e6), 1, 0.2),
    ("relu", Sgd(1e6), 16, 0.2),
    ("relu", Momentum(1e4), 16, 0),
    ("gelu", Adam(1e30), 16, 0.2),
    ("linear", Sgd(1e6), 1, 0),
    ("tanh", Sgd(1e38), 1, 0.2),
]


@pytest.mark.parametrize(("activation", "optimizer", "size", "validation_split"), DIVERGING)
def test_divergence_ends_in_words_with_a_way_out_and_without_a_warning(
    data: Dataset, activation: str, optimizer: Optimizer, size: int, validation_split: float
) -> None:
    recipe = Recipe(
        layers=(Dense(8, activation), Dense(8, activation), Dense(3, "linear")),
        loss="mean_squared_error",
        optimizer=optimizer,
        batch_size=size,
        validation_split=validation_split,
    )
    events: list[Event] = []
    with pytest.raises(DivergedError) as caught:
        events.extend(train(network_for(recipe, data), data, recipe))
    rate = optimizer.learning_rate
    assert caught.value.exit_code == 4
    message = str(caught.value)
    assert message.startswith("training diverged in epoch ")
    for part in (
        ", by step ",
        f"at learning rate {rate:g}, gradient norm",
        f"such as {min(rate / 10, type(optimizer)().learning_rate):g}",
    ):
        assert part in message


def test_divergence_in_the_last_step_of_an_epoch_is_noticed_in_that_epoch(data: Dataset) -> None:
    recipe = replace(RECIPE, optimizer=Adam(1e308), batch_size=160, epochs=1)
    events = iter(train(network_for(recipe, data), data, recipe))
    with pytest.raises(DivergedError, match="in epoch 1, by step 1: a weight is infinite or not a number at learning"):
        next(events)  # an Epoch with broken weights would be saved as the best one


def test_the_way_out_is_a_learning_rate_and_not_a_scheduled_one(data: Dataset) -> None:
    recipe = replace(RECIPE, optimizer=Sgd(1e38), schedule=Linear(warmup=100), batch_size=4, loss="mean_squared_error")
    recipe = replace(recipe, layers=(Dense(4, "relu"), Dense(3, "linear")))
    with pytest.raises(DivergedError, match=r"Try a smaller learning rate, such as 0.01$"):
        run(recipe, data)


def test_validation_that_overflows_is_no_warning_and_no_best_epoch(data: Dataset) -> None:
    recipe = replace(RECIPE, optimizer=Sgd(1e25), batch_size=160, epochs=1, loss="mean_squared_error")
    (epoch,) = epochs_of(run(replace(recipe, layers=(Dense(3, "linear"),)), data))
    assert epoch.val_loss == np.inf
    assert not epoch.is_best


def test_what_an_engine_cannot_do_is_said_before_training(data: Dataset) -> None:
    with pytest.raises(ValueError, match="engine: the online engine runs batch_size 1, found 16"):
        run(replace(RECIPE, engine="online"), data)


def test_training_can_be_stopped_after_the_current_epoch(data: Dataset) -> None:
    training = train(network_for(RECIPE, data), data, replace(RECIPE, epochs=9))
    events: list[Event] = []
    for event in training:
        events.append(event)
        if isinstance(event, Progress) and event.epoch == 2:
            training.stop()
    assert events[-1] == End(epochs=2, best_epoch=training.state.best_epoch, reason="max_time")
