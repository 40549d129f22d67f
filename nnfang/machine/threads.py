"""One thread or several for BLAS? Nobody knows beforehand; so a few real steps are timed with each."""

from collections.abc import Callable
from statistics import median

ROUNDS = 5
"""Chunks that are timed with one thread, and as many with several."""

WORTH_IT = 1.15
"""Several threads are kept if they are so many times as fast as one."""

IN_TROUBLE = 3.0
"""... and given up as soon as a chunk takes so many times as long as before: another program wants the processors."""


class ThreadTrial:
    """Watches training chunk by chunk and switches BLAS's threads between the chunks."""

    def __init__(self, most: int, switch: Callable[[int], object]) -> None:
        """Begin with one thread.

        Args:
            most: Threads to compare one with.
            switch: Sets the number of threads.
        """
        self.most = most
        self.switch = switch
        self.threads = 1
        self.times: dict[int, list[float]] = {1: [], most: []}
        self.usual: float | None = None
        switch(1)

    def observe(self, images: int, seconds: float) -> str | None:
        """Take note of a chunk; what was decided is said in words, once."""
        time = seconds / images
        if self.usual is not None:
            return self._watch(time)
        self.times[self.threads].append(time)
        is_hopeless = self.threads > 1 and time > IN_TROUBLE * median(self.times[1])
        if min(map(len, self.times.values())) < ROUNDS and not is_hopeless:
            self._take(self.most if self.threads == 1 else 1)
            return None
        one, several = median(self.times[1]), median(self.times[self.most])
        gain = one / several
        self._take(self.most if gain >= WORTH_IT else 1)
        self.usual = min(one, several)
        return f"BLAS runs in {_name(self.threads)}: {_name(self.most)} were {gain:.2f} times as fast as 1"

    def _watch(self, time: float) -> str | None:
        if self.threads == 1 or self.usual is None or time < IN_TROUBLE * self.usual:
            return None
        self._take(1)
        return f"BLAS is back to 1 thread: with {self.most} a step took {time / self.usual:.0f} times as long as before"

    def _take(self, threads: int) -> None:
        self.threads = threads
        self.switch(threads)


def _name(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
