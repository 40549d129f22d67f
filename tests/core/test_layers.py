"""Each kind of layer by itself: what it weighs, activates, accumulates and propagates."""

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.core.layers import LAYERS, Dense, Dropout, Layer, LayerTrace
from tests import oracle
from tests.core.problems import HIDDEN


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape)


def dense(m: int, n: int, p: int, activation: str = "tanh") -> tuple[Dense, tuple[Array, Array], Array, LayerTrace]:
    """A layer, its W and b, an a of the layer before, and a trace after both halves of the forward process."""
    layer, parameters, a_previous = Dense(n, activation), (numbers(n, p), numbers(n)), numbers(m, p, seed=1)
    trace = layer.trace(m, p, np.dtype(np.float64))
    layer.weigh(a_previous, parameters, trace, None)
    layer.activate(trace)
    return layer, parameters, a_previous, trace


SIZES = pytest.mark.parametrize(("m", "n", "p"), [(1, 3, 4), (5, 3, 4), (1, 1, 1), (5, 1, 4), (5, 3, 1)])


@SIZES
def test_a_dense_layer_weighs_by_equation_1(m: int, n: int, p: int) -> None:
    _, (W, b), a_previous, trace = dense(m, n, p)
    expected = [oracle.weigh(W.tolist(), b.tolist(), row) for row in a_previous.tolist()]
    np.testing.assert_allclose(trace.z, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("activation", [*HIDDEN, "softmax"])
def test_a_dense_layer_activates_by_equation_2(activation: str) -> None:
    *_, trace = dense(4, 3, 5, activation)
    np.testing.assert_allclose(trace.a, [oracle.activate(activation, row) for row in trace.z.tolist()], rtol=1e-13)


@SIZES
def test_a_dense_layer_accumulates_the_sum_over_rows_of_equations_39_and_40(m: int, n: int, p: int) -> None:
    layer, (W, b), a_previous, trace = dense(m, n, p)
    trace.delta[...] = numbers(m, n, seed=2)
    dW, db = np.full_like(W, np.nan), np.full_like(b, np.nan)
    layer.accumulate(a_previous, trace, (dW, db))
    pairs = zip(trace.delta.tolist(), a_previous.tolist(), strict=True)
    np.testing.assert_allclose(dW, sum(np.array(oracle.weight_gradient(*pair)) for pair in pairs), atol=1e-14)
    np.testing.assert_allclose(db, [sum(column) for column in trace.delta.T.tolist()], atol=1e-14)


@pytest.mark.parametrize("activation", HIDDEN)
@SIZES
def test_propagate_and_differentiate_are_the_two_factors_of_equation_38(
    m: int, n: int, p: int, activation: str
) -> None:
    following, (W, _), _, after = dense(m, n, p)
    layer, *_, before = dense(m, p, 2, activation)
    after.delta[...] = numbers(m, n, seed=2)
    following.propagate((W, np.zeros(n)), after, before.delta)
    layer.differentiate(before)
    rows = zip(before.z.tolist(), after.delta.tolist(), strict=True)
    expected = [oracle.hidden_delta(activation, z, W.tolist(), delta) for z, delta in rows]
    np.testing.assert_allclose(before.delta, expected, rtol=1e-12, atol=1e-14)


def test_a_matrix_is_the_jacobian_of_its_layer() -> None:
    layer, (W, b), a_previous, trace = dense(1, 3, 4)
    start, h = trace.z.copy(), 0.5  # z is linear in a, so that a difference of any size is exact
    for i in range(4):
        layer.weigh(a_previous + h * np.eye(4)[i], (W, b), trace, None)
        np.testing.assert_allclose((trace.z - start)[0] / h, W[:, i], rtol=1e-13)


def test_inputs_need_not_lie_in_one_piece() -> None:
    layer, parameters, a_previous, trace = dense(4, 3, 5)
    z = trace.z.copy()
    trace.delta[...] = numbers(4, 3, seed=2)
    for scattered in (np.asfortranarray(a_previous), np.repeat(a_previous, 2, axis=1)[:, ::2]):
        gradients = [(np.empty((3, 5)), np.empty(3)) for _ in range(2)]
        layer.weigh(scattered, parameters, trace, None)
        np.testing.assert_allclose(trace.z, z, rtol=1e-13)
        layer.accumulate(a_previous, trace, gradients[0])
        layer.accumulate(scattered, trace, gradients[1])
        np.testing.assert_allclose(gradients[0][0], gradients[1][0], rtol=1e-13)


def test_the_head_of_a_trace_is_the_trace_itself() -> None:
    layers: tuple[Layer, ...] = (Dense(3), Dropout())
    for layer in layers:
        trace = layer.trace(5, 3, np.dtype(np.float32))
        head = trace.head(2)
        for name in ("z", "a", "delta", "work"):
            assert np.shares_memory(getattr(trace, name), getattr(head, name))
            assert getattr(head, name).dtype == np.float32
        assert head.a.shape == (2, 3)
        assert head.work.shape == (2, 2, 3)


def dropout(rate: float, a_previous: Array, seed: int | None) -> LayerTrace:
    layer = Dropout(rate)
    trace = layer.trace(len(a_previous), a_previous.shape[1], a_previous.dtype)
    trace.work[...] = np.nan
    layer.weigh(a_previous, (), trace, None if seed is None else np.random.default_rng(seed))
    layer.activate(trace)
    return trace


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_leaves_the_expected_value_as_it_was(rate: float, dtype: type) -> None:
    a = dropout(rate, np.ones((200, 500), dtype), seed=0).a
    kept = a != 0
    np.testing.assert_allclose(a[kept], 1 / (1 - rate), rtol=1e-6)
    bound = 5 * np.sqrt(rate * (1 - rate) / a.size)
    assert abs(kept.mean() - (1 - rate)) <= bound
    assert a.astype(np.float64).mean() == pytest.approx(1, abs=bound / (1 - rate) + 1e-6)


def test_dropout_sends_back_the_mask_that_it_used() -> None:
    layer, a_previous = Dropout(0.4), numbers(6, 50)
    trace = dropout(0.4, a_previous, seed=3)
    trace.delta[...] = numbers(6, 50, seed=1)
    delta_previous = np.full((6, 50), np.nan)
    layer.differentiate(trace)
    layer.propagate((), trace, delta_previous)
    np.testing.assert_allclose(delta_previous, trace.delta * trace.a / a_previous, rtol=1e-13)
    assert 0 < np.count_nonzero(delta_previous == 0) < delta_previous.size


def test_dropout_without_a_generator_changes_nothing_in_either_direction() -> None:
    layer, a_previous = Dropout(0.4), numbers(6, 5)
    trace = dropout(0.4, a_previous, seed=None)
    np.testing.assert_array_equal(trace.a, a_previous)
    trace.delta[...] = numbers(6, 5, seed=1)
    delta_previous = np.full((6, 5), np.nan)
    layer.propagate((), trace, delta_previous)
    np.testing.assert_array_equal(delta_previous, trace.delta)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_says_its_width_and_shapes_and_fills_them(kind: str) -> None:
    examples: dict[str, Layer] = {"dense": Dense(3), "dropout": Dropout()}
    layer = examples[kind]
    shapes = layer.shapes(5)
    assert (layer.width(5), shapes) == {"dense": (3, ((3, 5), (3,))), "dropout": (5, ())}[kind]
    parameters = tuple(np.full(shape, np.nan) for shape in shapes)
    layer.initialize(parameters, np.random.default_rng(0))
    assert all(np.isfinite(array).all() for array in parameters)
    assert all(not array.any() for array in parameters[1:])  # b = 0


def test_layers_are_equal_by_value_and_cannot_be_changed() -> None:
    assert Dense(3) == Dense(3) != Dense(4)
    with pytest.raises(AttributeError):
        Dense(3).units = 4  # type: ignore[misc]
