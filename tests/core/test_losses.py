"""Losses, their derivatives, and where the two passes meet: dL/dz of the output layer."""

import re
from math import exp, log

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array
from nnfang.core.losses import LOSSES, ChainedOutputLoss, OutputLoss, SoftmaxCrossentropy, output_loss
from tests import oracle
from tests.core import witness
from tests.core.problems import OUTPUTS
from tests.core.witness import optax


def make_outputs(rows: int, n: int, scale: float = 2.0) -> tuple[Array, Array]:
    rng = np.random.default_rng(rows + n)
    return rng.normal(0, scale, (rows, n)), np.eye(n)[rng.integers(0, n, rows)]


def run(loss: OutputLoss, z: Array, y: Array) -> tuple[float, Array, Array]:
    """L, ŷ and dL/dz."""
    y_hat, delta, scratch = (np.full(shape, np.nan, z.dtype) for shape in (z.shape, z.shape, (2, *z.shape)))
    value = loss.measure(z, y, scratch)
    ACTIVATIONS[loss.activation if isinstance(loss, ChainedOutputLoss) else "softmax"].forward(z, y_hat)
    loss.output_delta(z, y, y_hat, delta, scratch)
    return value, y_hat, delta


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_over_rows_of_the_sum_on_paper(name: str, rows: int) -> None:
    z, y = make_outputs(rows, 5)
    y_hat, gradient = np.array([oracle.softmax(row) for row in z.tolist()]), np.full_like(z, np.nan)
    value, slope = oracle.LOSSES[name]
    pairs = list(zip(y.tolist(), y_hat.tolist(), strict=True))
    assert LOSSES[name].function(y, y_hat, gradient) == pytest.approx(sum(value(*p) for p in pairs) / rows, rel=1e-14)
    np.testing.assert_allclose(gradient, np.array([slope(*p) for p in pairs]) / rows, rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_the_derivative_of_a_loss_is_the_limit_of_differences(name: str) -> None:
    _, y = make_outputs(3, 4)
    y_hat, gradient, scratch = np.random.default_rng(0).uniform(0.1, 0.9, (3, 4)), np.empty((3, 4)), np.empty((3, 4))
    LOSSES[name].function(y, y_hat, gradient)
    h = 1e-6
    for at in np.ndindex(*y_hat.shape):
        step = np.zeros_like(y_hat)
        step[at] = h
        above, below = (LOSSES[name].function(y, y_hat + sign * step, scratch) for sign in (1, -1))
        assert gradient[at] == pytest.approx((above - below) / (2 * h), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize(("loss", "activation"), OUTPUTS)
def test_jax_agrees_on_the_loss_and_delta_of_an_output_layer(loss: str, activation: str, rows: int) -> None:
    z, y = make_outputs(rows, 5)
    layer = [(jnp.eye(5), jnp.zeros(5))]
    differentiate = jax.jit(jax.value_and_grad(witness.mean_loss, argnums=3), static_argnums=(0, 1))
    expected, slope = differentiate((activation,), loss, layer, jnp.asarray(z), y)
    value, a, delta = run(output_loss(activation, loss), z, y)
    assert value == pytest.approx(float(expected), rel=1e-13)
    np.testing.assert_allclose(a, witness.ACTIVATIONS[activation](z), rtol=1e-13)
    np.testing.assert_allclose(delta, slope, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize(("loss", "activation"), OUTPUTS)
def test_the_delta_of_an_output_layer_is_the_sum_on_paper(loss: str, activation: str, rows: int) -> None:
    z, y = make_outputs(rows, 5)
    _, a, delta = run(output_loss(activation, loss), z, y)
    expected = [oracle.output_delta(activation, loss, *p) for p in zip(y.tolist(), a.tolist(), strict=True)]
    np.testing.assert_allclose(delta, np.array(expected) / rows, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("rows", [1, 4])
def test_the_fused_form_equals_the_chain_through_the_jacobian(rows: int, n: int) -> None:
    z, y = make_outputs(rows, n)
    fused = run(SoftmaxCrossentropy(), z, y)
    chained = run(ChainedOutputLoss("softmax", "categorical_crossentropy"), z, y)
    for i in range(3):
        np.testing.assert_allclose(fused[i], chained[i], rtol=1e-12, atol=1e-15)
    explicit = [
        np.array(oracle.softmax_jacobian(y_hat)).T @ [-t / p for t, p in zip(truth, y_hat, strict=True)]
        for truth, y_hat in zip(y.tolist(), fused[1].tolist(), strict=True)
    ]
    np.testing.assert_allclose(fused[2], np.array(explicit) / rows, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("j", range(4))
def test_every_line_of_the_derivation_of_equation_32_says_the_same(j: int) -> None:
    z, y, h = [0.3, -1.2, 2.0, 0.9], [0.0, 0.0, 1.0, 0.0], 1e-5
    after, before = [*z], [*z]
    after[j] += h
    before[j] -= h
    both = oracle.crossentropy(y, oracle.softmax(after)), oracle.crossentropy(y, oracle.softmax(before))
    lines = oracle.loss_derivation(y, z, j)
    assert list(lines) == [26, 27, 28, 29, 30, 31, 32]
    assert list(lines.values()) == pytest.approx([(both[0] - both[1]) / (2 * h)] * 7, rel=1e-8)
    assert run(SoftmaxCrossentropy(), np.array([z]), np.array([y]))[2][0, j] == pytest.approx(lines[32], rel=1e-13)


@pytest.mark.parametrize("j", range(4))
def test_splitting_the_loss_at_j_changes_nothing(j: int) -> None:
    y, y_hat = [0.0, 0.0, 1.0, 0.0], oracle.softmax([0.3, -1.2, 2.0, 0.9])
    lines = oracle.split_loss(y, y_hat, j)
    assert list(lines) == [21, 22, 23]
    assert list(lines.values()) == pytest.approx([oracle.crossentropy(y, y_hat)] * 3, rel=1e-14)


def test_equation_6_needs_its_sum_over_i() -> None:
    z, y = make_outputs(1, 4)
    _, a, delta = run(ChainedOutputLoss("softmax", "mean_squared_error"), z, y)
    J, slope = oracle.softmax_jacobian(a[0].tolist()), 2 * (a - y)[0] / 4
    terms = np.array(J) * slope[:, None]  # row i: the product that the paper prints, for that i
    np.testing.assert_allclose(terms.sum(axis=0), delta[0], rtol=1e-13)
    assert np.min(np.abs(terms - delta).max(axis=1)) > 1e-3 * np.abs(delta).max()  # no single i would do


def test_truths_that_sum_to_1_need_not_be_one_hot() -> None:
    z, _ = make_outputs(3, 4)
    y = np.random.default_rng(0).dirichlet(np.ones(4), 3)
    value, _, delta = run(SoftmaxCrossentropy(), z, y)
    loss, slope = jax.value_and_grad(lambda z: jnp.mean(optax.softmax_cross_entropy(z, y)))(jnp.asarray(z))
    assert value == pytest.approx(float(loss), rel=1e-13)
    np.testing.assert_allclose(delta, slope, rtol=1e-12, atol=1e-15)


EXTREME = [
    ([1000.0, 0.0, -1000.0], 0, 0),
    ([1000.0, 0.0, -1000.0], 1, 1000),
    ([1000.0, 0.0, -1000.0], 2, 2000),
    ([-1000.0, -1000.0, -2000.0], 2, 1000 + log(2)),
    ([0.0, -50.0, -800.0], 1, 50),
    ([-1e6, 1e6, 3.0], 0, 2e6),
]
"""Logits, the label, and the loss."""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("logits", "label", "loss"), EXTREME)
def test_the_loss_stays_exact_where_a_probability_rounds_to_0(
    logits: list[float], label: int, loss: float, dtype: type
) -> None:
    value, a, delta = run(SoftmaxCrossentropy(), np.array([logits], dtype), np.eye(3, dtype=dtype)[[label]])
    assert value == pytest.approx(loss, rel=float(np.finfo(dtype).eps), abs=1e-15)
    assert np.isfinite(delta).all()
    np.testing.assert_array_equal(delta, a - np.eye(3, dtype=dtype)[[label]])


def test_the_loss_of_a_tiny_probability_is_its_logarithm() -> None:
    tiny = exp(-100.0)
    value, *_ = run(SoftmaxCrossentropy(), np.array([[0.0, -100.0]]), np.array([[0.0, 1.0]]))
    assert value == pytest.approx(-log(tiny) + tiny, rel=1e-15)


def test_the_printed_route_divides_by_0_where_the_fused_one_does_not() -> None:
    z, y = np.array([[0.0, -800.0]]), np.array([[0.0, 1.0]])
    assert run(SoftmaxCrossentropy(), z, y)[0] == 800
    y_hat = np.empty_like(z)
    ACTIVATIONS["softmax"].forward(z, y_hat)
    with pytest.raises(FloatingPointError):
        LOSSES["categorical_crossentropy"].function(y, y_hat, np.empty_like(z))


def test_terms_with_a_truth_of_0_count_0_even_where_the_prediction_is_0() -> None:
    y, y_hat, gradient = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.empty((1, 2))
    assert LOSSES["categorical_crossentropy"].function(y, y_hat, gradient) == 0
    assert gradient.tolist() == [[-1, 0]]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_pair_without_a_meaning_is_refused_in_words(activation: str, loss: str) -> None:
    allowed = LOSSES[loss].outputs
    if activation in allowed:
        assert output_loss(activation, loss)
        return
    message = f"loss: {loss} needs an output layer with activation {' or '.join(allowed)}, found {activation}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        output_loss(activation, loss)


def test_a_smaller_loss_may_mean_a_smaller_accuracy() -> None:
    y = [[1.0, 0.0]] * 2
    sure_and_half_correct = [[0.98, 0.02], [0.48, 0.52]]
    wavering_and_correct = [[0.51, 0.49], [0.51, 0.49]]
    losses, correct = zip(
        *(
            (sum(map(oracle.crossentropy, y, y_hats)) / 2, sum(y_hat[0] > y_hat[1] for y_hat in y_hats))
            for y_hats in (sure_and_half_correct, wavering_and_correct)
        ),
        strict=True,
    )
    assert losses[0] < losses[1]
    assert correct[0] < correct[1]
