"""The compiled engine, the reference and the loop on paper end at the same θ."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from nnfang.core import optimizers
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd
from nnfang.engines import BatchEngine, CompiledEngine, Task, compiled
from nnfang.engines.kernels.elementwise import CODES
from nnfang.engines.kernels.updates import COMPILED
from nnfang.engines.trainers import update_kind
from tests import oracle
from tests.core.problems import HIDDEN
from tests.engines.tasks import CLASSES, Case, dense, samples, varying_rate

STEPS = 1010

CASES = {
    **{f"two layers, {name}": Case(dense(7, activation=name)) for name in HIDDEN},
    **{f"four layers, {name}": Case(dense(17, 9, 6, activation=name), rate=varying_rate) for name in HIDDEN},
    "activations mixed": Case((Dense(9, "relu"), Dense(12, "tanh"), Dense(8, "relu"), Dense(CLASSES, "softmax"))),
    "one layer": Case(dense()),
    "one unit": Case(dense(1, 1)),
}


def sparse_samples(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples of which many numbers are 0, and some all of them."""
    x, labels = samples(rows)
    x[np.random.default_rng(2).random(x.shape) < 0.6] = 0
    x[::50] = 0
    return x, labels


@pytest.mark.parametrize("name", CASES)
def test_a_thousand_compiled_steps_end_where_the_loop_on_paper_ends(name: str) -> None:
    case = CASES[name]
    engine, (x, labels) = CompiledEngine(case.task()), sparse_samples(STEPS)
    loss, correct = engine.advance(x, labels)
    net = oracle.Net.of(case.task().network)
    paper_loss, paper_correct = oracle.train(
        net, case.loss, list(zip(x.tolist(), labels.tolist(), strict=True)), case.rate, 0.0
    )
    assert (correct, engine.step) == (paper_correct, STEPS)
    assert loss == pytest.approx(paper_loss, rel=1e-11)
    assert np.abs(engine.task.network.theta - net.theta).max() < 1e-10


@pytest.mark.parametrize("batch_size", [2, 8, 32, 300])
@pytest.mark.parametrize("name", CASES)
def test_mini_batches_end_where_the_reference_ends(name: str, batch_size: int) -> None:
    case = Case(CASES[name].layers, rate=varying_rate, batch_size=batch_size)
    x, labels = sparse_samples(1001)  # the last batch is short
    ours, reference = CompiledEngine(case.task()), BatchEngine(case.task())
    results = [engine.advance(x, labels) for engine in (ours, reference)]
    assert results[0] == pytest.approx(results[1], rel=1e-12)
    assert ours.step == reference.step
    np.testing.assert_allclose(ours.task.network.theta, reference.task.network.theta, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_compiled_mini_batches_may_be_cut_between_calls(batch_size: int) -> None:
    case = Case(dense(7, 5), rate=varying_rate, batch_size=batch_size)
    whole, cut, (x, labels) = CompiledEngine(case.task()), CompiledEngine(case.task()), sparse_samples(1000)
    whole.advance(x, labels)
    for start, end in ((0, 4), (4, 260), (260, 1000)):
        cut.advance(x[start:end], labels[start:end])
    np.testing.assert_array_equal(cut.task.network.theta, whole.task.network.theta)


def test_compiled_float32_goes_wrong_by_float32_rounding_only() -> None:
    case, (x, labels) = Case(dense(17, 9)), sparse_samples(1000)
    single, double = CompiledEngine(case.task(np.float32)), CompiledEngine(case.task())
    loss, _ = single.advance(x.astype(np.float32), labels)
    assert loss == pytest.approx(double.advance(x, labels)[0], rel=1e-3)
    assert single.task.network.dtype == np.float32
    np.testing.assert_allclose(single.task.network.theta, double.task.network.theta, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-3, 200.0, 3000.0])
def test_compiled_logits_of_any_size_have_a_softmax(scale: float, dtype: str) -> None:
    case, (x, labels) = Case(dense(), rate=lambda _: 1e-3), sparse_samples(200)
    engines = CompiledEngine(case.task(dtype)), BatchEngine(case.task(dtype))
    for engine in engines:
        engine.task.network.theta[...] *= scale
    results = [engine.advance(x.astype(dtype), labels) for engine in engines]
    assert results[0] == pytest.approx(results[1], rel=1e-4)


NETWORKS = {
    "dropout": Case((Dense(20), Dropout(0.3), Dense(9, "sigmoid"), Dropout(), Dropout(0.2), Dense(CLASSES, "softmax"))),
    "padding": Case((Dense(20, "sigmoid"), Dense(33, "gelu"), Dense(CLASSES, "softmax"))),
    "wide": Case((Dense(300, "tanh"), Dense(16, "tanh"), Dense(CLASSES, "softmax"))),
    "squares": Case(dense(7, output="linear"), loss="mean_squared_error"),
    "squares of softmax": Case(dense(7, activation="leaky_relu"), loss="mean_squared_error"),
}

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Sgd(),
    "sgd, decay": Sgd(weight_decay=0.1),
    "momentum": Momentum(weight_decay=0.1),
    "nesterov": Momentum(nesterov=True),
    "rmsprop": RmsProp(weight_decay=0.1),
    "adam": Adam(weight_decay=0.1),
    "adamw": AdamW(weight_decay=0.1),
}


@pytest.mark.parametrize("batch_size", [1, 3, 70])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_optimizer_loss_and_dropout_ends_where_the_reference_ends(
    name: str, optimizer: str, batch_size: int
) -> None:
    case = replace(NETWORKS[name], optimizer=OPTIMIZERS[optimizer], batch_size=batch_size, rate=lambda _: 0.003, seed=3)
    ours, reference, (x, labels) = CompiledEngine(case.task()), BatchEngine(case.task()), sparse_samples(331)
    for rows in (slice(0, 210), slice(210, None)):
        results = [engine.advance(x[rows], labels[rows]) for engine in (ours, reference)]
        assert results[0] == pytest.approx(results[1], rel=1e-9)
    np.testing.assert_allclose(ours.task.network.theta, reference.task.network.theta, rtol=0, atol=1e-9)
    for vector in ours.state:
        np.testing.assert_allclose(ours.state[vector], reference.state[vector], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("inputs", [113, 784])
def test_bytes_are_divided_by_255(inputs: int, batch_size: int) -> None:
    rng = np.random.default_rng(4)
    pixels = (rng.integers(0, 256, (100, inputs)) * (rng.random((100, inputs)) < 0.2)).astype(np.uint8)
    labels = rng.integers(0, CLASSES, 100)
    network = Network.initialize((Dense(20), Dense(CLASSES, "softmax")), inputs)
    tasks = [
        Task(deepcopy(network), "categorical_crossentropy", Sgd(), lambda _: 0.1, batch_size, is_bytes=is_bytes)
        for is_bytes in (True, False)
    ]
    by_bytes, by_floats = map(CompiledEngine, tasks)
    assert (str(by_bytes.inputs_dtype), str(by_floats.inputs_dtype)) == ("uint8", "float32")
    by_bytes.advance(pixels, labels)
    by_floats.advance(pixels / np.float32(255), labels)
    np.testing.assert_array_equal(by_bytes.task.network.theta, by_floats.task.network.theta)


def test_every_hidden_activation_has_a_code() -> None:
    assert set(CODES) == compiled.ACTIVATIONS == set(ACTIVATIONS) - {"softmax"}


def test_every_optimizer_has_a_compiled_update() -> None:
    assert set(compiled.OPTIMIZERS) == set(optimizers.OPTIMIZERS.values())
    assert {update_kind(kind())[0].__name__ for kind in compiled.OPTIMIZERS} <= {kind.__name__ for kind in COMPILED} | {
        "Sgd"
    }
