"""Each rule is provoked by a training that goes wrong in its way, and finds nothing in one that goes well."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import Network
from nnfang.core.optimizers import Adam, Sgd
from nnfang.core.schedules import Cosine
from nnfang.training.activity import measure_activity
from nnfang.training.evaluation import evaluate
from nnfang.training.events import Epoch
from nnfang.training.loop import train
from nnfang.training.outcome import Outcome
from nnfang.training.recipe import Recipe
from nnfang.training.rules import RULES, Finding, examine
from tests.shades import make_shades

if TYPE_CHECKING:
    from nnfang.data import Dataset

SHADES = make_shades(300, 4)
GOOD = Recipe(
    layers=(Dense(16), Dense(3, "softmax")), optimizer=Sgd(0.05), batch_size=8, epochs=20, validation_split=0.2
)


def noisy(part: float) -> Dataset:
    """Shades of which this part has labels drawn by lot."""
    rng = np.random.default_rng(3)
    labels = np.where(rng.random(300) < part, rng.integers(0, 3, 300), SHADES.y_train).astype(np.uint8)
    return replace(SHADES, y_train=labels)


def meaningless() -> Dataset:
    """Images that have nothing to do with their classes, so that there is nothing to learn but by heart."""
    images = np.random.default_rng(2).integers(0, 256, (120, 9, 9)).astype(np.uint8)
    return replace(make_shades(120, 9), x_train=images)


def with_a_rare_class() -> Dataset:
    """Shades of which the lightest is hardly ever shown, though the test has it."""
    shown = (SHADES.y_train != 2) | (np.arange(300) < 6)
    return replace(SHADES, x_train=SHADES.x_train[shown], y_train=SHADES.y_train[shown])


def outcome_of(recipe: Recipe, data: Dataset = SHADES) -> Outcome:
    network = Network.for_recipe(recipe, data)
    training = train(network, data, recipe)
    history = [event for event in training if isinstance(event, Epoch)]
    test = evaluate(network, recipe.loss, data.x_test, data.y_test)
    activity = measure_activity(network, recipe.loss, data.x_train, data.y_train)
    return Outcome(recipe, history, test, training.state.step, activity, data.class_names)


@cache
def good() -> Outcome:
    return outcome_of(GOOD)


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_finds_anything_in_a_training_that_goes_well(rule: str) -> None:
    found = RULES[rule](good())
    assert found.is_wrong is False
    assert found.evidence
    assert not found.changes


@pytest.mark.parametrize(
    ("rule", "recipe", "data", "evidence", "changes"),
    [
        ("untrained", replace(GOOD, epochs=0), SHADES, "no epoch was trained", {"epochs": 20}),
        (
            "under-fitting",
            replace(GOOD, optimizer=Sgd(1e-7)),
            SHADES,
            "a learning rate of 1e-07 is very small",
            {"optimizer.learning_rate": 0.01},
        ),
        (
            "dead units",
            replace(GOOD, optimizer=Sgd(5.0), seed=1),
            SHADES,
            "units of layers[0] are 0 for every image",
            {"optimizer.learning_rate": 0.01},
        ),
        (
            "saturated units",
            replace(GOOD, layers=(Dense(16, "tanh"), Dense(3, "softmax")), optimizer=Sgd(5.0)),
            SHADES,
            "units of layers[0] are saturated for nearly every image",
            {"optimizer.learning_rate": 0.01},
        ),
        (
            "class never predicted",
            GOOD,
            with_a_rare_class(),
            "class light is never predicted; light is that of ",
            {},
        ),
        (
            "rate too high",
            replace(GOOD, layers=(Dense(16, "tanh"), Dense(3, "softmax")), optimizer=Sgd(1.0)),
            noisy(0.3),
            "the training loss rose in ",
            {"optimizer.learning_rate": 0.01},
        ),
        (
            "over-fitting",
            replace(GOOD, layers=(Dense(200), Dense(3, "softmax")), optimizer=Adam(0.003), epochs=30),
            meaningless(),
            "of the training images right, but only ",
            {"augment.rotate": 10},
        ),
        (
            "rate too low",
            replace(GOOD, optimizer=Sgd(0.001), batch_size=1, epochs=5),
            SHADES,
            "in the last epoch, learning rate 0.001, where 0.01 is usual",
            {"optimizer.learning_rate": 0.003},
        ),
        (
            "plateau",
            replace(GOOD, layers=(Dense(3, "softmax"),), epochs=60),
            noisy(0.4),
            "stuck: the lowest training loss was ",
            {"schedule.type": "cosine"},
        ),
    ],
)
def test_a_rule_finds_what_it_is_for(
    rule: str, recipe: Recipe, data: Dataset, evidence: str, changes: dict[str, object]
) -> None:
    found = examine(outcome_of(recipe, data))[rule]
    assert found.is_wrong, found
    assert evidence in found.evidence
    assert found.changes == changes


def test_overfitting_is_noticed_before_all_is_known_by_heart() -> None:
    layers = (Dense(200), Dropout(0.5), Dense(3, "softmax"))
    found = RULES["over-fitting"](outcome_of(replace(GOOD, layers=layers, optimizer=Adam(0.003)), meaningless()))
    assert found.is_wrong, found
    assert "the validation loss was lowest in epoch " in found.evidence


def test_a_divergence_comes_first() -> None:
    found = examine(replace(good(), divergence=("the loss is nan", 0.001)))
    assert next(iter(found.values())) == Finding("the loss is nan", True, {"optimizer.learning_rate": 0.001})


def test_where_units_die_at_the_usual_rate_the_activation_is_to_change() -> None:
    layer = replace(good().activity[0], dead=12)
    judged = replace(good(), recipe=replace(GOOD, optimizer=Sgd(0.01)), activity=[layer, good().activity[1]])
    assert RULES["dead units"](judged).changes == {"layers[0].activation": "leaky_relu"}


@pytest.mark.parametrize("rule", ["dead", "saturated"])
def test_half_of_the_units_of_a_layer_may_not_be_lost(rule: str) -> None:
    for lost, is_wrong in ((7, False), (8, True)):
        layer = replace(good().activity[0], dead=lost, saturated=lost)  # of 16
        judged = replace(good(), activity=[layer, good().activity[1]])
        assert RULES[f"{rule} units"](judged).is_wrong is is_wrong


def test_a_schedule_may_end_on_a_plateau() -> None:
    recipe = replace(GOOD, layers=(Dense(3, "softmax"),), epochs=60, schedule=Cosine())
    assert RULES["plateau"](outcome_of(recipe, noisy(0.4))).is_wrong is False


def test_the_advice_for_a_low_rate_does_not_lead_to_one_that_was_too_high() -> None:
    rate, seen = 1e-5, []
    for _ in range(5):
        recipe = replace(GOOD, optimizer=Sgd(rate))
        history = [Epoch(i, 2 - i / 10, 0.6, None, None, rate, 1.0, 1.0, "", True) for i in range(1, 6)]
        changes = RULES["rate too low"](replace(good(), recipe=recipe, history=history)).changes
        if not changes:
            break
        rate = changes["optimizer.learning_rate"]
        seen.append(rate)
    assert seen == pytest.approx([0.001, 0.003])


def test_what_cannot_be_told_is_said_so() -> None:
    bare = Outcome(replace(GOOD, epochs=0), [], good().test, 0)
    unknown = {name for name, found in examine(bare).items() if found.is_wrong is None}
    expected = {"under-fitting", "dead units", "saturated units", "rate too high", "rate too low", "plateau"}
    assert unknown == expected | {"over-fitting"}
    without = outcome_of(replace(GOOD, validation_split=0.0, layers=(Dense(3, "softmax"),), epochs=2))
    assert RULES["over-fitting"](without).evidence == "there are no validation images"
    assert RULES["dead units"](without).evidence == "there is no hidden layer"


def test_activity_is_that_of_each_dense_layer() -> None:
    layers = (Dense(4, "sigmoid"), Dropout(0.5), Dense(5), Dense(3, "softmax"))
    network = Network.initialize(layers, 16, seed=2)
    W, b = network.parameters[0]
    W[0], b[0] = 0, 50  # a sigmoid that is 1 whatever it is shown
    network.parameters[2][1][1] = -100  # a relu that is 0
    before = network.digest()
    found = measure_activity(network, "categorical_crossentropy", SHADES.x_train, SHADES.y_train)
    assert [(layer.index, layer.units, layer.dead, layer.saturated) for layer in found] == [
        *((0, 4, 0, 1), (2, 5, found[1].dead, 0), (3, 3, 0, 0))
    ]
    assert found[1].dead >= 1
    assert found[2].mean == pytest.approx(1 / 3)
    assert all(0 < layer.gradient_norm < inf for layer in found)
    assert found[0].weight_norm == pytest.approx(np.sqrt((W**2).sum() + (b**2).sum()))
    assert network.digest() == before
