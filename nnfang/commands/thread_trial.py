"""``--threads auto`` during a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console
from nnfang.machine.blas import thread_switch
from nnfang.machine.processor import count_processors
from nnfang.machine.threads import ThreadTrial
from nnfang.training.events import Epoch, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nnfang.commands.threads import Threads
    from nnfang.training.events import Event


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
