"""Correct maths passes at 1e-6, whatever the registries combine; each single fault in it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnfang.core import activations, losses, optimizers
from nnfang.core.activations import ACTIVATIONS, Activation
from nnfang.core.constraints import FieldError
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.losses import LOSSES
from nnfang.core.network import Network
from nnfang.core.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, RmsProp, Sgd
from nnfang.core.schedules import SCHEDULES
from nnfang.engines import updates
from nnfang.training import continuation, steps
from nnfang.training.checking import Check, check_recipe, draw_images
from nnfang.training.derivatives import CONDITION, TOLERANCE, Row, check_gradients
from nnfang.training.differences import Direction, central_difference
from nnfang.training.recipe import Recipe
from tests.core.problems import HIDDEN, OUTPUTS

if TYPE_CHECKING:
    from nnfang.core.arrays import Array

SHAPE, CLASSES = (6, 5), 4
WITNESSES = ("differences", "complex_step")


@pytest.fixture(autouse=True)
def loud_arithmetic() -> Iterator[None]:
    """A division by zero, an overflow or a NaN out of numbers is an error."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield


def recipe_of(*hidden: Layer, output: str = "softmax", **keys: Any) -> Recipe:
    """A small recipe for `SHAPE`."""
    return Recipe(layers=(*hidden, Dense(CLASSES, output)), **{"engine": "batch", **keys})


def check(recipe: Recipe, scale: float = 1.0) -> Check:
    """Check a recipe, with fresh weights times `scale`, on noise."""
    data = draw_images(SHAPE, CLASSES, recipe.seed)
    network = Network.for_recipe(recipe, data)
    network.theta[...] *= scale
    return check_recipe(network, data, recipe)


def worst(rows: list[Row], witness: str) -> float:
    return max(float(getattr(row, witness)) for row in rows if getattr(row, witness) is not None)


@pytest.mark.parametrize("scale", [1, 5, 20])
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation_and_loss_passes_however_saturated(
    activation: str, loss: str, output: str, scale: float
) -> None:
    layers = (Dropout(0.2), Dense(9, activation), Dropout(0.3), Dense(7, activation))
    found = check(recipe_of(*layers, output=output, loss=loss, optimizer=Sgd(1e-4)), scale)
    assert found.is_right, found
    assert found.largest <= TOLERANCE


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_every_initializer_passes(initializer: str) -> None:
    assert check(recipe_of(Dense(9, "tanh", initializer))).is_right


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_and_schedule_passes(optimizer: str, schedule: str) -> None:
    recipe = recipe_of(Dense(9), optimizer=OPTIMIZERS[optimizer](weight_decay=0.01), batch_size=4)  # type: ignore[call-arg]
    found = check(replace(recipe, schedule=SCHEDULES[schedule](warmup=1.5)))  # type: ignore[call-arg]
    assert found.is_right, found.steps
    assert [row.name for row in found.steps] == [optimizer, "batch"]


@pytest.mark.parametrize("engine", ["auto", "batch", "online"])
def test_the_engine_that_the_recipe_names_is_checked(engine: str) -> None:
    found = check(recipe_of(Dense(9), engine=engine))
    assert found.is_right
    assert engine in {"auto", found.steps[1].name}


def test_an_engine_that_cannot_run_the_recipe_is_refused_as_in_training() -> None:
    with pytest.raises(FieldError, match="engine"):
        check(recipe_of(Dense(9), engine="online", batch_size=4))


def test_every_formula_has_a_witness() -> None:
    assert continuation.CONTINUATIONS.keys() == ACTIVATIONS.keys()
    assert continuation.LOSSES.keys() == LOSSES.keys()
    assert steps.WRITTEN_OUT.keys() == set(OPTIMIZERS.values())


def test_the_rows_go_backward_with_the_equations_of_the_paper() -> None:
    found = check(recipe_of(Dense(9), Dropout(0.1), Dense(7)))
    assert [(row.name, row.equation) for row in found.rows] == [
        ("z", "32"),
        ("z", "6, 14, 20"),
        ("layers.2.weight", "35"),
        ("layers.2.bias", "37"),
        ("layers.1.weight", "39"),
        ("layers.1.bias", "40"),
        ("layers.0.weight", "42"),
        ("layers.0.bias", "43"),
        ("x", "38"),
    ]
    assert [row.checked for row in found.rows[2:4]] == [21, 5]  # 20 of 28 and all 4, and a direction


def test_the_network_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    network = Network.initialize([Dense(9), Dense(3, "softmax")], 5, dtype=np.float64)
    x, theta = rng.random((4, 5)), network.theta.copy()
    before = x.copy()
    for _ in check_gradients(network, "categorical_crossentropy", x, np.eye(3)[[0, 1, 2, 0]]):
        assert np.array_equal(network.theta, theta)
        assert np.array_equal(x, before)


def test_float32_is_refused() -> None:
    network = Network.initialize([Dense(3, "softmax")], 5)
    with pytest.raises(ValueError, match="float64 is needed, found a network of float32"):
        next(check_gradients(network, "categorical_crossentropy", np.ones((1, 5)), np.eye(3)[[0]]))


def test_a_kink_is_set_aside_and_no_error() -> None:
    recipe = recipe_of(Dense(9, "relu"), Dense(7, "relu"))
    data = draw_images(SHAPE, CLASSES, 0)
    network = Network.for_recipe(recipe, data)
    network.parameters[0][0][...] = 0  # every z of the first layer is 0: b stands on the kink
    found = check_recipe(network, data, recipe)
    assert found.is_right, found.rows
    by_name = {row.name: row for row in found.rows}
    assert by_name["layers.0.bias"].differences is None
    assert by_name["layers.0.bias"].set_aside > 0


def test_a_difference_shrinks_until_it_crosses_no_kink() -> None:
    x = np.array([3e-5])

    def evaluate() -> tuple[float, list[Any]]:
        return float(np.maximum(x, 0).sum()), [x > 0]

    found = central_difference(x, Direction((0,), 1.0), evaluate, TOLERANCE)
    assert found is not None
    assert found.value == pytest.approx(1, abs=1e-9)
    assert x[0] == 3e-5
    x[0] = 1e-7
    assert central_difference(x, Direction((0,), 1.0), evaluate, TOLERANCE) is None


def scaled(function: Callable[..., None], factor: float) -> Callable[..., None]:
    """A derivative with a wrong factor: `backward` of an activation."""

    def wrong(delta: Array, *rest: Array) -> None:
        function(delta, *rest)
        delta *= factor

    return wrong


def test_a_difference_shrinks_where_the_function_bends() -> None:
    x = np.array([0.3])
    found = central_difference(x, Direction((0,), 1.0), lambda: (float(np.sin(900 * x).sum()), []), TOLERANCE)
    assert found is not None
    assert found.value == pytest.approx(900 * np.cos(270), rel=1e-8)


def test_a_difference_shrinks_where_a_term_grows_by_e_within_h() -> None:
    x, k = np.array([0.0]), 2e4  # orders 2 and 4 agree to 1e-5 at h = 1e-4, and both are wrong by about as much
    found = central_difference(
        x, Direction((0,), 1.0), lambda: (float((5 * x + 1e-4 / k * np.exp(k * x)).sum()), []), TOLERANCE
    )
    assert found is not None
    assert found.value == pytest.approx(5.0001, rel=1e-8)


def test_where_training_diverges_the_steps_before_are_compared_and_the_gradients_are_right() -> None:
    found = check(recipe_of(Dense(9, "linear"), output="linear", loss="mean_squared_error", optimizer=Sgd(1e3)), 20)
    assert found.is_right
    assert found.steps[1].steps < found.steps[1].planned


def test_a_gradient_that_vanishes_is_told_apart_from_one_that_is_right() -> None:
    recipe = recipe_of(Dense(9, "tanh"))
    data = draw_images(SHAPE, CLASSES, 0)
    network = Network.for_recipe(recipe, data)
    network.parameters[-1][0][...] = 0  # no gradient passes Wᵀ = 0
    told = {row.name: row.is_told for row in check_recipe(network, data, recipe).rows}
    assert [name for name, is_told in told.items() if not is_told] == ["layers.0.weight", "layers.0.bias", "x"]


FACTORS = {"sign": -1.0, "factor of 2": 2.0, "a part in 10,000": 1.0001}


@pytest.mark.parametrize("witness", WITNESSES)
@pytest.mark.parametrize("factor", FACTORS.values(), ids=list(FACTORS))
@pytest.mark.parametrize("activation", HIDDEN)
def test_a_wrong_derivative_of_an_activation_is_found(
    activation: str, factor: float, witness: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ACTIVATIONS[activation]
    monkeypatch.setitem(ACTIVATIONS, activation, Activation(right.forward, scaled(right.backward, factor)))
    found = check(recipe_of(Dense(9, activation), Dense(7, "tanh" if activation != "tanh" else "sigmoid")))
    assert worst(found.rows, witness) > TOLERANCE
    wrong = {row.name for row in found.rows if not row.is_right}
    assert {"layers.0.weight", "x"} <= wrong
    assert not {"z", "layers.2.weight", "layers.1.bias"} & wrong  # what lies behind it is right


def test_the_derivative_of_another_activation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "tanh", Activation(activations.tanh, activations.sigmoid_backward))
    assert not check(recipe_of(Dense(9, "tanh"))).is_right


def test_a_forward_pass_that_is_wrong_on_both_ways_is_found_by_the_complex_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(activations, "GELU_CUBIC", 0.04)
    rows = check(recipe_of(Dense(9, "gelu"))).rows
    assert worst(rows, "differences") <= TOLERANCE  # its derivative is that of the same wrong function
    assert worst(rows, "complex_step") > TOLERANCE


def forget_the_mean(self: Any, z: Array, y: Array, y_hat: Array, delta: Array, scratch: Array) -> None:
    np.subtract(y_hat, y, out=delta)


def turn_the_sign(self: Any, z: Array, y: Array, y_hat: Array, delta: Array, scratch: Array) -> None:
    np.subtract(y, y_hat, out=delta)
    delta /= len(y)


@pytest.mark.parametrize("fault", [forget_the_mean, turn_the_sign])
def test_a_fault_of_equation_32_is_found(fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses.SoftmaxCrossentropy, "output_delta", fault)
    rows = check(recipe_of(Dense(9))).rows
    assert [row.equation for row in rows if row.name == "z" and not row.is_right] == ["32"]
    assert worst(rows, "differences") > TOLERANCE
    assert worst(rows, "complex_step") > TOLERANCE


def test_a_jacobian_without_its_sum_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def diagonal(delta: Array, z: Array, a: Array, scratch: Array) -> None:
        delta *= a * (1 - a)

    monkeypatch.setitem(ACTIVATIONS, "softmax", Activation(activations.softmax, diagonal))
    rows = check(recipe_of(Dense(9))).rows
    assert [row.equation for row in rows if not row.is_right] == ["6, 14, 20"]


def forget_transpose(self: Dense, parameters: Any, workspace: Any, delta_previous: Array) -> None:
    np.matmul(workspace.delta, parameters[0].T, out=delta_previous)


def forget_a_row(self: Dense, a_previous: Array, workspace: Any, gradients: Any) -> None:
    np.matmul(workspace.delta[1:].T, a_previous[1:], out=gradients[0])
    np.dot(workspace.ones, workspace.delta, out=gradients[1])


def mean_of_bias(self: Dense, a_previous: Array, workspace: Any, gradients: Any) -> None:
    np.matmul(workspace.delta.T, a_previous, out=gradients[0])
    np.mean(workspace.delta, axis=0, out=gradients[1])


def add_wrongly(self: Dense, a_previous: Array, workspace: Any, gradients: Any) -> None:
    np.matmul(workspace.delta.T, a_previous, out=gradients[0])
    np.dot(workspace.ones, workspace.delta, out=gradients[1])
    gradients[0][-1, -1] += 1e-3


@pytest.mark.parametrize("witness", WITNESSES)
@pytest.mark.parametrize(
    ("method", "fault", "wrong"),
    [
        ("propagate", forget_transpose, "layers.0.weight"),
        ("parameter_gradients", forget_a_row, "layers.1.weight"),
        ("parameter_gradients", mean_of_bias, "layers.1.bias"),
        ("parameter_gradients", add_wrongly, "layers.0.weight"),
    ],
)
def test_a_fault_of_a_dense_layer_is_found(
    method: str, fault: Callable[..., None], wrong: str, witness: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dense, method, fault)
    square = Recipe(layers=(Dense(5, "tanh"), Dense(5, "softmax")), engine="batch")  # so that shapes hide no transpose
    data = draw_images((5, 1), 5, 0)
    rows = check_recipe(Network.for_recipe(square, data), data, square).rows
    found = {row.name: getattr(row, witness) for row in rows}
    assert found[wrong] > TOLERANCE


def test_one_wrong_weight_of_many_is_found_by_the_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dense, "parameter_gradients", add_wrongly)
    recipe = recipe_of(Dense(300, "tanh"))
    row = next(row for row in check(recipe).rows if row.name == "layers.0.weight")
    assert row.complex_step > TOLERANCE


def test_a_mask_that_is_forgotten_on_the_way_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(self: Dropout, parameters: Any, workspace: Any, delta_previous: Array) -> None:
        delta_previous[...] = workspace.delta

    monkeypatch.setattr(Dropout, "propagate", forget)
    wrong = [row.name for row in check(recipe_of(Dense(9), Dropout(0.5))).rows if not row.is_right]
    assert wrong == ["layers.0.weight", "layers.0.bias", "x"]


@pytest.mark.parametrize(
    ("optimizer", "changes"),
    [
        (Sgd(weight_decay=0.01), {"weight_decay": 0.0}),
        (Sgd(weight_decay=0.01), {"weight_decay": -0.01}),
        (Momentum(weight_decay=0.01), {"weight_decay": 0.0}),
        (Momentum(), {"momentum": 0.0}),
        (Momentum(nesterov=True), {"nesterov": False}),
        (RmsProp(), {"decay": 0.8}),
        (RmsProp(), {"epsilon": 1e-3}),
        (Adam(), {"beta1": 0.8}),
        (Adam(), {"beta2": 0.99}),
        (Adam(weight_decay=0.01), {"weight_decay": 0.0}),
        (AdamW(weight_decay=0.01), {"weight_decay": 0.0}),
    ],
    ids=repr,
)
def test_a_fault_of_an_optimizer_is_found(
    optimizer: Any, changes: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = with_other(optimizer, changes)
    monkeypatch.setattr(type(optimizer), "update", wrong)
    found = check(recipe_of(Dense(9), optimizer=optimizer, batch_size=4))
    assert not found.steps[0].is_right
    assert all(row.is_right for row in found.rows)  # the gradients are


def with_other(optimizer: Any, changes: dict[str, float]) -> Callable[..., None]:
    """An update of other hyper-parameters, which may be impossible ones."""
    right, other = type(optimizer).update, replace(optimizer)
    for name, value in changes.items():
        object.__setattr__(other, name, value)

    def wrong(self: Any, *arguments: Any) -> None:
        right(other, *arguments)

    return wrong


def test_a_bias_of_adam_that_is_not_corrected_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def direction(self: Adam, g: Array, state: dict[str, Array], t: int) -> Array:
        m, v = state["mean"], state["mean_square"]
        m[...] = self.beta1 * m + (1 - self.beta1) * g
        v[...] = self.beta2 * v + (1 - self.beta2) * g**2
        return np.asarray(m / (np.sqrt(v) + self.epsilon))

    monkeypatch.setattr(optimizers.Adam, "direction", direction)
    assert not check(recipe_of(Dense(9), optimizer=Adam())).steps[0].is_right


def test_an_engine_that_forgets_weight_decay_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "add_weight_decay", lambda *_: None)
    found = check(recipe_of(Dense(9), optimizer=Sgd(weight_decay=1e-4)))
    assert [row.is_right for row in found.steps] == [True, False]


def test_what_is_not_a_number_is_wrong() -> None:
    row = Row("x", "38", (1,), 1, 0, 1.0, float("nan"), 0.0, 1e-13)
    assert not row.is_right
    assert CONDITION < TOLERANCE
    assert not replace(row, differences=0.0, complex_step=float("nan")).is_right
    assert replace(row, differences=None).is_right
