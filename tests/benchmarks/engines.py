"""Time the engines on the bundled images, side by side: ``make bench``.

Each contender trains the paper's 784-128-64-10 with plain SGD through the same images, one after the other, several
times over; what is printed is the median, scaled to an epoch of MNIST's 60,000 images, and the ratio to the first line.
"""

import statistics
from collections.abc import Callable
from time import perf_counter

from nnfang.machine import describe_machine, prefer_one_thread

prefer_one_thread()

import numpy as np  # noqa: E402 - after the number of threads is set

import nnfang  # noqa: E402
from nnfang.core.optimizers import Sgd  # noqa: E402
from nnfang.engines import ENGINES, Task  # noqa: E402

IMAGES = 2_000
ROUNDS = 5
EPOCH = 60_000
CONTENDERS = (("batch", 1), ("online", 1), ("batch", 8), ("batch", 32), ("batch", 64), ("batch", 128), ("batch", 512))


def make_contender(engine: str, batch_size: int) -> Callable[[], float]:
    """A function that trains through the images once and returns the seconds it took."""
    data, recipe = nnfang.load_data("mnist-sample"), nnfang.Recipe()
    x = data.x_train[:IMAGES].reshape(IMAGES, -1) / np.float32(255)
    labels = data.y_train[:IMAGES].astype(np.intp)
    network = nnfang.Network.initialize(recipe.layers, inputs=x.shape[1])
    runner = ENGINES[engine](Task(network, recipe.loss, Sgd(0.01), lambda _: 0.01, batch_size))

    def run() -> float:
        start = perf_counter()
        runner.advance(x, labels)
        return perf_counter() - start

    return run


def main() -> None:
    """Interleave the contenders, so that a machine that slows down slows all of them down."""
    machine = describe_machine()
    print(f"{machine['system']}, {machine['processors']} processors, NumPy {machine['numpy']}, {machine['blas']}")
    contenders = [make_contender(*contender) for contender in CONTENDERS]
    times = [[run() for run in contenders] for _ in range(ROUNDS + 1)][1:]  # the first round warms up
    medians = [statistics.median(column) * EPOCH / IMAGES for column in zip(*times, strict=True)]
    print(f"{'engine':8} {'batch':>5} {'s/epoch':>8} {'ratio':>6}")
    for (engine, batch_size), seconds in zip(CONTENDERS, medians, strict=True):
        print(f"{engine:8} {batch_size:5} {seconds:8.2f} {seconds / medians[0]:6.3f}")


if __name__ == "__main__":
    main()
