"""Pictures of all kinds are read nearly as well as the same digits in MNIST."""

from collections.abc import Callable

import numpy as np
import pytest

import nnfang
from nnfang.core.arrays import Array, Images
from nnfang.core.optimizers import Adam
from nnfang.training.familiarity import Familiarity, learn_familiarity
from tests.images.accuracy import Outcome, measure_kind, take_samples
from tests.images.kinds import KINDS

COUNT = 20


@pytest.fixture(scope="module")
def network() -> tuple[Callable[[Images], Array], Familiarity | None]:
    """What predicts, and what it was trained on."""
    data = nnfang.load_data("mnist-sample")
    recipe = nnfang.Recipe(epochs=4, batch_size=64, optimizer=Adam(learning_rate=0.001), validation_split=0)
    network = nnfang.Network.initialize(recipe.layers, inputs=784)
    for _ in nnfang.train(network, data, recipe):
        pass
    rows = np.arange(len(data.x_train))
    return network.predict, learn_familiarity(network, data.x_train, data.y_train, rows, rows[:0])


@pytest.fixture(scope="module")
def outcomes(network: tuple[Callable[[Images], Array], Familiarity | None]) -> dict[str, Outcome]:
    rng = np.random.default_rng(0)
    return {kind: measure_kind(draw, take_samples(COUNT, rng), rng, *network) for kind, draw in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_read_about_as_well_as_mnist(kind: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[kind]
    assert outcome.prepared.sum() >= outcome.original.sum() - 3


def test_all_kinds_together_are_read_as_well_as_mnist(outcomes: dict[str, Outcome]) -> None:
    original, prepared, naive = (
        np.mean([getattr(outcome, how).mean() for outcome in outcomes.values()])
        for how in ("original", "prepared", "naive")
    )
    assert prepared > original - 0.03
    assert naive < 0.5  # otherwise the pictures would prove nothing


def test_pictures_depend_on_the_seed_alone() -> None:
    (sample,) = take_samples(1, np.random.default_rng(5))
    for draw in KINDS.values():
        first, same, other = (np.random.default_rng(seed) for seed in (0, 0, 1))
        assert draw(sample, first) == draw(sample, same)
        assert draw(sample, other) != draw(sample, same)
