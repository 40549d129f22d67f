"""Every activation and its derivative, against the paper's sums, differences and JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array
from tests import oracle
from tests.core import witness
from tests.core.problems import HIDDEN

Z = np.concatenate([np.linspace(-6.03, 6.01, 46), [-700.0, -40.5, 40.5, 700.0]]).reshape(5, 10)


def forward(name: str, z: Array) -> Array:
    a = np.full_like(z, np.nan)
    ACTIVATIONS[name].forward(z, a)
    return a


def backward(name: str, slope: Array, z: Array) -> Array:
    delta = slope.copy()
    ACTIVATIONS[name].backward(delta, z, forward(name, z), np.full((2, *z.shape), np.nan))
    return delta


@pytest.fixture
def slope() -> Array:
    """Some dL/da."""
    return np.random.default_rng(1).normal(0, 1, Z.shape)


@pytest.mark.parametrize("name", HIDDEN)
def test_an_activation_is_the_formula_of_one_number(name: str, slope: Array) -> None:
    moderate = np.clip(Z, -7, 7)
    q, q_prime = map(np.vectorize, oracle.Q[name])
    np.testing.assert_allclose(forward(name, moderate), q(moderate), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(backward(name, slope, moderate), slope * q_prime(moderate), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_jax_agrees_on_an_activation_and_its_derivative(name: str, slope: Array) -> None:
    a, pull_back = jax.vjp(witness.ACTIVATIONS[name], jnp.asarray(Z))
    np.testing.assert_allclose(forward(name, Z), a, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(backward(name, slope, Z), pull_back(jnp.asarray(slope))[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_the_limit_of_differences(name: str, slope: Array) -> None:
    z, h = np.clip(Z, -5, 5), 1e-6
    for unit in range(z.shape[1]):
        step = np.zeros_like(z)
        step[:, unit] = h
        difference = np.sum(slope * (forward(name, z + step) - forward(name, z - step)), axis=1) / (2 * h)
        np.testing.assert_allclose(backward(name, slope, z)[:, unit], difference, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32_and_loses_nothing_but_digits(name: str, slope: Array) -> None:
    z, single_slope = Z.astype(np.float32), slope.astype(np.float32)
    np.testing.assert_allclose(forward(name, z), forward(name, z.astype(np.float64)), rtol=1e-5, atol=1e-6)
    wide = backward(name, single_slope.astype(np.float64), z.astype(np.float64))
    np.testing.assert_allclose(backward(name, single_slope, z), wide, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_one_row_and_one_unit_are_enough(name: str) -> None:
    z, slope = np.array([[0.7]]), np.array([[1.5]])
    a, pull_back = jax.vjp(witness.ACTIVATIONS[name], jnp.asarray(z))
    np.testing.assert_allclose(forward(name, z), a, rtol=1e-14)
    np.testing.assert_allclose(backward(name, slope, z), pull_back(jnp.asarray(slope))[0], rtol=1e-13)


@pytest.mark.parametrize(("name", "at_zero"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_at_a_kink_the_derivative_is_that_from_the_left(name: str, at_zero: float) -> None:
    assert backward(name, np.ones((1, 2)), np.array([[0.0, -0.0]])).tolist() == [[at_zero, at_zero]]


def test_softmax_is_equation_7() -> None:
    z = np.random.default_rng(2).normal(0, 3, (4, 5))
    np.testing.assert_allclose(forward("softmax", z), [oracle.softmax(row) for row in z.tolist()], rtol=1e-14)


def test_softmax_goes_through_its_jacobian() -> None:
    rng = np.random.default_rng(3)
    z, slope = rng.normal(0, 2, (4, 5)), rng.normal(0, 1, (4, 5))
    y_hat = forward("softmax", z)
    sums = [oracle.through_jacobian("softmax", *rows) for rows in zip(slope.tolist(), y_hat.tolist(), strict=True)]
    np.testing.assert_allclose(backward("softmax", slope, z), sums, rtol=1e-12, atol=1e-15)


def test_the_jacobian_of_softmax_is_the_limit_of_differences() -> None:
    z, h = np.array([0.3, -1.2, 2.0, 0.9]), 1e-6
    J = oracle.softmax_jacobian(oracle.softmax(z.tolist()))
    for j in range(len(z)):
        step = h * np.eye(len(z))[j]
        column = (forward("softmax", (z + step)[None]) - forward("softmax", (z - step)[None]))[0] / (2 * h)
        np.testing.assert_allclose([row[j] for row in J], column, rtol=1e-8)


def test_softmax_of_enormous_numbers_overflows_as_printed_but_not_here() -> None:
    with pytest.raises(OverflowError):
        oracle.softmax([1000.0, 0.0, -1000.0])
    assert forward("softmax", np.array([[1000.0, 0.0, -1000.0], [-1000.0, -1000.0, -1000.0]])).tolist() == [
        [1.0, 0.0, 0.0],
        [1 / 3, 1 / 3, 1 / 3],
    ]


@pytest.mark.parametrize("i", range(4))
def test_every_line_of_the_first_case_says_the_same(i: int) -> None:
    z = [0.3, -1.2, 2.0, 0.9]
    lines = oracle.diagonal_derivation(z, i)
    assert list(lines) == [10, 11, 12, 13, 14]
    assert list(lines.values()) == pytest.approx([softmax_slope(z, i, i)] * 5, rel=1e-8)


@pytest.mark.parametrize(("i", "j"), [(0, 1), (2, 0), (3, 2)])
def test_every_line_of_the_second_case_says_the_same(i: int, j: int) -> None:
    z = [0.3, -1.2, 2.0, 0.9]
    lines = oracle.off_diagonal_derivation(z, i, j)
    assert list(lines) == [16, 17, 18, 19, 20]
    assert list(lines.values()) == pytest.approx([softmax_slope(z, i, j)] * 5, rel=1e-8)


def test_equation_15_differentiates_by_z_j() -> None:
    z, i, j = [0.3, -1.2, 2.0, 0.9], 0, 2
    meant, printed = softmax_slope(z, i, j), softmax_slope(z, i, i)
    assert oracle.off_diagonal_derivation(z, i, j)[20] == pytest.approx(meant, rel=1e-8)
    assert printed > 0 > meant


def softmax_slope(z: list[float], i: int, j: int, h: float = 1e-5) -> float:
    """∂ŷ_i/∂z_j as the limit of differences: the left-hand side of eq. 9 (i = j) and 15."""
    after, before = [*z], [*z]
    after[j] += h
    before[j] -= h
    return (oracle.softmax(after)[i] - oracle.softmax(before)[i]) / (2 * h)
