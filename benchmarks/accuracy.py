"""Time until 97.5% of the test images are right: the same network, batch size, optimizer and rate for all."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import nnfang
from benchmarks import images, tables
from nnfang.core.optimizers import Adam, Optimizer, Sgd
from nnfang.engines.compiled import import_problem
from nnfang.machine.description import find_version

GOAL = 0.975
MOST_EPOCHS = 30
Trainer = Callable[[], Callable[[], float]]
"""Prepares, without the clock, a function that trains an epoch and returns the test accuracy."""


def nnfang_trainer(engine: str, batch_size: int, optimizer: Optimizer) -> Trainer:
    """As `nnfang train` does it, shuffling and reading bytes included."""

    def prepare() -> Callable[[], float]:
        data = images.load()
        recipe = nnfang.Recipe(
            epochs=MOST_EPOCHS, validation_split=0, engine=engine, batch_size=batch_size, optimizer=optimizer
        )
        network = nnfang.Network.for_recipe(recipe, data)
        training = nnfang.train(network, data, recipe)
        training.engine.prepare()
        events = iter(training)

        def epoch() -> float:
            for event in events:
                if isinstance(event, nnfang.Epoch):
                    break
            return nnfang.evaluate(network, recipe.loss, data.x_test, data.y_test).accuracy

        return epoch

    return prepare


def torch_trainer(batch_size: int, optimizer: str) -> Trainer:
    """Eager, shuffled."""

    def prepare() -> Callable[[], float]:
        import torch as t

        t.manual_seed(0)
        t.set_num_threads(1)
        data = images.load()
        x, y = (t.from_numpy(part) for part in images.rows(len(data.x_train)))
        x_test = t.from_numpy(data.x_test.reshape(len(data.x_test), -1) / np.float32(255))
        y_test = t.from_numpy(data.y_test.astype(np.int64))
        model = t.nn.Sequential(
            *(t.nn.Linear(784, 128), t.nn.ReLU(), t.nn.Linear(128, 64), t.nn.ReLU(), t.nn.Linear(64, 10))
        )
        rule: Any = (
            t.optim.SGD(model.parameters(), 0.01) if optimizer == "sgd" else t.optim.Adam(model.parameters(), 0.001)
        )
        criterion = t.nn.CrossEntropyLoss()

        def epoch() -> float:
            for rows in t.randperm(len(x)).split(batch_size):
                rule.zero_grad()
                criterion(model(x[rows]), y[rows]).backward()
                rule.step()
            with t.no_grad():
                return float((model(x_test).argmax(1) == y_test).float().mean())

        return epoch

    return prepare


def sklearn_trainer(batch_size: int) -> Trainer:
    """`partial_fit`, with Adam as by default."""

    def prepare() -> Callable[[], float]:
        from sklearn.neural_network import MLPClassifier

        data = images.load()
        x, y = images.rows(len(data.x_train))
        x_test = data.x_test.reshape(len(data.x_test), -1) / np.float32(255)
        model = MLPClassifier((128, 64), batch_size=batch_size, alpha=0.0, random_state=0)

        def epoch() -> float:
            model.partial_fit(x, y, classes=range(10))
            return float(model.score(x_test, data.y_test))

        return epoch

    return prepare


def contenders() -> dict[str, Trainer]:
    """Those that are installed."""
    found: dict[str, Trainer] = {}
    if not import_problem():
        found["nnfang compiled, batch 1, sgd"] = nnfang_trainer("compiled", 1, Sgd(0.01))
        found["nnfang compiled, batch 64, adam"] = nnfang_trainer("compiled", 64, Adam(0.001))
    found["nnfang online, batch 1, sgd"] = nnfang_trainer("online", 1, Sgd(0.01))
    found["nnfang batch, batch 64, adam"] = nnfang_trainer("batch", 64, Adam(0.001))
    if find_version("torch"):
        found["PyTorch, batch 1, sgd"] = torch_trainer(1, "sgd")
        found["PyTorch, batch 64, adam"] = torch_trainer(64, "adam")
    if find_version("scikit-learn"):
        found["scikit-learn, batch 64, adam"] = sklearn_trainer(64)
    return found


def run(rounds: int, plots: Path | None) -> None:
    """Print seconds and epochs of each; whatever compiles has done so before."""
    rows = []
    for name, prepare in contenders().items():
        epoch = prepare()
        start, accuracy, done = perf_counter(), 0.0, 0
        while accuracy < GOAL and done < MOST_EPOCHS:
            accuracy, done = epoch(), done + 1
        reached = f"{perf_counter() - start:.2f}" if accuracy >= GOAL else f"not in {done} epochs"
        rows.append([name, reached, str(done), f"{accuracy:.2%}"])
    print(f"Seconds until {GOAL:.1%} of the test images are right, tests included:\n")
    tables.show(["", "seconds", "epochs", "accuracy"], rows)
