"""What processes run, and which of them a process has started."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 100


def running() -> dict[int, tuple[int, str]]:
    """The parent and the command line of each process that runs; those that have ended may still be in the table."""
    table = subprocess.run(["ps", "-eww", "-o", "pid,ppid,stat,args"], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in table.stdout.splitlines()[1:]]
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if not row[2].startswith("Z")}


def descendants(pid: int) -> dict[int, str]:
    """The command line of each that a process has started, or one of those."""
    found: dict[int, str] = {}
    parents, everything = {pid}, running()
    while parents:
        children = {child: words for child, (parent, words) in everything.items() if parent in parents}
        found |= children
        parents = set(children)
    return found


def trainings(pid: int) -> set[int]:
    """The processes among them that train for a sweep."""
    return {child for child, words in descendants(pid).items() if " -m nnfang train " in words}


def wait_for(path: Path) -> None:
    """Wait until there is such a file."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not appear"
        time.sleep(0.02)


def wait_for_end(pids: set[int]) -> None:
    """Wait until none of them runs, whoever has started it."""
    end = time.monotonic() + PATIENCE
    while left := pids & set(running()):
        assert time.monotonic() < end, f"{left} do not end"
        time.sleep(0.02)
