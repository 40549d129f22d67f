"""First weights: their moments, and the same numbers in both dtypes."""

from math import sqrt

import numpy as np
import pytest

from nnfang.core.initializers import INITIALIZERS

UNITS, INPUTS = 300, 500

EXPECTED = {
    "he_normal": ("normal", 2 / INPUTS),
    "he_uniform": ("uniform", 2 / INPUTS),
    "glorot_normal": ("normal", 2 / (INPUTS + UNITS)),
    "glorot_uniform": ("uniform", 2 / (INPUTS + UNITS)),
    "zeros": ("constant", 0.0),
}
"""Each initializer's distribution and variance."""


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_have_the_moments_of_their_distribution(name: str) -> None:
    family, variance = EXPECTED[name]
    W = np.full((UNITS, INPUTS), np.nan)
    INITIALIZERS[name](W, np.random.default_rng(0))
    five_sigma = 5 / sqrt(W.size)
    assert abs(W.mean()) <= five_sigma * sqrt(variance)
    fourth = {"normal": 3.0, "uniform": 9 / 5, "constant": 0.0}[family] * variance**2
    assert np.mean(W**2) == pytest.approx(variance, abs=five_sigma * sqrt(max(fourth - variance**2, 0)))
    assert np.mean(W**4) == pytest.approx(fourth, rel=0.05)
    if family == "uniform":
        assert 0.999 * sqrt(3 * variance) < np.abs(W).max() <= sqrt(3 * variance)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_units_and_inputs_do_not_depend_on_one_another(name: str) -> None:
    W = np.empty((UNITS, INPUTS))
    INITIALIZERS[name](W, np.random.default_rng(0))
    spread = W.std() or 1
    assert np.abs(W.mean(axis=0)).max() < 5 * spread / sqrt(UNITS)
    assert np.abs(W.mean(axis=1)).max() < 5 * spread / sqrt(INPUTS)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_float32_is_float64_rounded(name: str) -> None:
    single, double = np.empty((4, 7), np.float32), np.empty((4, 7))
    for W in (single, double):
        INITIALIZERS[name](W, np.random.default_rng(1))
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_one_weight_is_enough(name: str) -> None:
    W = np.full((1, 1), np.nan)
    INITIALIZERS[name](W, np.random.default_rng(1))
    assert np.isfinite(W).all()
