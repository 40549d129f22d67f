"""dL/dθ, believed because sums on paper and differences of L agree with it.

JAX is asked in test_jax.py.
"""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.core.backprop import backpropagate, backward, forward, gradient_descent_step, input_gradient
from nnfang.core.layers import LAYERS, Dense, Dropout, Layer
from nnfang.core.losses import output_loss
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.core.randomness import Purpose, generator
from tests import oracle
from tests.core.problems import HIDDEN, OUTPUTS, Problem

STACKS: dict[str, Callable[[str], list[Layer]]] = {
    "dense": lambda activation: [Dense(4, activation), Dense(3, activation)],
    "dropout": lambda activation: [Dropout(0.3), Dense(4, activation), Dropout(0.4), Dense(3, activation)],
}
"""Hidden layers with each kind of layer in them."""


def on_paper(problem: Problem) -> tuple[float, list[float]]:
    """The mean over the rows of what the oracle says of each."""
    net = oracle.Net.of(problem.network)
    each = [
        oracle.gradient(net, problem.loss, x, y) for x, y in zip(problem.x.tolist(), problem.y.tolist(), strict=True)
    ]
    gradient = np.mean([oracle.flatten(dW, db) for *_, dW, db in each], axis=0)
    return float(np.mean([loss for _, loss, *_ in each])), gradient.tolist()


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 3), (1,), (3, 1, 4, 2)])
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_the_gradient_is_the_sum_on_paper(
    activation: str, loss: str, output: str, hidden: tuple[int, ...], rows: int
) -> None:
    layers = [*(Dense(units, activation) for units in hidden), Dense(3, output)]
    problem = Problem.random(layers, 5, rows, loss)
    value, gradient = problem.gradient()
    expected_value, expected = on_paper(problem)
    assert value == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_every_coordinate_is_the_limit_of_differences(activation: str, loss: str, output: str, kind: str) -> None:
    problem = Problem.random([*STACKS[kind](activation), Dense(3, output)], 5, 4, loss, gap=1e-3)
    _, gradient = problem.gradient()
    differences = [problem.slope(direction, 1e-5) for direction in np.eye(gradient.size)]
    assert np.abs(gradient - differences).max() < 1e-8 * np.abs(gradient).max()
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_a_random_direction_of_the_papers_network_is_the_limit_of_differences(
    activation: str, loss: str, output: str, kind: str
) -> None:
    wide = {4: 128, 3: 64}
    layers = [
        Dense(wide[layer.units], activation) if isinstance(layer, Dense) else layer
        for layer in STACKS[kind](activation)
    ]
    problem = Problem.random([*layers, Dense(10, output)], 784, 2, loss, gap=1e-3)
    _, gradient = problem.gradient()
    direction = np.random.default_rng(0).normal(0, 1, gradient.size) / np.sqrt(gradient.size)
    direction += gradient / np.linalg.norm(gradient)  # or the slope would be nearly 0
    assert problem.slope(direction, 1e-6) == pytest.approx(float(gradient @ direction), rel=1e-6)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
@pytest.mark.parametrize("activation", HIDDEN)
def test_the_gradient_of_the_inputs_is_the_limit_of_differences(
    activation: str, loss: str, output: str, kind: str
) -> None:
    problem = Problem.random([*STACKS[kind](activation), Dense(3, output)], 5, 4, loss, gap=1e-3)
    problem.gradient()
    dx = np.full_like(problem.x, np.nan)
    input_gradient(problem.network, problem.workspace, dx)

    def loss_at(x: Array) -> float:
        return Problem(problem.network, problem.loss, x, problem.labels).gradient()[0]

    steps = [1e-5 * step.reshape(problem.x.shape) for step in np.eye(problem.x.size)]
    differences = [(loss_at(problem.x + step) - loss_at(problem.x - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(dx.ravel(), differences, rtol=1e-6, atol=1e-10)


def test_equations_41_to_43_are_equations_38_to_40_counted_from_the_end() -> None:
    problem = Problem.random([Dense(4, "tanh"), Dense(3, "sigmoid"), Dense(3, "softmax")], 5, 1, OUTPUTS[0][0])
    dW, db = oracle.gradient_from_the_end(oracle.Net.of(problem.network), problem.x[0].tolist(), problem.y[0].tolist())
    _, gradient = problem.gradient()
    np.testing.assert_allclose(gradient, oracle.flatten(dW[::-1], db[::-1]), rtol=1e-12, atol=1e-15)


def test_algorithm_1_in_its_printed_order_follows_another_gradient() -> None:
    problem = Problem.random([Dense(4, "tanh"), Dense(3, "sigmoid"), Dense(3, "softmax")], 5, 1, OUTPUTS[0][0])
    differences = np.array([problem.slope(direction, 1e-5) for direction in np.eye(problem.network.theta.size)])
    _, ours = problem.gradient()
    assert np.abs(ours - differences).max() < 1e-9

    def printed(rate: float) -> Array:
        net = oracle.Net.of(problem.network)
        return np.array(
            oracle.flatten(*oracle.algorithm_1_as_printed(net, problem.x[0].tolist(), problem.y[0].tolist(), rate))
        )

    error = np.abs(printed(0.5) - differences)
    hidden = differences.size - (3 * 3 + 3)  # all but the output layer, which comes first
    assert error[hidden:].max() < 1e-9
    assert error[:hidden].max() > 0.05 * np.abs(differences[:hidden]).max()
    np.testing.assert_allclose(printed(1e-9), differences, atol=1e-8)  # the smaller α, the smaller the mistake


def test_a_step_of_algorithm_1_takes_all_deltas_first() -> None:
    problem = Problem.random([Dense(4, "tanh"), Dense(3, "sigmoid"), Dense(3, "softmax")], 5, 1, OUTPUTS[0][0])
    net = oracle.Net.of(problem.network)
    in_printed_order = deepcopy(net)
    x, y = problem.x[0].tolist(), problem.y[0].tolist()
    *_, dW, db = oracle.gradient(net, problem.loss, x, y)
    oracle.descend(net, dW, db, 0.5)
    oracle.algorithm_1_as_printed(in_printed_order, x, y, 0.5)
    descend(problem, 0.5)
    np.testing.assert_allclose(problem.network.theta, net.theta, rtol=1e-12)
    assert np.abs(problem.network.theta - in_printed_order.theta).max() > 1e-3


@pytest.mark.parametrize("kind", LAYERS)
def test_a_step_of_gradient_descent_is_that_of_the_optimizer_sgd(kind: str) -> None:
    problem = Problem.random([*STACKS[kind]("tanh"), Dense(3, "softmax")], 5, 4, OUTPUTS[0][0])
    theta = problem.network.theta.copy()
    Sgd().update(theta, problem.gradient()[1], {}, 0.5, 1)
    descend(problem, 0.5)
    np.testing.assert_allclose(problem.network.theta, theta, rtol=1e-14)


def descend(problem: Problem, learning_rate: float) -> None:
    """A step of gradient descent with the whole batch, in place."""
    network = problem.network
    gradients = network.views(np.full_like(network.theta, np.nan))
    loss, rng = output_loss(network.output_activation, problem.loss), generator(0, Purpose.DROPOUT, 0)
    workspace = network.allocate(len(problem.x))
    gradient_descent_step(network, loss, problem.x, problem.y, learning_rate, gradients, workspace, rng)


def test_the_backward_pass_is_linear_in_the_delta_of_the_output_layer() -> None:
    problem = Problem.random([Dense(4, "tanh"), Dropout(0.3), Dense(3, "softmax")], 5, 4, OUTPUTS[0][0])
    network, gradient = problem.network, np.empty_like(problem.network.theta)
    workspace = network.allocate(4)
    y_hat = forward(network, problem.x, workspace, generator(0, Purpose.DROPOUT, 0))
    workspace[-1].delta[...] = (y_hat - problem.y) * (-0.25 / 4)
    backward(network, problem.x, network.views(gradient), workspace)
    np.testing.assert_allclose(gradient, -0.25 * problem.gradient()[1], rtol=1e-13, atol=1e-16)


def test_the_workspace_holds_the_prediction_and_the_network_is_left_alone() -> None:
    problem = Problem.random([Dense(4), Dropout(0), Dense(3, "softmax")], 5, 3, OUTPUTS[0][0])
    network, theta = problem.network, problem.network.theta.copy()
    workspace, gradient = network.allocate(3), np.empty_like(theta)
    loss = output_loss("softmax", problem.loss)
    backpropagate(network, loss, problem.x, problem.y, network.views(gradient), workspace)
    np.testing.assert_allclose(workspace[-1].a, network.predict(problem.x), rtol=1e-14)
    np.testing.assert_array_equal(network.theta, theta)


def test_without_a_generator_the_gradient_is_that_of_the_network_without_dropout() -> None:
    problem = Problem.random([Dense(4, "tanh"), Dropout(0.5), Dense(3, "softmax")], 5, 3, OUTPUTS[0][0])
    plain = Network((problem.network.layers[0], problem.network.layers[2]), 5, problem.network.theta)
    _, expected = Problem(plain, problem.loss, problem.x, problem.labels).gradient()
    network, gradient = problem.network, np.empty_like(expected)
    loss = output_loss("softmax", problem.loss)
    backpropagate(network, loss, problem.x, problem.y, network.views(gradient), network.allocate(3), None)
    np.testing.assert_array_equal(gradient, expected)


def test_a_batch_has_the_mean_gradient_of_its_rows() -> None:
    problem = Problem.random([Dense(4), Dense(3, "softmax")], 5, 6, OUTPUTS[0][0])
    each = [
        Problem(problem.network, problem.loss, problem.x[i : i + 1], problem.labels[i : i + 1]).gradient()
        for i in range(6)
    ]
    loss, gradient = problem.gradient()
    assert loss == pytest.approx(np.mean([value for value, _ in each]), rel=1e-14)
    np.testing.assert_allclose(gradient, np.mean([row for _, row in each], axis=0), rtol=1e-12, atol=1e-16)


def test_gradient_descent_may_stay_far_from_the_global_minimum() -> None:
    stuck = Problem.random([Dense(4, "tanh", "zeros"), Dense(3, "softmax", "zeros")], 5, 6, OUTPUTS[0][0])
    free = Problem.random([Dense(4, "tanh"), Dense(3, "softmax")], 5, 6, OUTPUTS[0][0])
    stuck.network.theta[...] = 0
    values = []
    for problem in (stuck, free):
        for _ in range(2000):
            loss, gradient = problem.gradient()
            problem.network.theta[...] -= 0.5 * gradient
        values.append(loss)
    frequencies = np.bincount(stuck.labels) / 6
    entropy = -float(np.sum(frequencies * np.log(frequencies)))
    assert values[0] == pytest.approx(entropy, rel=1e-6)  # it has learnt how frequent the classes are, and no more
    assert values[1] < 0.01
