"""Trains the configs of networks whose results were published, several seeds each, and prints what came out.

python -m benchmarks.published [CONFIG ...] [--seeds 3] [--runs runs/published] [--plot FILE.svg]

A run that is there already is not repeated, and one that was interrupted goes on.
"""

import argparse
import csv
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tables
from nnfang.training.evaluation import wilson_interval

CONFIGS = Path(__file__).parents[1] / "configs"


@dataclass(frozen=True)
class Published:
    """A network of the literature.

    Attributes:
        network: Its layers, and what is special.
        error: What was published, in percent; None where nothing was.
        source: By whom.
        seeds: How many runs, at most.
    """

    network: str
    error: float | None
    source: str
    seeds: int = 99


PUBLISHED = {
    "paper": Published("784-128-64-10, batch size 1", None, "Fang"),
    "paper-distorted": Published("784-128-64-10, distortions", 2.5, "LeCun 1998: 300-100, distortions"),
    "simard2003-plain": Published("784-800-10", 1.6, "Simard 2003"),
    "simard2003-affine": Published("784-800-10, affine distortions", 1.1, "Simard 2003"),
    "simard2003-elastic": Published("784-800-10, elastic distortions", 0.7, "Simard 2003"),
    "hinton2005": Published("784-500-300-10, weight decay", 1.53, "Hinton 2005"),
    "ciresan2010": Published("784-2500-2000-1500-1000-500-10, distortions", 0.35, "Cireşan 2010", seeds=1),
    "fashion": Published("784-512-256-10 on Fashion-MNIST", 11.67, "Xiao 2017: 256-128-100"),
}


def train(config: str, seed: int, folder: Path) -> None:
    """Train to the end, or go on to it."""
    command = [sys.executable, "-m", "nnfang", "train"]
    if (folder / "last.npz").exists():
        command += ["--resume", str(folder)]
    else:
        command += ["-c", str(CONFIGS / f"{config}.yaml"), "--seed", str(seed), "-o", str(folder)]
    subprocess.run(command, check=True)


def row(config: str, results: list[dict[str, Any]]) -> list[str]:
    """One line of the table; all of a config's runs are tested on the same images, so the interval is that of one."""
    known, images = PUBLISHED[config], results[0]["test_images"]
    errors = [100 * (1 - result["test_accuracy"]) for result in results]
    mean = sum(errors) / len(errors)
    low, high = (100 * bound for bound in wilson_interval(round(images * mean / 100), images))
    minutes = sum(result["seconds"] for result in results) / len(results) / 60
    return [
        f"`{config}.yaml`",
        known.network,
        f"{known.error} ({known.source})" if known.error is not None else "",
        f"**{mean:.2f}**",
        f"{low:.2f} - {high:.2f}",
        " ".join(f"{error:.2f}" for error in errors),
        str(results[0]["epochs"]),
        f"{minutes:.1f}",
    ]


def read_curve(folder: Path) -> list[float]:
    """The training error of each epoch, in percent."""
    with (folder / "history.csv").open(newline="") as file:
        return [100 * (1 - float(line["accuracy"])) for line in csv.DictReader(file)]


def main() -> None:
    """Train what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.published", description=__doc__)
    parser.add_argument("configs", nargs="*", metavar="CONFIG", help=", ".join(PUBLISHED))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=Path("runs/published"))
    parser.add_argument("--plot", type=Path, help="where to plot the runs of the first seeds (needs matplotlib)")
    options = parser.parse_args()
    configs = options.configs or list(PUBLISHED)
    if unknown := set(configs) - set(PUBLISHED):
        parser.error(f"no such config: {', '.join(sorted(unknown))}")
    rows = []
    for config in configs:
        results = []
        for seed in range(min(options.seeds, PUBLISHED[config].seeds)):
            folder = options.runs / f"{config}-{seed}"
            if not (folder / "metrics.json").exists():
                train(config, seed, folder)
            results.append(json.loads((folder / "metrics.json").read_text()))
        rows.append(row(config, results))
    header = ["config", "network", "published error, %", "here, mean", "95% interval", "seeds", "epochs", "minutes"]
    tables.show(header, rows)
    if options.plot:
        from benchmarks.plots import plot_curves

        plot_curves({config: read_curve(options.runs / f"{config}-0") for config in configs}, options.plot)


if __name__ == "__main__":
    main()
