"""A checkpoint of each format that was ever written can be read for ever. The files here are never written again."""

from pathlib import Path

import numpy as np
import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import Momentum
from nnfang.runs import checkpoint

PROBABILITY = 0.4758985
"""That the picture of this test goes across."""

GOLDEN = Path(__file__).parent / "golden"


def test_format_1_can_be_read() -> None:
    found = checkpoint.load(GOLDEN / "format-1.npz")
    assert found.recipe.layers == (Dense(3, "tanh"), Dropout(0.25), Dense(2, "softmax"))
    assert found.recipe.optimizer == Momentum(0.125, 0.5)
    W, b = found.network.parameters[0]
    np.testing.assert_array_equal(W[:, 0], np.array([0, 1, 2]) / 16 - 0.5)
    np.testing.assert_array_equal(b, np.array([12, 13, 14]) / 16 - 0.5)
    np.testing.assert_array_equal(found.state["velocity"], np.arange(23) / 8)
    at = found.meta.position
    assert (at.epoch, at.step, at.seen, at.loss, at.right, at.best_epoch, at.best_value) == (1, 6, 8, 2.5, 5, 1, None)
    assert (found.meta.class_names, found.meta.engine) == (("across", "down"), "batch")
    probabilities = found.predict(np.array([[[0, 255], [0, 255]]], np.uint8))
    assert probabilities[0] == pytest.approx([PROBABILITY, 1 - PROBABILITY], rel=1e-6)
