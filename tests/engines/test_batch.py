"""The reference engine: its steps are the equations', and its loop allocates no arrays."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from nnfang.config.schema import read_tree
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.network import Network
from nnfang.core.optimizers import OPTIMIZERS, Momentum, Optimizer, Sgd
from nnfang.core.randomness import Purpose, generator
from nnfang.engines import BatchEngine, Task
from nnfang.engines.metrics import METRICS_ROWS
from tests.core.problems import HIDDEN, OUTPUTS, Problem
from tests.engines.tasks import CLASSES, INPUTS, Case, constant_rate, dense, samples, varying_rate

WITH_DROPOUT: tuple[Layer, ...] = (Dense(7, "tanh"), Dropout(0.4), Dense(5), Dropout(0.2), Dense(CLASSES, "softmax"))


@pytest.mark.parametrize("rows", [32, 30, 35, 5])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_a_step_is_the_gradient_of_a_mini_batch_in_the_hands_of_the_optimizer(
    loss: str, output: str, name: str, rows: int
) -> None:
    case = Case(dense(7, 5, output=output), loss, OPTIMIZERS[name](), varying_rate, batch_size=8)
    engine, (x, labels) = BatchEngine(case.task()), samples(rows)
    total, correct = engine.advance(x, labels)
    network, optimizer = case.task().network, case.optimizer
    state = {key: np.zeros_like(network.theta) for key in optimizer.state_names}
    expected, guessed = 0.0, 0
    for step, start in enumerate(range(0, rows, 8)):  # the last batch may be ragged
        batch = Problem(network, loss, x[start : start + 8], labels[start : start + 8])
        value, gradient = batch.gradient()
        expected += value * len(batch.x)
        guessed += int(np.sum(network.predict(batch.x).argmax(axis=1) == batch.labels))
        optimizer.update(network.theta, gradient, state, varying_rate(step), step + 1)
    np.testing.assert_allclose(engine.task.network.theta, network.theta, rtol=1e-12, atol=1e-15)
    assert total == pytest.approx(expected, rel=1e-13)
    assert (correct, engine.step) == (guessed, -(-rows // 8))
    assert engine.state.keys() == state.keys()
    for key, vector in state.items():
        np.testing.assert_allclose(engine.state[key], vector, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_does_not_matter_how_many_parameters_are_updated_at_a_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for size in (10**6, 64, 7):
        monkeypatch.setattr("nnfang.engines.batch.SLICE_SIZE", size)
        case = Case(dense(7, 5), optimizer=read_tree(Optimizer, {"type": name, "weight_decay": 0.1}), batch_size=8)
        engine, (x, labels) = BatchEngine(case.task(np.float32)), samples(50)
        engine.advance(x.astype(np.float32), labels)
        digests.add(engine.task.network.digest())
    assert len(digests) == 1


CUTS = [("dense", dense(7, 5)), ("dropout", WITH_DROPOUT)]


@pytest.mark.parametrize(("kind", "layers"), CUTS)
@pytest.mark.parametrize(("batch_size", "calls"), [(1, [1, 2, 47]), (8, [8, 16, 8, 18]), (8, [48, 2])])
def test_it_does_not_matter_where_the_rows_are_cut_between_batches(
    kind: str, layers: tuple[Layer, ...], batch_size: int, calls: list[int]
) -> None:
    case = Case(layers, optimizer=Momentum(), rate=varying_rate, batch_size=batch_size, seed=3)
    whole, cut, (x, labels) = BatchEngine(case.task()), BatchEngine(case.task()), samples(50)
    total, correct = whole.advance(x, labels)
    ends = np.cumsum(calls).tolist()
    parts = [cut.advance(x[end - n : end], labels[end - n : end]) for end, n in zip(ends, calls, strict=True)]
    assert sum(loss for loss, _ in parts) == pytest.approx(total, rel=1e-13)
    assert sum(n for _, n in parts) == correct
    np.testing.assert_array_equal(cut.task.network.theta, whole.task.network.theta)


def test_masks_depend_on_the_seed_and_the_step_alone() -> None:
    case = Case(WITH_DROPOUT, rate=lambda _: 0.0, batch_size=4, seed=3)
    x, labels = samples(40)
    straight = BatchEngine(case.task())
    losses = [straight.advance(x[:4], labels[:4])[0] for _ in range(10)]
    assert len(set(losses)) == 10  # the same rows and weights, and another mask each step
    late = BatchEngine(case.task())
    late.step = 7
    assert late.advance(x[:4], labels[:4])[0] == losses[7]
    other_seed = BatchEngine(Case(WITH_DROPOUT, rate=lambda _: 0.0, batch_size=4, seed=4).task())
    assert other_seed.advance(x[:4], labels[:4])[0] not in losses


def test_a_mask_is_drawn_for_the_purpose_of_dropout() -> None:
    engine = BatchEngine(Case((Dropout(0.5), Dense(CLASSES, "softmax")), rate=constant_rate, seed=9).task())
    W, b = (array.copy() for array in engine.task.network.parameters[1])
    x, labels = samples(1)
    mask = (generator(9, Purpose.DROPOUT, 0).random(INPUTS) >= 0.5) * 2.0
    loss, _ = engine.advance(x, labels)
    z = W @ (x[0] * mask) + b
    assert loss == pytest.approx(np.log(np.exp(z).sum()) - z[labels[0]], rel=1e-13)


SMALL = 160 * 1024
"""Bytes that views, numbers, generators and the buffers of a few thousand numbers in which NumPy converts may take."""

OPTIMIZER_KINDS: list[Callable[..., Optimizer]] = list(OPTIMIZERS.values())


def contenders(units: int) -> list[tuple[Optimizer, str, tuple[Layer, ...]]]:
    """Every optimizer, loss, activation and kind of layer, with a layer of `units`."""
    loss, last = "categorical_crossentropy", Dense(10, "softmax")
    return [
        *((kind(weight_decay=0.01), loss, (Dense(units), last)) for kind in OPTIMIZER_KINDS),
        *((Sgd(), name, (Dense(6_000, output),)) for name, output in OUTPUTS),
        *((Sgd(), loss, (Dense(units, name), last)) for name in HIDDEN),
        (Sgd(), loss, (Dense(units), Dropout(0.5), last)),
    ]


@pytest.mark.parametrize(
    ("batch_size", "optimizer", "loss", "layers"),
    [(size, *contender) for size, units in ((1, 50_000), (32, 5_000)) for contender in contenders(units)],
)
def test_the_loop_over_steps_allocates_no_arrays(
    batch_size: int, optimizer: Optimizer, loss: str, layers: tuple[Layer, ...]
) -> None:
    network = Network.initialize(layers, INPUTS)
    engine = BatchEngine(Task(network, loss, optimizer, constant_rate, batch_size))
    rng = np.random.default_rng(0)
    rows = METRICS_ROWS if loss == "mean_squared_error" else 3 * batch_size  # the head of a column-major array has gaps
    x = rng.random((rows, INPUTS), np.float32)
    labels = rng.integers(0, network.outputs, rows)
    if len(layers) > 1 or batch_size > 1:
        assert min(4 * batch_size * network.widths[1], network.theta.nbytes) > SMALL
    engine.advance(x, labels)  # whatever is made once is made now
    tracemalloc.start()
    try:
        engine.advance(x, labels)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        engine.advance(x, labels)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < SMALL
    assert after - before < SMALL  # other threads of the test run may be at something, too


def test_the_engine_trains_the_network_it_was_given() -> None:
    task = Case(dense(5), optimizer=Sgd(), batch_size=4).task()
    theta = task.network.theta
    start = theta.copy()
    BatchEngine(task).advance(*samples(20))
    assert task.network.theta is theta
    assert (theta != start).any()
