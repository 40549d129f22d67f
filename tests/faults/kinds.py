"""The kinds of faults, at which operations they happen, and how many did."""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

from tests.faults.machine import Ending, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = os.environ.get("FAULTS", "6")
"""How many operations are chosen of each kind; ``make test-faults`` chooses all."""

KINDS = {
    **{name: (Mode.FAIL, getattr(errno, name)) for name in ("EIO", "ENOSPC", "EACCES", "EROFS")},
    "the disk is full from now on": (Mode.FAIL_FROM_NOW_ON, errno.ENOSPC),
    "killed before": (Mode.KILL_BEFORE, 0),
    "killed after": (Mode.KILL_AFTER, 0),
    **{name: (Mode.SIGNAL, getattr(signal, name)) for name in ("SIGINT", "SIGTERM")},
}

WORDS = {
    Mode.FAIL: "failed",
    Mode.FAIL_FROM_NOW_ON: "failed",
    Mode.KILL_BEFORE: "killed",
    Mode.KILL_AFTER: "killed",
    Mode.SIGNAL: "interrupted",
}

FORESEEN = {0, 1, 2, 5, 6}
"""Exit codes of what is foreseen."""


class Tally(Counter[str]):
    """What was done, and what came of it."""

    def strike(self, mode: Mode) -> None:
        """Note that an operation had a fault."""
        self[WORDS[mode]] += 1

    def __str__(self) -> str:
        done = [f"{self[word]:,} {word}" for word in ("failed", "interrupted", "killed")]
        lost = self["failed"] + self["interrupted"] + self["killed"] - self["whole"]
        return (
            f"file operations: {', '.join(done)}; lost: {lost}; "
            f"equal to the byte after going on: {self['equal']:,} of {self['continued']:,}\n"
            f"power failures: after {self['prefixes']:,} operations, which may leave {self['crashes']:,} disks; "
            f"all of them whole: {self['disks']:,}\n"
            f"beside trainings: {self['reads']:,} reads, of which {self['missed']} missed a checkpoint; "
            f"{self['resumes']} resumptions at once, of which {self['trained']} trained"
        )


def choose(operations: int) -> Iterator[int]:
    """Numbers of operations: all, or some that lie evenly."""
    chosen = operations if FAULTS == "all" else min(int(FAULTS), operations)
    yield from (number * operations // chosen for number in range(chosen))


def assert_one_message(ending: Ending, mode: Mode, error: int, where: str) -> None:
    if mode in {Mode.KILL_BEFORE, Mode.KILL_AFTER}:
        assert ending.code == -signal.SIGKILL, where
        assert ending.stderr == "", where
        return
    assert "Traceback" not in ending.stderr, (where, ending.stderr)
    assert "Exception ignored" not in ending.stderr, (where, ending.stderr)
    assert "a file cannot be read or written" not in ending.stderr, (where, ending.stderr)
    if mode == Mode.SIGNAL:
        assert ending.code in {0, 128 + error}, (where, ending)
        assert "Error: " not in ending.stderr, (where, ending)
        return
    assert ending.code in FORESEEN, (where, ending)
    assert ending.stderr.count("Error: ") == (ending.code != 0), (where, ending)
