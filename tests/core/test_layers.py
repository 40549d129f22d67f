"""Each kind of layer by itself: its forward pass, its gradients and what it propagates."""

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.core.layers import LAYERS, Dense, Dropout, Layer
from nnfang.core.workspace import LayerWorkspace
from tests import oracle
from tests.core.problems import HIDDEN


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape)


def dense(m: int, n: int, p: int, activation: str = "tanh") -> tuple[Dense, tuple[Array, Array], Array, LayerWorkspace]:
    """A layer, its W and b, an a of the layer before, and a workspace after the forward pass."""
    layer, parameters, a_previous = Dense(n, activation), (numbers(n, p), numbers(n)), numbers(m, p, seed=1)
    workspace = layer.allocate(m, p, np.dtype(np.float64))
    layer.affine(a_previous, parameters, workspace, None)
    layer.activate(workspace)
    return layer, parameters, a_previous, workspace


SIZES = pytest.mark.parametrize(("m", "n", "p"), [(1, 3, 4), (5, 3, 4), (1, 1, 1), (5, 1, 4), (5, 3, 1)])


@SIZES
def test_a_dense_layer_is_affine_by_equation_1(m: int, n: int, p: int) -> None:
    _, (W, b), a_previous, workspace = dense(m, n, p)
    expected = [oracle.affine(W.tolist(), b.tolist(), row) for row in a_previous.tolist()]
    np.testing.assert_allclose(workspace.z, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("activation", [*HIDDEN, "softmax"])
def test_a_dense_layer_activates_by_equation_2(activation: str) -> None:
    *_, workspace = dense(4, 3, 5, activation)
    np.testing.assert_allclose(
        workspace.a, [oracle.activate(activation, row) for row in workspace.z.tolist()], rtol=1e-13
    )


@SIZES
def test_a_dense_layer_sums_over_rows_the_gradients_of_equations_39_and_40(m: int, n: int, p: int) -> None:
    layer, (W, b), a_previous, workspace = dense(m, n, p)
    workspace.delta[...] = numbers(m, n, seed=2)
    dW, db = np.full_like(W, np.nan), np.full_like(b, np.nan)
    layer.parameter_gradients(a_previous, workspace, (dW, db))
    pairs = zip(workspace.delta.tolist(), a_previous.tolist(), strict=True)
    np.testing.assert_allclose(dW, sum(np.array(oracle.weight_gradient(*pair)) for pair in pairs), atol=1e-14)
    np.testing.assert_allclose(db, [sum(column) for column in workspace.delta.T.tolist()], atol=1e-14)


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
    layer, (W, b), a_previous, workspace = dense(1, 3, 4)
    start, h = workspace.z.copy(), 0.5  # z is linear in a, so that a difference of any size is exact
    for i in range(4):
        layer.affine(a_previous + h * np.eye(4)[i], (W, b), workspace, None)
        np.testing.assert_allclose((workspace.z - start)[0] / h, W[:, i], rtol=1e-13)


def test_inputs_need_not_lie_in_one_piece() -> None:
    layer, parameters, a_previous, workspace = dense(4, 3, 5)
    z = workspace.z.copy()
    workspace.delta[...] = numbers(4, 3, seed=2)
    for scattered in (np.asfortranarray(a_previous), np.repeat(a_previous, 2, axis=1)[:, ::2]):
        gradients = [(np.empty((3, 5)), np.empty(3)) for _ in range(2)]
        layer.affine(scattered, parameters, workspace, None)
        np.testing.assert_allclose(workspace.z, z, rtol=1e-13)
        layer.parameter_gradients(a_previous, workspace, gradients[0])
        layer.parameter_gradients(scattered, workspace, gradients[1])
        np.testing.assert_allclose(gradients[0][0], gradients[1][0], rtol=1e-13)


def test_the_head_of_a_layers_workspace_is_made_of_views() -> None:
    layers: list[tuple[Layer, object]] = [(Dense(3), ((2, 2, 3), (2, 0))), (Dropout(), ((0, 2, 3), (2, 3)))]
    for layer, shapes in layers:
        workspace = layer.allocate(5, 3, np.dtype(np.float32))
        head = workspace.head(2)
        names = {"z", "a", "delta", "ones", "mask" if isinstance(layer, Dropout) else "scratch"}
        for name in names:
            assert np.shares_memory(getattr(workspace, name), getattr(head, name))
            assert getattr(head, name).dtype == np.float32
        assert head.a.shape == head.z.shape == head.delta.shape == (2, 3)
        assert head.ones.shape == (2,)
        assert (head.scratch.shape, head.mask.shape) == shapes


def dropout(rate: float, a_previous: Array, seed: int | None) -> LayerWorkspace:
    layer = Dropout(rate)
    workspace = layer.allocate(len(a_previous), a_previous.shape[1], a_previous.dtype)
    workspace.mask[...] = np.nan
    layer.affine(a_previous, (), workspace, None if seed is None else np.random.default_rng(seed))
    layer.activate(workspace)
    return workspace


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
    workspace = dropout(0.4, a_previous, seed=3)
    workspace.delta[...] = numbers(6, 50, seed=1)
    delta_previous = np.full((6, 50), np.nan)
    layer.differentiate(workspace)
    layer.propagate((), workspace, delta_previous)
    np.testing.assert_allclose(delta_previous, workspace.delta * workspace.a / a_previous, rtol=1e-13)
    assert 0 < np.count_nonzero(delta_previous == 0) < delta_previous.size


def test_dropout_without_a_generator_changes_nothing_in_either_direction() -> None:
    layer, a_previous = Dropout(0.4), numbers(6, 5)
    workspace = dropout(0.4, a_previous, seed=None)
    np.testing.assert_array_equal(workspace.a, a_previous)
    workspace.delta[...] = numbers(6, 5, seed=1)
    delta_previous = np.full((6, 5), np.nan)
    layer.propagate((), workspace, delta_previous)
    np.testing.assert_array_equal(delta_previous, workspace.delta)


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
