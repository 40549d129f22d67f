"""The processor: what Linux says of it, and how many of them this process may use."""

import os

CPUINFO = "/proc/cpuinfo"
ONE_PROCESSOR = 4096
"""Bytes of /proc/cpuinfo that describe the first processor: some machines have hundreds of them."""


def read_cpuinfo() -> dict[str, str]:
    """What Linux says of the first processor; empty elsewhere."""
    try:
        with open(CPUINFO, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is not yet imported
            text = file.read(ONE_PROCESSOR).split("\n\n")[0]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def count_processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
