"""The numbers that an evaluation and the benchmark of the engines give."""

import numpy as np
import pytest

from nnfang import data
from nnfang.engines import list_available
from nnfang.training import benchmark
from nnfang.training.benchmark import CASES, time_engines
from nnfang.training.evaluation import Evaluation


def test_an_evaluation_says_how_good_and_how_sure() -> None:
    test = Evaluation(0.25, np.array([[40, 10], [0, 50]]))
    assert (test.n, test.correct, test.accuracy) == (100, 90, 0.9)
    assert repr(test) == "Evaluation(accuracy 90.00% (95% interval 82.56% to 94.48%), loss 0.2500, 100 images)"


def test_each_engine_is_timed_for_an_epoch_of_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that the test invents: what counts is how they become those of an epoch."""
    monkeypatch.setattr(benchmark, "IMAGES", 512)
    monkeypatch.setattr(benchmark, "take_turns", lambda runs, _: {key: [3.0, 1.0, 2.0] for key in runs})
    rows = time_engines(data.load("mnist-sample"))
    assert [(row["engine"], row["batch_size"]) for row in rows] == [
        case for case in CASES if case[0] in list_available()
    ]
    for row in rows:
        assert row["seconds"] == pytest.approx(2.0 * 60_000 / 512)
        assert row["images_per_second"] == pytest.approx(512 / 2.0)
