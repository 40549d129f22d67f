"""The network that comes with nnfang."""

import os
from pathlib import Path

import pytest

import nnfang
from nnfang.config import sources as config
from nnfang.data import load
from nnfang.runs.bundled import NETWORK
from nnfang.training.evaluation import evaluate

CONFIGS = Path(__file__).parents[2] / "configs"


def test_it_is_small_and_made_by_a_config_that_comes_with_the_project() -> None:
    assert NETWORK.stat().st_size < 600_000
    bundled = nnfang.load("bundled")
    assert bundled.network.widths == (784, 128, 64, 10)
    assert bundled.recipe == config.load(CONFIGS / "paper-distorted.yaml", [], {}).recipe
    assert bundled.meta.epoch == bundled.recipe.epochs


def test_it_tells_nothing_of_its_maker() -> None:
    bundled = nnfang.load("bundled")
    assert bundled.meta.environment == {}
    assert bundled.for_inference().meta == bundled.meta


def test_it_reads_digits_that_it_was_not_trained_on() -> None:
    data, bundled = load("mnist-sample"), nnfang.load("bundled")
    assert evaluate(bundled.network, bundled.recipe.loss, data.x_test, data.y_test).accuracy > 0.98


@pytest.mark.full
def test_its_result_is_what_it_says() -> None:
    folder = os.environ.get("MNIST_FILES")
    if not folder:
        pytest.skip("MNIST_FILES is not set")
    mnist, bundled = load(Path(folder) / "mnist"), nnfang.load("bundled")
    result = evaluate(bundled.network, bundled.recipe.loss, mnist.x_test, mnist.y_test)
    tested = bundled.meta.tested
    assert tested
    assert (tested.dataset, tested.images, tested.accuracy) == ("mnist", result.n, result.accuracy)
    assert tested.interval == result.interval
