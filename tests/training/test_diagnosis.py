"""What goes wrong in a training is provoked, and named with the setting to change."""

from dataclasses import replace

import numpy as np
import pytest

from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, Optimizer, Sgd
from nnfang.data import Dataset
from nnfang.training.activity import measure_activity
from nnfang.training.augment import Augment
from nnfang.training.diagnosis import Diagnosis, diagnose
from nnfang.training.evaluation import Evaluation, evaluate
from nnfang.training.events import Epoch
from nnfang.training.loop import train
from nnfang.training.outcome import Outcome
from nnfang.training.recipe import Recipe
from tests.shades import make_shades

DATA = make_shades(300, 4)
LAYERS = (Dense(16), Dense(3, "softmax"))
GOOD = Recipe(layers=LAYERS, optimizer=Sgd(0.05), batch_size=8, epochs=20, validation_split=0.2)


def outcome(recipe: Recipe, data: Dataset = DATA) -> Diagnosis | None:
    network = Network.for_recipe(recipe, data)
    training = train(network, data, recipe)
    history = [event for event in training if isinstance(event, Epoch)]
    test = evaluate(network, recipe.loss, data.x_test, data.y_test)
    activity = measure_activity(network, recipe.loss, data.x_test, data.y_test)
    return diagnose(Outcome(recipe, history, test, training.state.step, activity))


def an_epoch(number: int, loss: float, accuracy: float) -> Epoch:
    return Epoch(number, loss, accuracy, None, None, 0.01, 1.0, 300.0, "", True)


def judged(recipe: Recipe, losses: list[float], accuracy: float, *, steps: int = 5000, images: int = 2000) -> Diagnosis:
    """The diagnosis of a training on ten classes that ended with this accuracy."""
    confusion = np.full((10, 10), images // 100)
    confusion[0, 0] += round(images * (accuracy - 0.1))
    confusion[0, 1] -= round(images * (accuracy - 0.1))
    history = [an_epoch(i + 1, loss, accuracy) for i, loss in enumerate(losses)]
    found = diagnose(Outcome(recipe, history, Evaluation(1.0, confusion), steps))
    assert found
    return found


def test_a_training_that_goes_well_is_left_alone() -> None:
    assert outcome(GOOD) is None


@pytest.mark.parametrize("optimizer", [Sgd(50.0), Adam(20.0)])
def test_a_network_that_died_is_named_with_the_usual_learning_rate(optimizer: Optimizer) -> None:
    found = outcome(replace(GOOD, optimizer=optimizer))
    assert found
    assert found.evidence.startswith("every test image still gets the same answer after epoch 20; a learning rate of ")
    assert found.changes == {"optimizer.learning_rate": type(optimizer)().learning_rate}


def test_a_network_that_has_hardly_moved_is_named_with_the_usual_learning_rate() -> None:
    labels = np.arange(300) % 3
    images = np.random.default_rng(1).integers(0, 256, (300, 4, 4)).astype(np.uint8)
    noise = Dataset("noise", images, labels, images[:90], labels[:90], ("a", "b", "c"), "plain", "this test")
    layers = (Dense(64, "tanh"), Dense(3, "softmax"))
    found = outcome(replace(GOOD, layers=layers, optimizer=Sgd(1e-9), epochs=2, seed=1), noise)
    assert found
    assert "where guessing gets 33.33%; a learning rate of 1e-09 is very small" in found.evidence
    assert found.changes == {"optimizer.learning_rate": Sgd().learning_rate}


def test_a_network_that_knows_the_training_images_by_heart_is_named() -> None:
    images = np.random.default_rng(2).integers(0, 256, (120, 9, 9)).astype(np.uint8)
    noise = replace(make_shades(120, 9), x_train=images)  # there is nothing to learn but by heart
    recipe = Recipe(layers=(Dense(200), Dense(3, "softmax")), optimizer=Adam(0.003), batch_size=8, epochs=60)
    found = outcome(replace(recipe, validation_split=0.3), noise)
    assert found
    assert found.evidence.startswith("overfitting since epoch ")
    assert "of the training images right, but only " in found.evidence
    assert found.changes == {"augment.rotate": 10}


def test_a_training_without_an_epoch_is_named() -> None:
    assert outcome(replace(GOOD, epochs=0)) == Diagnosis(
        "untrained", "no epoch was trained, so the weights are the initial ones", {"epochs": 20}
    )


PAPER = Recipe()
FLAT = [2.31, 2.3, 2.31]


@pytest.mark.parametrize(
    ("recipe", "losses", "steps", "cause", "changes"),
    [
        (
            replace(PAPER, layers=(Dense(9, initializer="zeros"), Dense(10, "softmax"))),
            FLAT,
            5000,
            "the initial weights of a hidden layer are all zero",
            {"layers[0].initializer": "glorot_uniform"},
        ),
        (
            replace(PAPER, layers=(Dense(64), Dense(4), Dense(10, "softmax"))),
            FLAT,
            5000,
            "a hidden layer is too narrow for 10 classes",
            {"layers[1].units": 64},
        ),
        (
            replace(PAPER, optimizer=Sgd(weight_decay=1.0)),
            FLAT,
            5000,
            "a weight decay of 1 is very strong",
            {"optimizer.weight_decay": 0.0},
        ),
        (
            replace(PAPER, augment=Augment(shift=100)),
            FLAT,
            5000,
            "the training images may be distorted beyond recognition",
            {"augment": None},
        ),
        (replace(PAPER, batch_size=9000), [2.4], 1, "one step is not enough", {"batch_size": 32}),
        (replace(PAPER, batch_size=20), [2.4], 100, "100 steps are too few", {"epochs": 20}),
        (replace(PAPER, optimizer=Sgd(0.001)), [2.3, 2.0, 1.9], 5000, "the loss is still falling", {"epochs": 6}),
        (
            replace(PAPER, layers=(Dense(5), Dense(10, "softmax"))),
            FLAT,
            5000,
            "the loss does not fall",
            {"optimizer.learning_rate": 0.001},
        ),
        (replace(PAPER, optimizer=Sgd(0.05)), FLAT, 5000, "the loss does not fall", {"optimizer.learning_rate": 0.01}),
        (PAPER, FLAT, 5000, "the loss does not fall", {"optimizer.learning_rate": 0.001}),
        (replace(PAPER, optimizer=Sgd(0.001)), FLAT, 5000, "the loss does not fall", {"epochs": 6}),
    ],
)
def test_the_cause_is_named_and_the_advice_does_not_lead_back(
    recipe: Recipe, losses: list[float], steps: int, cause: str, changes: dict[str, object]
) -> None:
    found = judged(recipe, losses, 0.15, steps=steps)
    assert found.evidence.endswith(f"; {cause}")
    assert found.changes == changes


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [(0.101, "no better than guessing: 10.10% of"), (0.29, "far from what it could be: 29.00%")],
)
def test_a_network_is_only_said_to_guess_where_the_interval_allows_it(accuracy: float, verdict: str) -> None:
    assert judged(PAPER, FLAT, accuracy).evidence.startswith(verdict)


def test_after_an_epoch_a_little_is_enough() -> None:
    confusion = np.full((10, 10), 200) + np.eye(10, dtype=int) * 500
    assert diagnose(Outcome(PAPER, [an_epoch(1, 2.0, 0.2)], Evaluation(1.0, confusion), 5000)) is None


def test_where_all_test_images_are_of_one_class_one_answer_is_right() -> None:
    confusion = np.diag([90, 0])
    assert diagnose(Outcome(PAPER, [an_epoch(1, 0.1, 0.99)], Evaluation(0.1, confusion), 5000)) is None
