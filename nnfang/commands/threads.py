"""``--threads N|auto``: how many threads BLAS runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from nnfang.commands import console
from nnfang.errors import ConfigError
from nnfang.machine.blas import allow_threads, thread_switch
from nnfang.machine.description import find_version
from nnfang.machine.processor import count_processors
from nnfang.machine.threads import ThreadTrial
from nnfang.training.events import Epoch, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nnfang.training.events import Event

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
        ConfigError: What auto needs is not installed.
    """
    if threads == "auto" and not find_version("threadpoolctl"):
        raise ConfigError("--threads auto: needs threadpoolctl: pip install 'nnfang[turbo]'")
    processors = count_processors()
    if isinstance(threads, int) and threads > processors:
        console.warn(
            f"--threads {threads}: this computer has {console.count(processors, 'processor')} for nnfang; "
            "more threads than that make training slower"
        )
    if threads:
        allow_threads(processors if threads == "auto" else threads)


def try_threads(events: Iterable[Event], threads: Threads) -> Iterator[Event]:
    """The same events; for auto the number of threads is tried out and set between them."""
    if threads != "auto" or count_processors() == 1:
        yield from events
        return
    trial = ThreadTrial(count_processors(), thread_switch())
    seen, seconds = 0, 0.0
    for event in events:
        if isinstance(event, Progress):
            if decision := trial.record(event.seen - seen, event.seconds - seconds):
                console.note(decision)
            seen, seconds = event.seen, event.seconds
        elif isinstance(event, Epoch):
            seen, seconds = 0, 0.0
        yield event
