"""NnfangClassifier and MLPClassifier with the same settings: accuracy on test data, and the time of `fit`."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import images, tables
from nnfang.machine.description import find_version

Parts = tuple[Any, Any, Any, Any]
"""X and y to train on, X and y to test with."""


def digits(seed: int) -> Parts:
    """1,797 images of 8x8, three quarters to train on, another quarter held back for each seed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split((X / 16).astype(np.float32), y, stratify=y, random_state=seed)
    return train, y_train, test, y_test


def mnist(seed: int) -> Parts:
    """As it is."""
    data = images.load()
    x_train, x_test = (images.as_floats(part.reshape(len(part), -1)) for part in (data.x_train, data.x_test))
    return x_train, data.y_train, x_test, data.y_test


ADAM = {"solver": "adam", "learning_rate_init": 0.001}
SGD = {"solver": "sgd", "learning_rate_init": 0.01, "momentum": 0.0}
TASKS: dict[str, tuple[Callable[[int], Parts], dict[str, Any]]] = {
    "digits, batch 200, adam, 100 epochs": (digits, ADAM | {"batch_size": 200, "max_iter": 100}),
    "digits, batch 32, adam, 50 epochs": (digits, ADAM | {"batch_size": 32, "max_iter": 50}),
    "digits, batch 1, sgd, 10 epochs": (digits, SGD | {"batch_size": 1, "max_iter": 10}),
    "MNIST, batch 200, adam, 10 epochs": (mnist, ADAM | {"batch_size": 200, "max_iter": 10}),
}


def run(rounds: int, plots: Path | None) -> None:
    """Print the table: a round has a seed of its own, in which the two take turns."""
    if not find_version("scikit-learn"):
        print("scikit-learn is not installed: pip install 'nnfang[sklearn]'")
        return
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    from nnfang.sklearn import NnfangClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs and no more were asked for
    contenders: dict[str, Callable[..., Any]] = {
        "MLPClassifier": partial(MLPClassifier, (100,), alpha=0.0),
        "NnfangClassifier": partial(NnfangClassifier, (100,)),
    }
    rows = []
    for name, (load, settings) in TASKS.items():
        fixed = settings | {"tol": 0.0, "n_iter_no_change": settings["max_iter"]}
        X, y, *_ = load(0)
        NnfangClassifier((100,), **(fixed | {"max_iter": 1})).fit(X[:500], y[:500])  # compiles, the first time
        seconds: dict[str, list[float]] = {key: [] for key in contenders}
        accuracies: dict[str, list[float]] = {key: [] for key in contenders}
        for seed in range(rounds):
            X, y, X_test, y_test = load(seed)
            for key, make in contenders.items():
                start = perf_counter()
                classifier = make(random_state=seed, **fixed).fit(X, y)
                seconds[key].append(perf_counter() - start)
                accuracies[key].append(classifier.score(X_test, y_test))
        theirs, ours = contenders
        ratios = [one / other for one, other in zip(seconds[theirs], seconds[ours], strict=True)]
        rows.append(
            [
                name,
                *(f"{mean(accuracies[key]):.2%}" for key in contenders),
                *(tables.seconds(median(seconds[key])) for key in contenders),
                f"{median(ratios):.1f}",
            ]
        )
    print(f"Accuracy: the mean of {rounds} seeds. Time of fit: the median, and the median of the ratios.\n")
    header = ["", *contenders, *(f"{key}, s" for key in contenders), "times as fast"]
    tables.show(header, rows)
