"""What earlier versions wrote can be read, and continued, forever. The files in golden/ are never written again."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import nnfang
from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import Momentum
from nnfang.engines import list_available
from nnfang.machine.description import describe_machine
from nnfang.runs import checkpoint
from nnfang.training.events import Epoch

PROBABILITY = 0.4758985
"""That the picture of this test goes across."""

GOLDEN = Path(__file__).parent / "golden"

DECIDE_BITS = ("numpy", "numba", "blas", "blas_kernel", "processor")
"""What must be the same of two machines for the same bits to come out; elsewhere sums are rounded differently."""


@pytest.mark.parametrize("number", [1, 2])
def test_each_format_can_be_read(number: int) -> None:
    found = checkpoint.load(GOLDEN / f"format-{number}.npz")
    assert found.meta.format == number
    assert found.recipe.layers == (Dense(3, "tanh"), Dropout(0.25), Dense(2, "softmax"))
    assert found.recipe.optimizer == Momentum(0.125, 0.5)
    W, b = found.network.parameters[0]
    np.testing.assert_array_equal(W[:, 0], np.array([0, 1, 2]) / 16 - 0.5)
    np.testing.assert_array_equal(b, np.array([12, 13, 14]) / 16 - 0.5)
    np.testing.assert_array_equal(found.optimizer_state["velocity"], np.arange(23) / 8)
    at = found.meta.state
    assert (at.epoch, at.step, at.seen, at.loss, at.correct, at.best_epoch, at.best_value) == (1, 6, 8, 2.5, 5, 1, None)
    epoch = Epoch(1, 0.5, 0.75, None, None, 0.125, 0.25, 64.0, "0123456789abcdef", is_best=True)
    assert found.meta.history == (epoch,)
    assert found.meta == checkpoint.load_meta(GOLDEN / f"format-{number}.npz")
    assert (found.meta.class_names, found.meta.engine) == (("across", "down"), "batch")
    probabilities = found.predict(np.array([[[0, 255], [0, 255]]], np.uint8))
    assert probabilities[0] == pytest.approx([PROBABILITY, 1 - PROBABILITY], rel=1e-6)


@pytest.mark.parametrize("name", ["online-sgd", "compiled-sgd", "batch-adam"])
@pytest.mark.filterwarnings("ignore:the last bits may come out differently")
def test_a_run_that_an_earlier_version_interrupted_ends_where_that_version_ended(name: str, tmp_path: Path) -> None:
    if name.partition("-")[0] not in list_available():
        pytest.skip("its engine is not installed here")
    shutil.copytree(GOLDEN / name, tmp_path / name)
    before = checkpoint.load(tmp_path / name / "last.npz")
    assert before.meta.state.seen > 0
    best = nnfang.resume(tmp_path / name)
    last = checkpoint.load(tmp_path / name / "last.npz")
    here, there = describe_machine(), before.meta.environment
    is_same_machine = all(here[key] == there[key] for key in DECIDE_BITS)
    with np.load(GOLDEN / name / "expected.npz") as expected:
        for found, theta in ((last.network.theta, expected["last"]), (best.network.theta, expected["best"])):
            np.testing.assert_allclose(found, theta, rtol=0, atol=1e-4)
            if is_same_machine and before.meta.engine != "compiled":  # which adds in another order since
                assert found.tobytes() == theta.tobytes()
