"""What speaks for a class: the sums that hold whatever the network, and JAX, which shares no formula with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.network import Network
from nnfang.training.attribution import STRAIGHT, attribute, differentiate_units
from tests.core.problems import HIDDEN, random_network
from tests.core.witness import ACTIVATIONS, activations_of

if TYPE_CHECKING:
    from nnfang.core.arrays import Array

INPUTS = 12
X = np.random.default_rng(0).uniform(0, 1, INPUTS)


def make(activation: str, output: str = "softmax") -> Network:
    return random_network([Dense(9, activation), Dense(7, activation), Dense(4, output)], INPUTS)


def logits(network: Network, x: Any) -> Any:
    """z of the output layer, by JAX."""
    for name, (W, b) in zip((*activations_of(network)[:-1], "linear"), network.parameters, strict=True):
        x = ACTIVATIONS[name](W @ x + b)
    return x


def f(network: Network, x: Any) -> Any:
    z = logits(network, x)
    return z[2] - z[1]


@pytest.mark.parametrize(("activation", "output"), [*((name, "softmax") for name in HIDDEN), ("tanh", "linear")])
def test_jax_finds_the_same_gradients(activation: str, output: str) -> None:
    network = make(activation, output)
    found, _ = attribute(network, X, 2, 1)
    assert (found.winner, found.rival) == (2, 1)
    assert found.difference == pytest.approx(float(f(network, jnp.asarray(X))), rel=1e-12)
    assert found.of_black == pytest.approx(float(f(network, jnp.zeros(INPUTS))), rel=1e-12)
    gradient = np.asarray(jax.grad(f, argnums=1)(network, jnp.asarray(X)))
    np.testing.assert_allclose(found.gradient, gradient, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.times_input, gradient * X, rtol=1e-10, atol=1e-13)
    path = (jnp.arange(4_000)[:, None] + 0.5) / 4_000 * X
    mean = np.asarray(jax.vmap(jax.grad(lambda x: f(network, x)))(path)).mean(axis=0)
    np.testing.assert_allclose(found.integrated, mean * X, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("activation", HIDDEN)
def test_integrated_gradients_are_complete(activation: str) -> None:
    found, _ = attribute(make(activation), X, 2, 1)
    assert found.integrated.sum() == pytest.approx(found.difference - found.of_black, abs=1e-4)


@pytest.mark.parametrize("activation", HIDDEN)
def test_with_straight_lines_pixels_and_biases_make_up_the_difference(activation: str) -> None:
    found, _ = attribute(make(activation), X, 2, 1)
    assert found.is_linear == (activation in STRAIGHT)
    assert (abs(found.times_input.sum() + found.biases - found.difference) < 1e-12) == found.is_linear


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_without_biases_both_ways_are_one(activation: str) -> None:
    network = make(activation)
    for _, b in network.parameters:
        b[...] = 0
    found, _ = attribute(network, X, 2, 1)
    assert found.of_black == found.biases == 0
    assert found.times_input.sum() == pytest.approx(found.difference, rel=1e-12)
    np.testing.assert_allclose(found.integrated, found.times_input, rtol=1e-10, atol=1e-13)


def test_the_other_way_round_everything_has_the_other_sign() -> None:
    network = make("tanh")
    one, other = attribute(network, X, 2, 1)[0], attribute(network, X, 1, 2)[0]
    np.testing.assert_allclose(one.integrated, -other.integrated, rtol=1e-12)
    assert one.difference == -other.difference


def test_dropout_drops_nothing_here() -> None:
    layers: list[Layer] = [Dropout(0.4), Dense(9), Dropout(0.5), Dense(4, "softmax")]
    network = random_network(layers, INPUTS)
    plain = Network((layers[1], layers[3]), INPUTS, network.theta)
    (found, acting), (expected, alone) = attribute(network, X, 2, 1), attribute(plain, X, 2, 1)
    np.testing.assert_array_equal(found.integrated, expected.integrated)
    assert [layer.index for layer in acting] == [1, 3]
    for one, other in zip(acting, alone, strict=True):
        np.testing.assert_array_equal(one.carried, other.carried)


@pytest.mark.parametrize("activation", HIDDEN)
def test_what_units_carry_is_their_activation_times_its_weights_in_the_end(activation: str) -> None:
    network = make(activation)
    found, (first, second, output) = attribute(network, X, 2, 1)
    W, b = network.parameters[-1]
    np.testing.assert_allclose(second.carried, second.a * (W[2] - W[1]), rtol=1e-12, atol=1e-15)
    assert second.carried.sum() + b[2] - b[1] == pytest.approx(found.difference, rel=1e-12)
    np.testing.assert_allclose(output.carried, [0, -output.z[1], output.z[2], 0])
    np.testing.assert_allclose(output.a, network.predict(X[None])[0], rtol=1e-12)

    def from_first(a: Any) -> Any:
        inner = Network(network.layers[1:], 9, network.theta[9 * INPUTS + 9 :])
        return f(inner, a)

    of_a = np.asarray(jax.grad(from_first)(jnp.asarray(first.a)))
    np.testing.assert_allclose(first.carried, first.a * of_a, rtol=1e-10, atol=1e-13)


def test_the_units_that_carry_most_come_first_and_those_that_carry_nothing_not_at_all() -> None:
    _, (first, *_) = attribute(make("relu"), X, 2, 1)
    order = first.most_important(99)
    assert list(np.abs(first.carried[order])) == sorted(np.abs(first.carried[first.carried != 0]), reverse=True)
    assert list(first.most_important(2)) == list(order[:2])
    assert 0 < len(order) < 9, "some unit is silent"


@pytest.mark.parametrize("activation", HIDDEN)
def test_what_a_unit_looks_for_is_the_gradient_of_its_z(activation: str) -> None:
    network = make(activation)
    np.testing.assert_array_equal(
        differentiate_units(network, X, 0, np.array([5, 2])), network.parameters[0][0][[5, 2]]
    )

    def z_of_second(x: Any) -> Any:
        (W, b), (V, c) = network.parameters[:2]
        return V @ ACTIVATIONS[activation](W @ x + b) + c

    expected: Array = np.asarray(jax.jacobian(z_of_second)(jnp.asarray(X)))
    np.testing.assert_allclose(differentiate_units(network, X, 1, np.array([6, 0, 6])), expected[[6, 0, 6]], rtol=1e-9)


def test_a_network_of_float32_is_left_alone_and_computed_in_float64() -> None:
    network = Network.initialize([Dense(9), Dense(4, "softmax")], INPUTS, seed=3)
    theta = network.theta.copy()
    found, layers = attribute(network, X.astype(np.float32), 2, 1)
    np.testing.assert_array_equal(network.theta, theta)
    assert found.integrated.dtype == layers[0].a.dtype == np.float64
    assert found.times_input.sum() + found.biases == pytest.approx(found.difference, rel=1e-12)
