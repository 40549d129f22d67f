"""``--threads N|auto``: how many threads BLAS runs in."""

from __future__ import annotations

from typing import Literal

import click

from nnfang.commands import console
from nnfang.errors import ConfigError
from nnfang.machine.blas import allow_threads
from nnfang.machine.description import find_version
from nnfang.machine.launcher import find_launch
from nnfang.machine.processor import count_processors

Threads = int | Literal["auto"] | None


def parse(ctx: click.Context, param: click.Parameter, text: str | None) -> Threads:
    """An integer from 1, or auto."""
    if text is None or text == "auto":
        return "auto" if text else None
    if not text.isdecimal() or int(text) < 1:
        raise click.BadParameter(f"{text!r} is neither auto nor a number of threads, 1 or more.")
    return int(text)


def prepare(threads: Threads) -> None:
    """Allow as many threads as may be wanted, before NumPy is imported.

    Raises:
        ConfigError: auto, where several processes train together, or what it needs is not installed.
    """
    launch = find_launch()
    if threads == "auto" and launch:
        raise ConfigError(f"--threads auto: would try them in one of {launch.size} processes; give a number instead")
    if threads == "auto" and not find_version("threadpoolctl"):
        raise ConfigError("--threads auto: needs threadpoolctl: pip install 'nnfang[turbo]'")
    processors = count_processors()
    if isinstance(threads, int) and threads > processors and not (launch and launch.rank):
        console.warn(
            f"--threads {threads}: this computer has {console.count(processors, 'processor')} for nnfang; "
            "more threads than that make training slower"
        )
    if threads:
        allow_threads(processors if threads == "auto" else threads)
