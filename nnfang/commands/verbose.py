"""``-v``: what the library logs, on stderr."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

from nnfang.commands import console

if TYPE_CHECKING:
    import click


class StderrHandler(logging.Handler):
    """Writes each record as a line of stderr: seconds since the start of the command, and the message."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.start = perf_counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        console.note(console.shorten(f"{perf_counter() - self.start:7.2f} s  {record.getMessage()}"))


def attach(ctx: click.Context) -> None:
    """Show what the library logs until the command ends."""
    if ctx.resilient_parsing:  # a shell completes the line
        return
    logger, handler = logging.getLogger("nnfang"), StderrHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    ctx.call_on_close(lambda: logger.removeHandler(handler))
