"""Time per epoch, engines and peers side by side, over batch sizes."""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import nnfang
from benchmarks import images, tables
from benchmarks.peers import RATE, installed
from nnfang.core.optimizers import Adam, Momentum, Optimizer, Sgd
from nnfang.engines.compiled import import_problem
from nnfang.machine.timing import product_speed, take_turns
from nnfang.training.benchmark import training_run

SIZES = (1, 8, 32, 64, 128, 256, 512)
CASES = [*((size, "sgd") for size in SIZES), (64, "momentum"), (128, "momentum"), (64, "adam"), (128, "adam")]
ROWS = 16_384
FEW = 2_048
"""Rows for contenders that take long at batch size 1."""

LABELS = {"nnfang online": "nnfang", "nnfang batch": "nnfang", "nnfang compiled": "nnfang with turbo"}
"""What is one line of the plot: what nnfang chooses."""
OPTIMIZERS: dict[str, Optimizer] = {"sgd": Sgd(RATE), "momentum": Momentum(RATE), "adam": Adam(0.001)}
GFLOP = images.EPOCH * 6 * (784 * 128 + 128 * 64 + 64 * 10) / 1e9
"""Of an epoch: forward, backward and update, a product and a sum each. The first layer propagates to no other."""
GFLOP -= images.EPOCH * 2 * 784 * 128 / 1e9


def contenders(size: int, optimizer: str) -> dict[str, tuple[int, Callable[[], object]]]:
    """Rows and run of each that can."""
    found: dict[str, tuple[int, Callable[[], object]]] = {}
    for peer in installed():
        count = FEW if peer.slow and size < 8 else ROWS
        if run := peer.make(*images.pixels(count), size, optimizer):
            found[peer.name] = count, run
    for engine in ("online", "compiled", "batch"):
        if engine == "compiled" and import_problem():
            continue
        if engine == "batch" and size == 1:
            continue
        recipe = nnfang.Recipe(optimizer=OPTIMIZERS[optimizer], batch_size=size, engine=engine)
        try:
            found[f"nnfang {engine}"] = ROWS, training_run(recipe, *images.pixels(ROWS))[1]
        except ValueError:  # not its kind of task
            continue
    return found


def run(rounds: int, plots: Path | None) -> None:
    """Print the tables of seconds and of ratios to JAX."""
    results: dict[tuple[int, str], dict[str, float]] = {}
    for size, optimizer in CASES:
        found = contenders(size, optimizer)
        times = take_turns({name: run for name, (_, run) in found.items()}, rounds)
        results[size, optimizer] = {
            name: median(times[name]) * images.EPOCH / count for name, (count, _) in found.items()
        }
    names = list(dict.fromkeys(name for case in results.values() for name in case))
    print("Seconds per epoch of 60,000 images, 784-128-64-10, float32, one thread:\n")
    tables.show(
        ["batch", *names],
        [
            [_name(case), *(tables.seconds(row[name]) if name in row else "" for name in names)]
            for case, row in results.items()
        ],
    )
    if "JAX" in names:
        print("Times JAX's time:\n")
        rows = [[_name(case), *(_ratio(row, name) for name in names)] for case, row in results.items()]
        tables.show(["batch", *names], rows)
    peak, _ = product_speed()
    print(f"An epoch is {GFLOP:.1f} GFLOP, at this processor's {peak / 1e9:.0f} GFLOP/s {GFLOP * 1e9 / peak:.3f} s.")
    best = {case: min(seconds for name, seconds in row.items() if "nnfang" in name) for case, row in results.items()}
    fractions = ", ".join(f"{size}: {GFLOP * 1e9 / peak / best[size, 'sgd']:.0%}" for size in SIZES)
    print(f"Fraction of that peak that nnfang reaches, by batch size: {fractions}.")
    if plots:
        from benchmarks.plots import plot_epochs

        lines: dict[str, dict[int, float]] = {}
        for name in names:
            points = {size: results[size, "sgd"][name] for size in SIZES if name in results[size, "sgd"]}
            lines[LABELS.get(name, name)] = lines.get(LABELS.get(name, name), {}) | points
        plot_epochs(lines, plots / "epoch-time.svg")


def _name(case: tuple[int, str]) -> str:
    return f"{case[0]}" if case[1] == "sgd" else f"{case[0]}, {case[1]}"


def _ratio(row: dict[str, float], name: str) -> str:
    return f"{row[name] / row['JAX']:.2f}" if name in row else ""
