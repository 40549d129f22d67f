"""Where a diagnosis begins, evaluation by evaluation; and the numbers that the benchmark of the engines gives."""

from dataclasses import replace

import numpy as np
import pytest

from nnfang import data
from nnfang.core.optimizers import Adam, Sgd
from nnfang.engines import list_available
from nnfang.training import benchmark
from nnfang.training.augment import Augment
from nnfang.training.benchmark import CASES, time_engines
from nnfang.training.diagnosis import diagnose
from nnfang.training.evaluation import Evaluation
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe

RECIPE = Recipe(optimizer=Sgd(0.05))
EPOCH = Epoch(1, 0.5, 0.9, 0.5, 0.9, 0.05, 1.0, 100.0, "ab", is_best=True)
GOOD = Evaluation(0.1, np.array([[9, 1], [1, 9]]))


def history(*accuracies: tuple[float, float | None]) -> list[Epoch]:
    """Epochs with these accuracies on training and validation images."""
    return [replace(EPOCH, epoch=i, accuracy=a, val_accuracy=v) for i, (a, v) in enumerate(accuracies, 1)]


@pytest.mark.parametrize(
    ("correct", "learned", "evidence"),
    [
        (54, 0.5, "54.00% of the test images classified correctly is hardly better than guessing, 50.00%"),
        (55, 0.5, None),  # 10% of the way from guessing to everything
        (54, 0.55, None),  # the training images, at least
        (54, 0.54, "54.00% of the test images classified correctly is hardly better than guessing, 50.00%"),
    ],
)
def test_guessing_ends_a_tenth_of_the_way_up(correct: int, learned: float, evidence: str | None) -> None:
    confusion = np.array([[25, 25], [75 - correct, correct - 25]])
    found = diagnose(RECIPE, history((learned, 0.5)), Evaluation(0.7, confusion))
    assert (found and found.evidence) == evidence


def test_guessing_is_as_good_as_the_largest_class_allows() -> None:
    test = Evaluation(0.7, np.array([[78, 2], [19, 1]]))
    found = diagnose(RECIPE, history((0.79, 0.8)), test)
    assert found
    assert found.evidence.endswith("hardly better than guessing, 80.00%")


@pytest.mark.parametrize(
    ("epochs", "since"),
    [
        ([(0.9, 0.9), (0.995, 0.96), (0.995, 0.96), (0.995, 0.96)], 2),
        ([(0.9, 0.9), (0.995, 0.966), (0.995, 0.966), (0.995, 0.966)], None),
        ([(0.9, 0.9), (0.994, 0.8), (0.995, 0.8), (0.995, 0.8)], None),
        ([(0.995, 0.9), (0.995, 0.9)], None),
        ([(1.0, None)] * 4, None),
        ([(1.0, 0.9)] * 3, 1),
    ],
)
def test_over_fitting_is_three_epochs_by_heart_and_three_percent_apart(
    epochs: list[tuple[float, float | None]], since: int | None
) -> None:
    found = diagnose(RECIPE, history(*epochs), GOOD)
    assert (found is not None) == (since is not None)
    if found:
        assert found.evidence.startswith(f"over-fitting since epoch {since}: ")
        assert found.changes == {"augment.rotate": 10}


def test_over_fitting_with_distortions_asks_for_weight_decay() -> None:
    found = diagnose(replace(RECIPE, augment=Augment(rotate=5)), history(*[(1.0, 0.9)] * 3), GOOD)
    assert found
    assert found.changes == {"optimizer.weight_decay": 0.0001}
    assert (
        found.evidence
        == "over-fitting since epoch 1: 100.00% of the training images, but 90.00% of the validation images"
    )


@pytest.mark.parametrize(
    ("optimizer", "proposed"),
    [(Sgd(0.05), 0.005), (Sgd(0.01), 0.001), (Sgd(0.009), 0.01), (Adam(0.001), 0.0001), (Adam(1e-5), 0.001)],
)
def test_a_rate_below_the_usual_one_is_raised_and_any_other_lowered(optimizer: Sgd | Adam, proposed: float) -> None:
    same = Evaluation(0.7, np.array([[5, 0], [5, 0]]))
    found = diagnose(replace(RECIPE, optimizer=optimizer), history((0.5, 0.5), (0.5, 0.5)), same)
    assert found
    assert found.evidence == "every test image still gets the same answer after epoch 2: dead or saturated units"
    assert found.changes == {"optimizer.learning_rate": pytest.approx(proposed)}


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
