"""The online engine, the reference and the loop on paper end at the same θ."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from nnfang.core.optimizers import Sgd
from nnfang.engines import BatchEngine, Engine, OnlineEngine
from nnfang.engines.blocked import BLOCK, MAX_UNITS_WITH_IDENTITY, ROW_MULTIPLE, row_length
from tests import oracle
from tests.core.problems import HIDDEN, OUTPUTS
from tests.engines.tasks import CLASSES, INPUTS, Case, constant_rate, dense, samples, varying_rate

STEPS = 1010

CASES = {
    **{f"two layers, {name}": Case(dense(7, activation=name)) for name in HIDDEN},
    **{f"four layers, {name}": Case(dense(7, 5, 6, activation=name), rate=varying_rate) for name in HIDDEN},
    "one layer": Case(dense()),
    "weight decay": Case(dense(7, 5), optimizer=Sgd(0.1, weight_decay=0.02), rate=varying_rate),
    "one layer, weight decay": Case(dense(), optimizer=Sgd(0.1, weight_decay=0.02)),
    "much weight decay": Case(dense(7, 5), optimizer=Sgd(0.5, weight_decay=0.9), rate=lambda _: 0.5),
    "widths of a cache line": Case(dense(15, 16, 17)),
    "one unit": Case(dense(1, 1)),
    **{f"{loss}, {output}": Case(dense(7, output=output), loss, rate=varying_rate) for loss, output in OUTPUTS},
}


def run(engine: Engine, cuts: Sequence[int] = (), steps: int = STEPS) -> tuple[float, int]:
    """Train through the samples, in calls that end at `cuts`; the summed loss and the number of correct predictions."""
    x, labels = samples(steps)
    results = [engine.advance(x[a:b], labels[a:b]) for a, b in pairwise([0, *cuts, steps])]
    assert engine.step == steps
    return sum(loss for loss, _ in results), sum(correct for _, correct in results)


def compare_with_paper(case: Case, steps: int) -> None:
    """The online engine and the reference end where the loop on paper ends."""
    online, batch = OnlineEngine(case.task()), BatchEngine(case.task())
    (loss, correct), (batch_loss, batch_correct) = run(online, steps=steps), run(batch, steps=steps)
    x, labels = samples(steps)
    net = oracle.Net.of(case.task().network)
    pairs = list(zip(x.tolist(), labels.tolist(), strict=True))
    paper_loss, paper_correct = oracle.train(net, case.loss, pairs, case.rate, case.optimizer.weight_decay)
    assert correct == batch_correct == paper_correct
    assert (loss, batch_loss) == pytest.approx((paper_loss, paper_loss), rel=1e-11)
    for engine in (online, batch):
        assert np.abs(engine.task.network.theta - net.theta).max() < 1e-10


@pytest.mark.parametrize("name", CASES)
def test_a_thousand_steps_end_where_the_loop_on_paper_ends(name: str) -> None:
    compare_with_paper(CASES[name], STEPS)


def test_steps_of_wide_layers_end_where_the_loop_on_paper_ends() -> None:
    wide = dense(MAX_UNITS_WITH_IDENTITY + 1, 7, MAX_UNITS_WITH_IDENTITY + 2)
    compare_with_paper(Case(wide, optimizer=Sgd(0.1, weight_decay=0.02), rate=varying_rate), 3 * BLOCK + 5)


@pytest.mark.parametrize("decay", [0.0, 0.02])
@pytest.mark.parametrize("units", [(), (7,), (7, 5, 6)])
def test_it_does_not_matter_where_the_rows_are_cut(units: tuple[int, ...], decay: float) -> None:
    case = Case(dense(*units), optimizer=Sgd(0.1, weight_decay=decay), rate=varying_rate)
    whole, cut = OnlineEngine(case.task()), OnlineEngine(case.task())
    whole_loss, whole_correct = run(whole)
    sizes = [1, 7, 64, 65, 130, 1, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK]
    cut_loss, cut_correct = run(cut, np.cumsum(sizes).tolist())
    assert cut_correct == whole_correct
    assert cut_loss == pytest.approx(whole_loss, rel=1e-11)
    assert np.abs(cut.task.network.theta - whole.task.network.theta).max() < 1e-10


@pytest.mark.parametrize("decay", [0.0, 0.45])
def test_float32_goes_wrong_by_float32_rounding_only(decay: float) -> None:
    case = Case(dense(7, 5), optimizer=Sgd(0.05, weight_decay=decay))
    single, double = OnlineEngine(case.task(np.float32)), OnlineEngine(case.task())
    x, labels = samples(1000)
    loss, _ = single.advance(x.astype(np.float32), labels)
    assert loss == pytest.approx(double.advance(x, labels)[0], rel=1e-3)
    assert single.task.network.dtype == np.float32
    np.testing.assert_allclose(single.task.network.theta, double.task.network.theta, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_strongest_weight_decay_that_is_allowed_overflows_nothing(dtype: str) -> None:
    case = Case(dense(7, 5), optimizer=Sgd(0.5, weight_decay=1.0), rate=lambda _: 0.5)
    online, batch = OnlineEngine(case.task(dtype)), BatchEngine(case.task(dtype))
    x, labels = samples(3 * BLOCK)
    results = [engine.advance(x.astype(dtype), labels)[0] for engine in (online, batch)]
    assert results[0] == pytest.approx(results[1], rel=1e-4)
    np.testing.assert_allclose(online.task.network.theta, batch.task.network.theta, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-3, 200.0, 3000.0])
def test_logits_of_any_size_have_a_softmax(scale: float, dtype: str) -> None:
    case = Case(dense(), rate=lambda _: 1e-3)
    online, batch = OnlineEngine(case.task(dtype)), BatchEngine(case.task(dtype))
    x, labels = samples(200)
    x[:, 0] = np.where(np.arange(200) % 2, 1, -1)  # the logits are all large or all small together
    x[:, 1:] *= 0.1
    for engine in (online, batch):
        engine.task.network.parameters[0][0][:, 0] = scale
    results = [engine.advance(x.astype(dtype), labels) for engine in (online, batch)]
    assert results[0] == pytest.approx(results[1], rel=1e-4)
    np.testing.assert_allclose(online.task.network.theta, batch.task.network.theta, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("engine", [OnlineEngine, BatchEngine])
def test_labels_may_be_integers_of_any_kind(engine: type[OnlineEngine | BatchEngine], kind: type) -> None:
    one, other = engine(Case(dense(5)).task()), engine(Case(dense(5)).task())
    x, labels = samples(60)
    assert one.advance(x, labels.astype(kind)) == other.advance(x, labels)
    np.testing.assert_array_equal(one.task.network.theta, other.task.network.theta)


@pytest.mark.parametrize("engine", [OnlineEngine, BatchEngine])
def test_rows_need_not_lie_in_one_piece(engine: type[OnlineEngine | BatchEngine]) -> None:
    one, other = engine(Case(dense(5)).task()), engine(Case(dense(5)).task())
    x, labels = samples(60)
    doubled, scattered = np.repeat(labels, 2)[::2], np.asfortranarray(x)
    assert one.advance(scattered, doubled) == pytest.approx(other.advance(x, labels), rel=1e-12)
    np.testing.assert_allclose(one.task.network.theta, other.task.network.theta, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", [OnlineEngine, BatchEngine])
def test_no_rows_are_no_steps(engine: type[OnlineEngine | BatchEngine]) -> None:
    idle = engine(Case(dense(5)).task())
    theta = idle.task.network.theta.copy()
    assert idle.advance(np.empty((0, INPUTS)), np.empty(0, np.intp)) == (0, 0)
    assert idle.step == 0
    np.testing.assert_array_equal(idle.task.network.theta, theta)


def test_an_engine_takes_over_where_another_stopped() -> None:
    case = Case(dense(7), rate=varying_rate)
    whole, first = OnlineEngine(case.task()), OnlineEngine(case.task())
    run(whole)
    x, labels = samples(STEPS)
    first.advance(x[:1001], labels[:1001])
    second = OnlineEngine(first.task)
    second.step = first.step
    second.advance(x[1001:], labels[1001:])
    assert np.abs(second.task.network.theta - whole.task.network.theta).max() < 1e-10


@pytest.mark.parametrize("units", range(1, 50))
def test_a_row_holds_the_bias_and_is_padded(units: int) -> None:
    assert units < row_length(units) <= units + ROW_MULTIPLE
    assert row_length(units) % ROW_MULTIPLE == 0


def test_the_samples_are_learnt() -> None:
    engine = OnlineEngine(Case(dense(7), rate=constant_rate).task())
    _, correct = run(engine)
    assert correct > 0.7 * STEPS > STEPS / CLASSES
