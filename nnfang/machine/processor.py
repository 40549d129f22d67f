"""The processor: what Linux says about it, and how many processors this process may use."""

import os

CPUINFO = "/proc/cpuinfo"
ENTRY_BYTES = 4096
"""At most this much of /proc/cpuinfo describes the first processor; some machines have hundreds of them."""


def read_cpuinfo() -> dict[str, str]:
    """What Linux says about the first processor; empty on other systems."""
    try:
        with open(CPUINFO, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib takes long to import
            text = file.read(ENTRY_BYTES).split("\n\n")[0]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def count_processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
