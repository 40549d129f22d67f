"""Metrics of many samples at once, and the order of their numbers in memory."""

import numpy as np
import pytest

from nnfang.core.backprop import backpropagate
from nnfang.core.layers import Dense, Dropout
from nnfang.core.losses import output_loss
from nnfang.core.network import Network
from nnfang.engines.layout import allocate_workspace, empty_by_column
from nnfang.engines.metrics import BatchMetrics
from tests import oracle
from tests.core.problems import OUTPUTS, Problem


@pytest.mark.parametrize("by_column", [False, True])
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_metrics_are_the_sums_on_paper(loss: str, output: str, by_column: bool) -> None:
    network = Network.initialize((Dense(4, output),), 3, dtype=np.float64)
    metrics = BatchMetrics(output_loss(output, loss), network, 6, by_column=by_column)
    rng = np.random.default_rng(0)
    for m in (6, 5, 1):  # the last batch may be short
        z, labels = rng.normal(0, 2, (m, 4)), rng.integers(0, 4, m)
        labels[0] = z[0].argmax()
        metrics.set_labels(labels)
        metrics.z[:m] = z
        value, correct = metrics.measure()
        expected = [
            oracle.LOSSES[loss][0](oracle.one_hot(label, 4), oracle.activate(output, row))
            for label, row in zip(labels.tolist(), z.tolist(), strict=True)
        ]
        assert value == pytest.approx(sum(expected), rel=1e-13)
        assert correct == sum(row.index(max(row)) == label for row, label in zip(z.tolist(), labels, strict=True)) > 0


def test_an_array_by_column_has_the_shape_and_the_other_order() -> None:
    array = empty_by_column((2, 5, 3), np.dtype(np.float32))
    assert array.shape == (2, 5, 3)
    assert array.dtype == np.float32
    assert all(matrix.flags.f_contiguous and not matrix.flags.c_contiguous for matrix in array)


@pytest.mark.parametrize(("output", "by_column"), [("softmax", True), ("linear", False)])
def test_the_workspace_of_an_engine_differs_in_the_order_of_softmax_alone(output: str, by_column: bool) -> None:
    problem = Problem.random([Dense(4, "tanh"), Dropout(0.3), Dense(3, output)], 5, 6, "mean_squared_error")
    network, gradient = problem.network, np.empty_like(problem.network.theta)
    workspace, plain = allocate_workspace(network, 6), network.allocate(6)
    assert workspace[-1].z.flags.f_contiguous is workspace[-1].delta.flags.f_contiguous is by_column
    assert all(one.z.flags.c_contiguous for one in [*workspace[:-1], *plain])
    loss = output_loss(output, problem.loss)
    gradients = []
    for memory in (workspace, plain):
        backpropagate(network, loss, problem.x, problem.y, network.views(gradient), memory)
        gradients.append(gradient.copy())
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-12, atol=1e-16)
