"""How fast this computer is. What is compared takes turns, so that a computer that slows down slows all of it down."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np

from nnfang.machine.clock import RESOLUTION

Key = TypeVar("Key", bound=Hashable)

PEAK_SIDE = 1024
"""Side of square matrices large enough for BLAS to reach its highest speed."""

MAX_SPREAD = 1.25
"""The same work should take the same time; if the slowest round took this many times as long as the fastest, other
programs were running."""


def take_turns(runs: Mapping[Key, Callable[[], object]], rounds: int) -> dict[Key, list[float]]:
    """Seconds of each run in each round, after one round to warm up that is not counted."""
    seconds: dict[Key, list[float]] = {key: [] for key in runs}
    for count in range(rounds + 1):
        for key, run in runs.items():
            start = perf_counter()
            run()
            if count:
                seconds[key].append(max(perf_counter() - start, RESOLUTION))
    return seconds


def product_speed(shape: tuple[int, int, int] = (PEAK_SIDE,) * 3, rounds: int = 7) -> tuple[float, bool]:
    """Floating-point operations per second of a product (m, k) @ (k, n), and whether other programs disturbed it."""
    m, k, n = shape
    a, b, c = np.ones((m, k), np.float32), np.ones((k, n), np.float32), np.empty((m, n), np.float32)
    (seconds,) = take_turns({"product": lambda: np.matmul(a, b, out=c)}, rounds).values()
    return 2 * m * k * n / median(seconds), max(seconds) > MAX_SPREAD * min(seconds)
