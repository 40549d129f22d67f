"""A training that the ranks of MPI share: it comes to the same weights on any number of them, and they end together."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.commands.mpi import finish, needs_mpi, run, start
from tests.commands.processes import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Nnfang

pytestmark = needs_mpi

RECIPE = """
dataset: mnist-sample
layers:
  - {type: dense, units: 24, activation: gelu}
  - {type: dropout, rate: 0.3}
  - {type: dense, units: 10, activation: softmax}
optimizer: {type: adamw, learning_rate: 0.003, weight_decay: 0.01}
schedule: {type: linear, warmup: 0.5, end: 0.01}
batch_size: 37
epochs: 2
limit: 600
augment: {rotate: 10, shift: 2, elastic: {alpha: 30, sigma: 4}}
"""

LONG = ("train", "-c", "recipe.yaml", "--set", "checkpoint_every.steps=20", "--epochs", "100000", "-o", "long")
"""A training that ends when it is ended."""

TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


@pytest.fixture
def nnfang(nnfang: Nnfang) -> Nnfang:
    (nnfang.folder / "recipe.yaml").write_text(RECIPE)
    return nnfang


def weights(folder: Path) -> np.ndarray[Any, Any]:
    with np.load(folder / "last.npz") as file:
        return np.concatenate([file[name].ravel() for name in sorted(file.files) if name.startswith("layer")])


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def faulty(folder: Path, what: str, step: int = 10) -> list[str]:
    """The program, but for what its engine does in a step."""
    path = folder / "faulty.py"
    path.write_text(f"""
import os, signal
from nnfang.__main__ import main
from nnfang.engines.batch import BatchEngine
update = BatchEngine._apply_update
def apply(engine, learning_rate):
    update(engine, learning_rate)
    if engine.step == {step}:
        {what}
BatchEngine._apply_update = apply
main()
""")
    return [sys.executable, str(path)]


@pytest.mark.parametrize(
    ("change", "dtype", "numbers"),
    [
        ("batch_size=37", "float64", (2, 3, 4)),
        ("batch_size=37", "float32", (2, 3, 4)),
        ("batch_size=3", "float64", (2, 4)),
        ("loss=mean_squared_error", "float64", (3,)),
        ("augment=null", "float32", (2,)),
    ],
)
def test_any_number_of_ranks_comes_to_the_same_weights(
    nnfang: Nnfang, change: str, dtype: str, numbers: tuple[int, ...]
) -> None:
    words = ["train", "-c", "recipe.yaml", "--set", change, "--set", f"dtype={dtype}", "--set", "engine=batch"]
    nnfang(*words, "-q", "-o", "1")
    alone = weights(nnfang.folder / "1")
    for ranks in numbers:
        run(nnfang, *words, "-q", "-o", str(ranks), ranks=ranks)
        here = nnfang.folder / str(ranks)
        np.testing.assert_allclose(weights(here), alone, rtol=0, atol=TOLERANCE[dtype])
        for key in ("test_accuracy", "test_loss"):
            assert metrics(here)[key] == pytest.approx(metrics(nnfang.folder / "1")[key], abs=TOLERANCE[dtype])


def test_a_rank_that_is_killed_ends_all_and_any_number_go_on(nnfang: Nnfang) -> None:
    more = ["--set", "limit=3000", "--set", "checkpoint_every.steps=20", "--set", "dtype=float64"]
    words = ["train", "-c", "recipe.yaml", "--set", "engine=batch", "-q", *more]
    nnfang(*words, "-o", "whole")
    killing = faulty(nnfang.folder, "os.kill(os.getpid(), signal.SIGKILL)", step=60)
    running = start(nnfang, *words, "-o", "parts", odd=killing)
    running.communicate(timeout=100)
    assert running.returncode
    (seen,) = nnfang("runs", "parts", "--json").objects
    assert seen["state"] == "interrupted"
    run(nnfang, "train", "--resume", "parts", "-q", ranks=3)
    folder = nnfang.folder / "parts"
    np.testing.assert_allclose(weights(folder), weights(nnfang.folder / "whole"), rtol=0, atol=1e-10)
    told = nnfang("train", "--resume", "parts", "--epochs", "2").stderr
    assert "ranks was 3, is none" in told


def test_the_first_rank_alone_speaks(nnfang: Nnfang) -> None:
    result = run(nnfang, "train", "-c", "recipe.yaml", "-o", "r", "--json", ranks=3)
    assert [event["event"] for event in result.objects] == ["start", "epoch", "epoch", "end"]
    assert result.objects[0]["processes"] == 3
    assert "Error" not in result.stderr
    text = run(nnfang, "train", "-c", "recipe.yaml", "-o", "r", "--force")
    assert text.stderr.count("engine  batch, shared by 2 processes") == 1
    assert text.stdout.count("saved in") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "batch_size=1"], "batch_size: 1 leaves nothing to share among 2 processes"),
        (["--set", "engine=online", "--set", "layers[1].rate=0"], "engine: the online engine runs in one process"),
        (["--threads", "auto"], "--threads auto: would try them in one of 2 processes"),
        (["--epochs", "x"], "--epochs"),
        (["--oops"], 'There is no option "--oops"'),
        (["--set", "optimizer.rate=1"], "optimizer.rate"),
    ],
)
def test_what_cannot_be_is_refused_once(nnfang: Nnfang, words: list[str], message: str) -> None:
    result = run(nnfang, "train", "-c", "recipe.yaml", "-o", "r", *words, code=2)
    assert result.stderr.count("Error: ") == 1
    assert message in result.stderr
    assert not (nnfang.folder / "r").exists()


def test_batch_size_1_is_refused_with_what_helps(nnfang: Nnfang) -> None:
    result = run(nnfang, "train", "-c", "tiny", code=2)
    assert "Use a batch_size of 2 or more, or train several networks at once with nnfang sweep" in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_to_all_saves_once(nnfang: Nnfang, number: signal.Signals, code: int) -> None:
    running = start(nnfang, *LONG)
    wait_for(nnfang.folder / "long" / "history.csv")
    running.send_signal(number)
    result = finish(running, code)
    assert result.stderr.count("Interrupted after") == 1
    assert "Continue with: nnfang train --resume long" in result.stderr
    (seen,) = nnfang("runs", "long", "--json").objects
    assert seen["state"] == "interrupted"
    run(nnfang, "train", "--resume", "long", "--max-time", "1s", "-q", ranks=3)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("raise MemoryError('no room for it')", "Error: rank 2: not enough memory: no room for it"),
        ("engine.task.network.theta[5] += 1", "Error: after epoch 1 the weights of rank 2 are not those of rank 0"),
    ],
)
def test_what_fails_on_one_rank_ends_all(nnfang: Nnfang, what: str, message: str) -> None:
    result = run(nnfang, *LONG, ranks=3, odd=faulty(nnfang.folder, what), code=1)
    assert result.stderr.count(message) == 1
    assert result.stderr.count("Error: ") == 1
    nnfang("train", "--resume", "long", "--max-time", "1s", "-q")


def test_a_bug_on_one_rank_ends_all_with_a_traceback(nnfang: Nnfang) -> None:
    running = start(nnfang, *LONG, ranks=3, odd=faulty(nnfang.folder, "raise ValueError('a bug')"))
    _, errors = running.communicate(timeout=100)
    assert running.returncode == 1
    assert errors.count("ValueError: a bug") == 1


def test_a_divergence_is_told_once_and_can_be_retried(nnfang: Nnfang) -> None:
    words = ["train", "-c", "recipe.yaml", "--set", "optimizer.type=sgd", "--lr", "1e6", "-o", "r"]
    result = run(nnfang, *words, code=4)
    assert result.stderr.count("training diverged") == 1
    assert "Abort" not in result.stderr
    result = run(nnfang, *words, "--force", "--set", "on_divergence=retry", code=4)
    assert result.stderr.count("learning rate") >= 3


def test_what_the_first_rank_cannot_write_ends_all(nnfang: Nnfang) -> None:
    running = start(nnfang, *LONG)
    wait_for(nnfang.folder / "long" / "history.csv")
    (nnfang.folder / "long").rename(nnfang.folder / "elsewhere")
    result = finish(running, 1)
    assert result.stderr.count("Error: ") == 1
    assert "was deleted or moved while its run was being trained" in result.stderr


def test_a_plain_training_never_imports_mpi4py(nnfang: Nnfang, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("trap")
    (folder / "mpi4py.py").write_text("raise SystemExit('imported')")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    nnfang("train", "-c", "recipe.yaml", "-q", environment={"PYTHONPATH": path})
    trapped = nnfang(
        "train", "-c", "recipe.yaml", code=1, environment={"PYTHONPATH": path, "PMI_RANK": "0", "PMI_SIZE": "2"}
    )
    assert "imported" in trapped.stderr
