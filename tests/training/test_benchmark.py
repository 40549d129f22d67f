import numpy as np

from nnfang.training.benchmark import training_run
from nnfang.training.recipe import Recipe


def test_a_training_run_trains() -> None:
    x, labels = np.random.default_rng(0).random((64, 12), np.float32), np.arange(64) % 10
    name, run = training_run(Recipe(engine="batch", batch_size=16), x, labels)
    assert name == "batch"
    losses = [run()[0] for _ in range(5)]  # type: ignore[index]
    assert losses == sorted(losses, reverse=True)
