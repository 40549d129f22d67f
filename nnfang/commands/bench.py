"""``nnfang bench``: how fast this computer trains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from nnfang.commands import console, options

IMAGES = 2048
ROUNDS = 5
EPOCH = 60_000
CASES = (("online", 1), ("compiled", 1), ("compiled", 8), ("batch", 8), ("batch", 32), ("batch", 128), ("batch", 512))


@click.command("bench")
@options.as_json
def command(*, as_json: bool) -> None:
    """Say how fast this computer trains.

    Seconds an epoch of the paper's network takes on 60,000 images, measured on some that come with nnfang; a few
    seconds in all. Medians of several rounds in which the engines take turns.

    \b
    nnfang bench
    nnfang bench --json
    """
    from nnfang.machine.timing import product_speed

    peak, is_busy = product_speed()
    rows = measure()
    if is_busy:
        console.warn("this computer is busy with something else: these figures are worth little")
    if as_json:
        options.write_json({"gflops": peak / 1e9, "busy": is_busy, "epochs": rows})
        return
    cells = [
        [row["engine"], f"{row['batch_size']}", f"{row['seconds']:.2f}", f"{row['images_per_second']:,.0f}"]
        for row in rows
    ]
    click.echo(console.table(["engine", "batch size", "seconds an epoch", "images/s"], cells))
    click.echo(f"\nproducts of large matrices: {peak / 1e9:.0f} GFLOP/s")


def measure() -> list[dict[str, Any]]:
    """A row for each case that can be run."""
    from statistics import median

    import numpy as np

    from nnfang import data
    from nnfang.core.arrays import scale_pixels
    from nnfang.engines.compiled import import_problem
    from nnfang.machine.timing import take_turns
    from nnfang.training.benchmark import training_run
    from nnfang.training.recipe import Recipe

    sample = data.load("mnist-sample")
    labels = sample.y_train[:IMAGES].astype(np.intp)
    x = np.empty((IMAGES, 784), np.float32)
    scale_pixels(sample.x_train[:IMAGES], x)
    runs = {}
    for engine, size in CASES:
        if engine != "compiled" or not import_problem():
            _, runs[engine, size] = training_run(replace(Recipe(), engine=engine, batch_size=size), x, labels)
    return [
        {
            "engine": engine,
            "batch_size": size,
            "seconds": median(seconds) * EPOCH / IMAGES,
            "images_per_second": IMAGES / median(seconds),
        }
        for (engine, size), seconds in take_turns(runs, ROUNDS).items()
    ]
