"""How the time of an epoch grows with the width, the depth and the number of samples."""

from dataclasses import replace
from pathlib import Path
from statistics import median

import nnfang
from benchmarks import images, tables
from nnfang.core.layers import Dense, Layer
from nnfang.machine.timing import take_turns
from nnfang.training.benchmark import training_run

WIDTHS = (32, 64, 128, 256, 512, 1024, 2048)
DEPTHS = (1, 2, 3, 4, 6, 8)
SAMPLES = (1_000, 4_000, 16_000, 60_000)
ROWS = {"online, batch 1": 1_024, "batch 64": 4_096}
RECIPES = {"online, batch 1": nnfang.Recipe(engine="online"), "batch 64": nnfang.Recipe(engine="batch", batch_size=64)}


def hidden(width: int, depth: int) -> tuple[Layer, ...]:
    """So many hidden layers, and the output layer."""
    return *(Dense(width),) * depth, Dense(10, "softmax")


def measure(layers: dict[int, tuple[Layer, ...]], rounds: int) -> dict[str, dict[int, float]]:
    """Seconds per epoch of 60,000 for each network, by engine."""
    lines = {}
    for name, recipe in RECIPES.items():
        x, labels = images.rows(ROWS[name])
        runs = {size: training_run(replace(recipe, layers=net), x, labels)[1] for size, net in layers.items()}
        times = take_turns(runs, rounds)
        lines[name] = {size: median(seconds) * images.EPOCH / len(x) for size, seconds in times.items()}
    return lines


def measure_samples(rounds: int) -> dict[str, dict[int, float]]:
    """Seconds per epoch of each number of samples, not scaled."""
    lines = {}
    for name, recipe in RECIPES.items():
        runs = {count: training_run(recipe, *images.rows(count))[1] for count in SAMPLES}
        lines[name] = {count: median(seconds) for count, seconds in take_turns(runs, rounds).items()}
    return lines


def run(rounds: int, plots: Path | None) -> None:
    """Print a table for each, and plot them."""
    panels = [
        ("width of two hidden layers", measure({width: hidden(width, 2) for width in WIDTHS}, rounds)),
        ("hidden layers of 128 units", measure({depth: hidden(128, depth) for depth in DEPTHS}, rounds)),
        ("samples", measure_samples(rounds)),
    ]
    for label, lines in panels:
        sizes = list(next(iter(lines.values())))
        rows = [[name, *(tables.seconds(points[size]) for size in sizes)] for name, points in lines.items()]
        tables.show([label, *map(str, sizes)], rows)
    if plots:
        from benchmarks.plots import plot_growth

        plot_growth(panels, plots / "growth.svg")
