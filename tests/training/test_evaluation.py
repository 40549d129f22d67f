"""Numbers about a network, against numbers from elsewhere."""

from math import log

import numpy as np
import pytest

from nnfang.core.arrays import Array, Labels
from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import LOSSES
from nnfang.core.network import Network
from nnfang.training.evaluation import (
    BLOCK,
    ClassScore,
    Evaluation,
    evaluate,
    measure_losses,
    wilson_interval,
)

INTERVALS = [
    (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (29, 29, 0.8830, 1.0000),
    (0, 10, 0.0000, 0.2775),
    (10, 10, 0.7225, 1.0000),
    (9793, 10000, 0.9763, 0.9819),
]


@pytest.mark.parametrize(("correct", "n", "low", "high"), INTERVALS)
def test_the_interval_is_the_published_one(correct: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(correct, n) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_never_leaves_0_to_1_and_holds_the_fraction() -> None:
    for n in (1, 2, 3, 7, 10**9):
        for correct in (0, 1, n - 1, n):
            low, high = wilson_interval(correct, n)
            assert (low == 0, high == 1) == (correct == 0, correct == n)
            assert 0 <= low <= correct / n <= high <= 1
            assert low < high


CONFUSION = np.array(
    [
        [5, 1, 0, 2],
        [0, 3, 0, 0],
        [2, 2, 0, 0],
        [0, 0, 0, 0],
    ]
)
"""Nothing is ever called 2, and there is no 3."""


def test_the_scores_of_a_class_are_those_computed_by_hand() -> None:
    result = Evaluation(0.5, CONFUSION)
    assert (result.n, result.correct, result.accuracy) == (15, 8, 8 / 15)
    assert result.interval == wilson_interval(8, 15)
    assert result.class_scores() == [
        ClassScore(precision=5 / 7, recall=5 / 8, f1=10 / 15, support=8),
        ClassScore(precision=3 / 6, recall=3 / 3, f1=6 / 9, support=3),
        ClassScore(precision=None, recall=0.0, f1=0.0, support=4),
        ClassScore(precision=0.0, recall=None, f1=0.0, support=0),
    ]


def test_a_class_that_is_neither_there_nor_guessed_has_no_scores() -> None:
    assert Evaluation(0.5, np.diag([1, 0])).class_scores()[1] == ClassScore(None, None, None, 0)


@pytest.fixture(scope="module")
def images() -> Array:
    return np.random.default_rng(0).random((2 * BLOCK + 1, 4, 4))


@pytest.fixture(scope="module")
def labels() -> Labels:
    return np.random.default_rng(1).integers(0, 3, 2 * BLOCK + 1)


@pytest.fixture(scope="module")
def network() -> Network:
    layers = (Dense(7, "tanh"), Dropout(0.5), Dense(3, "softmax"))
    return Network.initialize(layers, 16, seed=3, dtype=np.float64)


@pytest.mark.parametrize("n", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1])
def test_every_row_counts_once_wherever_the_blocks_end(network: Network, images: Array, labels: Labels, n: int) -> None:
    result = evaluate(network, "categorical_crossentropy", images[:n], labels[:n])
    y_hat = network.predict(images[:n])
    confusion = np.zeros((3, 3), int)
    total = 0.0
    for row, label in zip(y_hat, labels[:n], strict=True):
        confusion[label, row.argmax()] += 1
        total -= log(row[label])
    assert result.confusion.tolist() == confusion.tolist()
    assert result.loss == pytest.approx(total / n, rel=1e-12)
    assert result.n == n


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_is_the_mean_of_the_losses_of_single_images(
    network: Network, images: Array, labels: Labels, loss: str
) -> None:
    singles = [evaluate(network, loss, images[i : i + 1], labels[i : i + 1]).loss for i in range(BLOCK + 3)]
    whole = evaluate(network, loss, images[: BLOCK + 3], labels[: BLOCK + 3])
    assert whole.loss == pytest.approx(np.mean(singles), rel=1e-12)


def test_rows_choose_the_images_to_look_at(network: Network, images: Array, labels: Labels) -> None:
    rows = np.random.default_rng(2).permutation(len(images))[: BLOCK + 5]
    chosen = evaluate(network, "categorical_crossentropy", images, labels, rows)
    copied = evaluate(network, "categorical_crossentropy", images[rows], labels[rows])
    assert (chosen.loss, chosen.confusion.tolist()) == (copied.loss, copied.confusion.tolist())


def test_bytes_are_divided_by_255(network: Network, labels: Labels) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (50, 4, 4)).astype(np.uint8)
    as_bytes = evaluate(network, "categorical_crossentropy", pixels, labels[:50].astype(np.uint8))
    as_floats = evaluate(network, "categorical_crossentropy", pixels / 255, labels[:50])
    assert as_bytes.loss == pytest.approx(as_floats.loss, rel=1e-12)


def test_evaluating_changes_nothing_and_drops_nothing_out(network: Network, images: Array, labels: Labels) -> None:
    before = network.digest()
    first, second = (evaluate(network, "categorical_crossentropy", images, labels).loss for _ in range(2))
    assert first == second
    assert network.digest() == before


def test_without_images_there_is_nothing_to_say(network: Network, images: Array, labels: Labels) -> None:
    for arguments in ((images[:0], labels[:0]), (images, labels, np.arange(0))):
        with pytest.raises(ValueError, match="there are no images to evaluate"):
            evaluate(network, "categorical_crossentropy", *arguments)


@pytest.mark.parametrize("theta", [1e38, np.inf, np.nan])
def test_a_network_that_ran_away_has_a_loss_that_says_so_and_no_warning(
    images: Array, labels: Labels, theta: float
) -> None:
    network = Network.initialize((Dense(5), Dense(3, "linear")), 16)
    network.theta[...] = theta
    result = evaluate(network, "mean_squared_error", images, labels)
    assert not np.isfinite(result.loss)
    assert result.n == len(images)


@pytest.mark.parametrize(
    ("output", "loss"), [("softmax", "categorical_crossentropy"), ("softmax", "mean_squared_error")]
)
def test_outputs_and_the_losses_of_single_images_are_those_of_the_whole(output: str, loss: str) -> None:
    rng = np.random.default_rng(3)
    network = Network.initialize((Dense(9, "tanh"), Dense(4, output)), 6, seed=1)
    images, labels = rng.random((BLOCK + 7, 6), np.float32), rng.integers(0, 4, BLOCK + 7)
    rows = np.arange(3, BLOCK + 7)
    outputs = np.empty((len(rows), 4), np.float32)
    result = evaluate(network, loss, images, labels, rows, outputs)
    assert np.allclose(outputs, network.predict(images)[rows], atol=1e-6)
    losses = measure_losses(network, loss, images[rows], labels[rows])
    assert losses.mean() == pytest.approx(result.loss, rel=1e-5)
    single = evaluate(network, loss, images, labels, rows[5:6])
    assert losses[5] == pytest.approx(single.loss, rel=1e-6)
