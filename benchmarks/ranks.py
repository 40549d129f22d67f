"""How training gets faster with the ranks of MPI, and where that ends: ``python -m benchmarks.ranks``.

Strong scaling shares one batch of 512 among the ranks; weak scaling gives each rank 512 rows. A step of P parameters
and m rows on R ranks is taken to last

    t(R) = fixed + row · m / R + 2 log2(R) · latency + 2 (R - 1) / R · size / bandwidth,

the last two being what an Allreduce of `size` bytes costs at best (Thakur, Rabenseifner, Gropp 2005, "Optimization of
Collective Communication Operations in MPICH"). `fixed`, mostly the optimizer's update, and `row` are fitted to one rank
with two sizes of a batch, `latency` and `bandwidth` to Allreduces of the sizes of the networks and of one number.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import images, tables
from benchmarks.hosts import TCP_ALONE, two_hosts
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.machine.launcher import find_launch
from nnfang.machine.ranks import Ranks, connect
from nnfang.training.events import Epoch
from nnfang.training.loop import train
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH, ROWS = 512, 54_000
"""Rows of a step, and of an epoch on MNIST."""

FEW = 64
"""Rows of a step, by which what depends on them is told from what does not."""

NETWORKS = {"784-128-64-10": (BATCH * 32, 7), "784-2500-2000-1500-1000-500-10": (BATCH * 4, 3)}
"""By the units: how many rows are trained on, and how often, in one round."""

FAR = (1, 2, 4, 8, 16, 64, 1024)
"""Ranks for which times are told from the model."""


class TimedRanks(Ranks):
    """Knows how long this rank has spent in Allreduce, which includes waiting for the others."""

    seconds = 0.0

    def add(self, array: np.ndarray[Any, Any]) -> None:
        """As of any ranks."""
        begin = perf_counter()
        super().add(array)
        self.seconds += perf_counter() - begin


@dataclass(frozen=True)
class Measured:
    """Seconds of a step, and how many of them are communication."""

    step: float
    communication: float


def work(units: str, batch: int, rows: int, epochs: int) -> None:
    """On each rank: train, and let the first print the medians over epochs."""
    launch = find_launch()
    ranks = None
    if launch:
        plain = connect(launch)
        ranks = TimedRanks(plain.communicator, in_place=plain._in_place)
    data = images.load()
    hidden = [Dense(int(n), "relu") for n in units.split("-")[1:-1]]
    recipe = Recipe(
        layers=(*hidden, Dense(10, "softmax")),
        optimizer=Sgd(learning_rate=0.01),
        batch_size=batch,
        epochs=epochs + 1,
        validation_split=0,
        limit=rows,
        engine="batch",
    )
    training = train(Network.for_recipe(recipe, data), data, recipe, ranks=ranks)
    found: list[tuple[float, float]] = []
    before = 0.0
    for event in training.events():
        if isinstance(event, Epoch):
            now = ranks.seconds if ranks else 0.0
            found.append((event.seconds, now - before))
            before = now
    steps = -(-rows // batch)
    if ranks is None or ranks.rank == 0:
        print(json.dumps([median(part) / steps for part in zip(*found[1:], strict=True)]))


def reduce(sizes: Sequence[int]) -> None:
    """On each rank: add arrays of float32, and let the first print the median seconds of each size."""
    launch = find_launch()
    assert launch, "Allreduce needs mpiexec"
    ranks = connect(launch)
    found = []
    for size in sizes:
        array, times = np.ones(size, np.float32), []
        for _ in range(max(5, min(200, 10**7 // size))):
            ranks.communicator.Barrier()
            begin = perf_counter()
            ranks.add(array)
            times.append(perf_counter() - begin)
        found.append(median(times[1:]))
    if ranks.rank == 0:
        print(json.dumps(found))


def call(mpiexec: Sequence[str], ranks: int, *arguments: object) -> Any:
    """Run this module on some ranks, with one thread each; the JSON that the first prints."""
    start = [*mpiexec, "-n", str(ranks)] if ranks > 1 else []
    command = [*start, sys.executable, "-m", "benchmarks.ranks", *map(str, arguments)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=one_thread)
    return json.loads(done.stdout.splitlines()[-1])


def measure(mpiexec: Sequence[str], ranks: int, rounds: int) -> dict[tuple[str, int, int], Measured]:
    """(network, ranks, batch) -> seconds of a step, the medians over rounds in which all take turns."""
    cases = [
        (units, *case)
        for units in NETWORKS
        for case in dict.fromkeys([(1, BATCH), (1, FEW), (ranks, BATCH), (ranks, BATCH * ranks)])
    ]
    found: dict[tuple[str, int, int], list[Any]] = {case: [] for case in cases}
    for _ in range(rounds):
        for units, count, batch in cases:
            rows, epochs = NETWORKS[units]
            rows = rows * batch // BATCH if batch > FEW else rows // 4
            found[units, count, batch].append(call(mpiexec, count, "--work", units, batch, rows, epochs))
    return {case: Measured(*map(median, zip(*times, strict=True))) for case, times in found.items()}


def show_measured(found: dict[tuple[str, int, int], Measured], ranks: int) -> None:
    """Print the table of strong and weak scaling."""
    lines = []
    for units in NETWORKS:
        one = found[units, 1, BATCH].step
        for kind, batch in (("strong", BATCH), ("weak", BATCH * ranks)):
            here = found[units, ranks, batch]
            ideal = one * batch / BATCH / ranks
            epoch = [tables.seconds(step * ROWS / size) for step, size in ((one, BATCH), (here.step, batch))]
            shares = [f"{here.communication / here.step:.0%}", f"{ideal / here.step:.2f}"]
            lines.append([f"{units}, {kind}, batch {batch}", *epoch, *shares])
    header = ["", "epoch, 1 rank, s", f"{ranks} ranks, s", "of it communication", "efficiency"]
    tables.show(header, lines)


@dataclass(frozen=True)
class Wire:
    """What lies between two ranks.

    Attributes:
        latency: Seconds of a message without content.
        bandwidth: Bytes per second.
    """

    latency: float
    bandwidth: float

    @classmethod
    def fit(cls, sizes: Sequence[int], times: Sequence[float], ranks: int) -> Wire:
        """Least squares of the relative errors, of Allreduces of float32."""
        size = 4 * np.array(sizes)
        parts = np.stack([np.full(len(size), 2 * log2(ranks)), 2 * (ranks - 1) / ranks * size], axis=1)
        (latency, inverse), *_ = np.linalg.lstsq(parts / np.array(times)[:, None], np.ones(len(size)), rcond=None)
        return cls(max(latency, 0.0), 1 / inverse)

    def allreduce(self, parameters: int, ranks: int) -> float:
        """Seconds that it takes to add the gradients."""
        if ranks == 1:
            return 0.0
        return 2 * log2(ranks) * self.latency + 2 * (ranks - 1) / ranks * 4 * parameters / self.bandwidth


def show_model(found: dict[tuple[str, int, int], Measured], wires: dict[str, Wire]) -> None:
    """Print how many times as fast an epoch would be on more ranks."""
    lines = []
    for units in NETWORKS:
        widths = [*map(int, units.split("-"))]
        parameters = sum(n * (p + 1) for p, n in pairwise(widths))
        whole, few = found[units, 1, BATCH].step, found[units, 1, FEW].step
        row = (whole - few) / (BATCH - FEW)
        fixed = max(whole - row * BATCH, 0.0)
        for name, wire in wires.items():
            added = [wire.allreduce(parameters, ranks) for ranks in FAR]
            strong = [whole / (fixed + row * max(BATCH / n, 1) + t) for n, t in zip(FAR, added, strict=True)]
            weak = [n * whole / (whole + t) for n, t in zip(FAR, added, strict=True)]
            for kind, gains in (("strong", strong), ("weak", weak)):
                lines.append([f"{units}, {kind}, {name}", *(f"{gain:.2g}" for gain in gains)])
    tables.show(["times as fast as one rank", *map(str, FAR)], lines)


def report(mpiexec: Sequence[str], ranks: int, rounds: int) -> None:
    """Measure with a launcher, and print the tables."""
    found = measure(mpiexec, ranks, rounds)
    show_measured(found, ranks)
    sizes = (1, 1000, 109_386, 1_000_000, 11_972_510)
    times = call(mpiexec, ranks, "--reduce", *sizes)
    wire = Wire.fit(sizes, times, ranks)
    print(f"Allreduce: latency {wire.latency * 1e6:.1f} µs, bandwidth {wire.bandwidth / 1e6:,.0f} MB/s; of numbers:")
    tables.show(
        ["float32", "measured, ms", "model, ms"],
        [
            [f"{n:,}", f"{1e3 * t:.3f}", f"{1e3 * wire.allreduce(n, ranks):.3f}"]
            for n, t in zip(sizes, times, strict=True)
        ],
    )
    wires = {"as measured": wire, "10 Gbit/s, 50 µs": replace(wire, latency=50e-6, bandwidth=1.25e9)}
    show_model(found, wires)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description="How training gets faster with the ranks of MPI.")
    parser.add_argument("--mpiexec", default="mpiexec", help="the launcher, with options such as -hosts one,two")
    parser.add_argument("--hosts", action="store_true", help="two hosts on this computer, joined by 1 Gbit/s")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--reduce", nargs="+", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        units, *numbers = options.work
        work(units, *map(int, numbers))
        return
    if options.reduce:
        reduce(options.reduce)
        return
    if options.hosts:
        os.environ.update(TCP_ALONE)
    with two_hosts() if options.hosts else nullcontext(shlex.split(options.mpiexec)) as mpiexec:
        report(mpiexec, options.ranks, options.rounds)


if __name__ == "__main__":
    main()
