"""One thread or several for BLAS? Only a measurement tells, so a few real steps are timed with each."""

from collections.abc import Callable
from statistics import median

from nnfang.machine.clock import RESOLUTION

ROUNDS = 5
"""Chunks of training that are timed with one thread, and as many with several."""

MIN_SPEEDUP = 1.15
"""Several threads are kept if they are at least this many times as fast as one."""

MAX_SLOWDOWN = 3.0
"""... and dropped once a chunk takes this many times as long as expected: another program wants the processors."""


class ThreadTrial:
    """Times training chunk by chunk, and chooses the number of BLAS's threads between the chunks.

    Attributes:
        threads: The number that is set.
        times: Seconds per image of each chunk of the trial, by the number of threads.
        expected_time: Seconds per image with the number that was chosen; None during the trial.
    """

    def __init__(self, max_threads: int, set_threads: Callable[[int], object]) -> None:
        """Begin with one thread.

        Args:
            max_threads: The number that is compared with one.
            set_threads: Sets the number of threads.
        """
        self.max_threads = max_threads
        self.set_threads = set_threads
        self.times: dict[int, list[float]] = {1: [], max_threads: []}
        self.expected_time: float | None = None
        self._switch_to(1)

    def record(self, images: int, seconds: float) -> str | None:
        """Record how long a chunk took; return a sentence if a number of threads was chosen because of it."""
        time = max(seconds, RESOLUTION) / images
        if self.expected_time is None:
            return self._compare(time)
        if self.threads == 1 or time < MAX_SLOWDOWN * self.expected_time:
            return None
        self._switch_to(1)
        slowdown = time / self.expected_time
        return f"BLAS is back to 1 thread: with {self.max_threads} a step took {slowdown:.0f} times as long as before"

    def _compare(self, time: float) -> str | None:
        """Take turns with one thread and several, until there are enough times of both to choose."""
        self.times[self.threads].append(time)
        is_hopeless = self.threads > 1 and time > MAX_SLOWDOWN * median(self.times[1])
        if min(map(len, self.times.values())) < ROUNDS and not is_hopeless:
            self._switch_to(self.max_threads if self.threads == 1 else 1)
            return None
        one, several = median(self.times[1]), median(self.times[self.max_threads])
        speedup = one / several
        self._switch_to(self.max_threads if speedup >= MIN_SPEEDUP else 1)
        self.expected_time = min(one, several)
        chosen, compared = _count_threads(self.threads), _count_threads(self.max_threads)
        return f"BLAS runs in {chosen}: {compared} were {speedup:.2f} times as fast as 1"

    def _switch_to(self, threads: int) -> None:
        self.threads = threads
        self.set_threads(threads)


def _count_threads(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
