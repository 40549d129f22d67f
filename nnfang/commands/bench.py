"""``nnfang bench``: how fast this computer trains."""

from __future__ import annotations

from nnfang.commands import console, options
from nnfang.commands.formatting import command as command_of


@command_of(
    "bench",
    examples={
        "Show the speeds as a table": "nnfang bench",
        "Write them as JSON, for a program": "nnfang bench --json",
    },
)
@options.as_json
def command(*, as_json: bool) -> None:
    """Measure how fast this computer trains.

    Prints the seconds per epoch of the paper's network on 60,000 images, measured on some that come with nnfang, which
    takes a few seconds. They are medians of several rounds in which the engines take turns.
    """
    from nnfang.data import SAMPLE, load
    from nnfang.machine.timing import product_speed
    from nnfang.training.benchmark import time_engines

    peak, is_busy = product_speed()
    rows = time_engines(load(SAMPLE))
    if is_busy:
        console.warn("this computer is busy with something else: these figures are unreliable")
    if as_json:
        console.write_json({"gflops": peak / 1e9, "busy": is_busy, "epochs": rows})
        return
    cells = [
        [row["engine"], f"{row['batch_size']}", f"{row['seconds']:.2f}", f"{row['images_per_second']:,.0f}"]
        for row in rows
    ]
    console.result(console.table(["engine", "batch size", "seconds per epoch", "images/s"], cells))
    console.result(f"\nproducts of large matrices: {peak / 1e9:.0f} GFLOP/s")
