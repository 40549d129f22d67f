"""Does accuracy grow with width and depth, as the paper says? The table and the plot of the sweep that tries.

nnfang sweep paper-claim -o sweeps/claim
python -m benchmarks.claim sweeps/claim [--plot FILE.svg]
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path
from statistics import mean

from benchmarks import plots, tables


def main() -> None:
    """Print the mean error on test images by depth and width."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claim", description=__doc__)
    parser.add_argument("sweep", type=Path)
    parser.add_argument("--plot", type=Path, help="where to plot it (needs matplotlib)")
    options = parser.parse_args()
    errors: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (options.sweep / "results.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            errors[int(row["depth"])][int(row["width"])].append(100 * (1 - float(row["test_accuracy"])))
    widths = sorted({width for points in errors.values() for width in points})
    rows = [[str(depth), *(f"{mean(points[width]):.2f}" for width in widths)] for depth, points in errors.items()]
    tables.show(["hidden layers", *(f"{width} units" for width in widths)], rows)
    if options.plot:
        plots.plot_sizes(errors, options.plot)


if __name__ == "__main__":
    main()
