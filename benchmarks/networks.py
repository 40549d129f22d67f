"""Time per epoch of other networks, and of other images, beside JAX."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import nnfang
from benchmarks import images, tables
from benchmarks.peers import RATE, jax
from nnfang.core.layers import Dense
from nnfang.core.optimizers import Sgd
from nnfang.data import find_available
from nnfang.engines import list_available
from nnfang.machine.description import find_version
from nnfang.machine.timing import take_turns
from nnfang.training.benchmark import training_run

CASES = [
    ("mnist", (128, 64), 64, 16_384),
    ("fashion-mnist", (128, 64), 64, 16_384),
    ("fashion-mnist", (128, 64), 128, 16_384),
    ("mnist", (800,), 64, 8_192),
    ("mnist", (800,), 128, 8_192),
    ("mnist", (512, 512), 128, 8_192),
    ("mnist", (2500, 2000, 1500, 1000, 500), 128, 1_024),
]
"""Data set, hidden units, batch size, and images that are timed."""


def run(rounds: int, plots: Path | None) -> None:
    """Print the table of seconds, and of what `auto` chooses."""
    engines = [engine for engine in ("compiled", "batch") if engine in list_available()]
    rows = []
    for name, hidden, size, count in CASES:
        if name not in (*find_available(), "mnist"):
            print(f"{name}: skipped, it was not downloaded")
            continue
        pixels, labels = images.pixels(count, name)
        layers = (*(Dense(units) for units in hidden), Dense(10, "softmax"))
        recipe = nnfang.Recipe(layers=layers, optimizer=Sgd(RATE), batch_size=size)
        runs: dict[str, Callable[[], object]] = {}
        for engine in engines:
            runs[engine] = training_run(replace(recipe, engine=engine), pixels, labels)[1]
        if find_version("jax"):
            runs["JAX"] = jax(pixels, labels, size, "sgd", (784, *hidden, 10))
        times = {key: median(t) * images.EPOCH / count for key, t in take_turns(runs, rounds).items()}
        chosen = training_run(recipe, pixels, labels)[0]
        network = "-".join(map(str, (784, *hidden, 10)))
        ratio = f"{times[chosen] / times['JAX']:.2f}" if "JAX" in times else ""
        seconds = [tables.seconds(times[key]) if key in times else "" for key in ("JAX", "batch", "compiled")]
        rows.append([f"{network}, {name}, batch {size}", *seconds, chosen, ratio])
    print("Seconds per epoch of 60,000 images, SGD, float32, one thread:\n")
    tables.show(["", "JAX", "nnfang batch", "nnfang compiled", "auto", "auto, times JAX"], rows)
