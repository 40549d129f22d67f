"""What goes wrong in a training is provoked, and named with the setting to change."""

from dataclasses import replace

import numpy as np
import pytest

from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, Optimizer, Sgd
from nnfang.data import Dataset
from nnfang.training.diagnosis import RULES, Diagnosis, diagnose
from nnfang.training.evaluation import evaluate
from nnfang.training.events import Epoch
from nnfang.training.loop import train
from nnfang.training.recipe import Recipe
from tests.shades import make_shades

DATA = make_shades(300, 4)
LAYERS = (Dense(16), Dense(3, "softmax"))
GOOD = Recipe(layers=LAYERS, optimizer=Sgd(0.05), batch_size=8, epochs=20, validation_split=0.2)


def outcome(recipe: Recipe, data: Dataset = DATA) -> Diagnosis | None:
    network = Network.for_recipe(recipe, data)
    history = [event for event in train(network, data, recipe) if isinstance(event, Epoch)]
    return diagnose(recipe, history, evaluate(network, recipe.loss, data.x_test, data.y_test))


def test_a_training_that_goes_well_is_left_alone() -> None:
    assert outcome(GOOD) is None


@pytest.mark.parametrize(("optimizer", "rate"), [(Sgd(50.0), 5.0), (Adam(20.0), 2.0)])
def test_a_network_that_died_is_named_with_a_smaller_learning_rate(optimizer: Optimizer, rate: float) -> None:
    found = outcome(replace(GOOD, optimizer=optimizer))
    assert found
    assert found.evidence.startswith("every test image still gets the same answer after epoch 20")
    assert found.changes == {"optimizer.learning_rate": pytest.approx(rate)}


def test_a_network_that_has_hardly_moved_is_named_with_the_usual_learning_rate() -> None:
    labels = np.arange(300) % 3
    images = np.random.default_rng(1).integers(0, 256, (300, 4, 4)).astype(np.uint8)
    noise = Dataset("noise", images, labels, images[:90], labels[:90], ("a", "b", "c"), "plain", "this test")
    layers = (Dense(64, "tanh"), Dense(3, "softmax"))
    found = outcome(replace(GOOD, layers=layers, optimizer=Sgd(1e-9), epochs=2, seed=1), noise)
    assert found
    assert "is hardly better than guessing, 33.33%" in found.evidence
    assert found.changes == {"optimizer.learning_rate": Sgd().learning_rate}


def test_a_network_that_knows_the_training_images_by_heart_is_named() -> None:
    images = np.random.default_rng(2).integers(0, 256, (120, 9, 9)).astype(np.uint8)
    noise = replace(make_shades(120, 9), x_train=images)  # there is nothing to learn but by heart
    recipe = Recipe(layers=(Dense(200), Dense(3, "softmax")), optimizer=Adam(0.003), batch_size=8, epochs=60)
    found = outcome(replace(recipe, validation_split=0.3), noise)
    assert found
    assert found.evidence.startswith("over-fitting since epoch ")
    assert "of the training images, but " in found.evidence
    assert found.changes == {"augment.rotate": 10}


def test_nothing_is_said_of_a_training_without_an_epoch() -> None:
    network = Network.for_recipe(GOOD, DATA)
    test = evaluate(network, GOOD.loss, DATA.x_test, DATA.y_test)
    assert [rule(GOOD, [], test) for rule in RULES] == [None] * len(RULES)
