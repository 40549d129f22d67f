"""Several networks that answer together: the mean of their probabilities, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from sklearn.metrics import log_loss

import nnfang
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.errors import DataError, NnfangError
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.committee import Committee
from tests.shades import RECIPE, describe, make_shades

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.training.recipe import Recipe

DATA = make_shades(1100, 2)
MANY = replace(DATA, x_test=DATA.x_train, y_test=DATA.y_train)
"""More test images than are looked at in one go, and not a multiple of them."""


def make(seed: int, recipe: Recipe = RECIPE) -> Checkpoint:
    network = Network.initialize(recipe.layers, 4, seed=seed)
    network.theta[...] *= 5
    return Checkpoint(network, recipe, describe(recipe, DATA), {})


def change(one: Checkpoint, **changes: Any) -> Checkpoint:
    return replace(one, meta=msgspec.structs.replace(one.meta, **changes))


@pytest.fixture
def members() -> list[Checkpoint]:
    return [make(seed) for seed in (1, 2, 3)]


def test_probabilities_are_the_mean(members: list[Checkpoint]) -> None:
    expected = np.mean([member.predict(MANY.x_test) for member in members], axis=0)
    np.testing.assert_allclose(Committee(members).predict(MANY.x_test), expected, rtol=1e-6)


def test_the_loss_is_that_of_scikit_learn(members: list[Checkpoint]) -> None:
    committee = Committee(members)
    found = committee.evaluate(MANY)
    outputs = committee.predict(MANY.x_test).astype(float)
    assert found.loss == pytest.approx(log_loss(MANY.y_test, outputs / outputs.sum(axis=1, keepdims=True)), rel=1e-5)
    assert found.accuracy == np.mean(outputs.argmax(axis=1) == MANY.y_test)
    assert found.n == 1100
    each = committee.measure_losses(MANY.x_test[:50], MANY.y_test[:50])
    np.testing.assert_allclose(each, -np.log(outputs[range(50), MANY.y_test[:50]]), rtol=1e-5)


def test_the_loss_is_at_most_the_mean_of_the_losses(members: list[Checkpoint]) -> None:
    assert Committee(members).evaluate(DATA).loss < np.mean([member.evaluate(DATA).loss for member in members])


def test_one_alone_answers_as_without_a_committee(members: list[Checkpoint]) -> None:
    alone, found = members[0].evaluate(DATA), Committee(members[:1]).evaluate(DATA)
    assert found.loss == pytest.approx(alone.loss, rel=1e-5)
    assert found.confusion.tolist() == alone.confusion.tolist()


def test_a_true_class_with_probability_0_has_an_infinite_loss(members: list[Checkpoint]) -> None:
    for member in members:
        member.network.theta[...] = 0
        member.network.theta[-3:] = 1e9, 0, 0  # the biases of the output layer
    assert Committee(members).evaluate(DATA).loss == np.inf


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda one: change(one, class_names=("a", "b", "c")), "their classes are not the same"),
        (lambda one: change(one, input_shape=(4, 1)), "the inputs of one are"),
        (lambda one: change(one, preparation="digit"), "pictures are prepared differently"),
        (lambda one: replace(one, recipe=replace(RECIPE, loss="mean_squared_error")), "one was trained with the loss"),
    ],
)
def test_what_does_not_fit_is_refused(
    members: list[Checkpoint], other: Callable[[Checkpoint], Checkpoint], reason: str
) -> None:
    with pytest.raises(NnfangError, match=f"cannot answer together: {reason}"):
        Committee([members[0], other(members[1])])


def test_scores_are_refused() -> None:
    recipe = replace(RECIPE, layers=(Dense(3, "linear"),), loss="mean_squared_error")
    with pytest.raises(NnfangError, match="scores, not probabilities"):
        Committee([make(1, recipe), make(2, recipe)])


def test_only_test_images_are_known(members: list[Checkpoint]) -> None:
    with pytest.raises(DataError, match="only on test images, not on validation images"):
        Committee(members).evaluate(DATA, "validation")


def test_data_sets_that_differ_have_no_common_name(members: list[Checkpoint]) -> None:
    assert Committee(members).trained_on == RECIPE.dataset
    strange = replace(members[1], recipe=replace(RECIPE, dataset="fashion-mnist"))
    with pytest.raises(DataError, match="different data sets: fashion-mnist, mnist"):
        _ = Committee([members[0], strange]).trained_on


def test_pictures_are_read_together() -> None:
    bundled = nnfang.load("bundled")
    noisy = replace(
        bundled, network=Network(bundled.network.layers, bundled.network.inputs, bundled.network.theta * 0.5)
    )
    assert isinstance(noisy, Checkpoint)
    pictures = ["sample:7", "sample:3"]
    together = Committee([bundled, noisy]).predict_pictures(pictures)
    first, second = bundled.predict_pictures(pictures), noisy.predict_pictures(pictures)
    for found, one, other in zip(together, first, second, strict=True):
        np.testing.assert_allclose(found.outputs, (one.outputs + other.outputs) / 2, rtol=1e-5)
        assert found.familiarity is not None
