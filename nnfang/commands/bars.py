"""Progress bars, by rich."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from nnfang.commands import console
from nnfang.commands.lines import epoch_line, retry_lines
from nnfang.training.events import Epoch, Progress, Retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from nnfang.training.events import Event

BAR_COLUMNS = 20
MIN_COLUMNS = 78
"""Columns that a terminal must have for the figures beside the bar."""


class BarView:
    """A bar over all epochs, gone in the end, with a plain line above it for each epoch that is over."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.bar = _stderr_progress(
            TextColumn("{task.description}"),
            BarColumn(BAR_COLUMNS),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            transient=True,
        )
        self.is_narrow = self.bar.console.width < MIN_COLUMNS
        self.task = self.bar.add_task("", total=None, figures="")

    def show(self, event: Event) -> None:
        """Move the bar; print a line if an epoch is over."""
        if isinstance(event, Progress):
            self.bar.update(
                self.task,
                description=f"epoch {event.epoch}/{self.epochs}",
                total=self.epochs * event.images,
                completed=(event.epoch - 1) * event.images + event.seen,
                figures="" if self.is_narrow else progress_figures(event),
            )
        elif isinstance(event, Epoch):
            whole = epoch_line(event, self.epochs, console.columns(sys.stderr))
            line = console.fit(console.escape(whole), sys.stderr)
            self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        elif isinstance(event, Retry):
            console.warn(retry_lines(event))

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def progress_figures(event: Progress) -> str:
    """Loss, accuracy and speed of the epoch so far."""
    accuracy, speed = console.percent(event.accuracy), f"{event.images_per_second:,.0f} images/s"
    return f"loss {event.loss:.4f}  accuracy {accuracy}  {speed}"


class DownloadBar:
    """The progress of one file, as pooch wants it: `total`, `update`, `reset`, `close`."""

    def __init__(self, description: str) -> None:
        self.bar = _stderr_progress(
            TextColumn("{task.description}"), BarColumn(BAR_COLUMNS), DownloadColumn(), TimeRemainingColumn()
        )
        self.task = self.bar.add_task(description, total=None)
        self.bar.start()

    @property
    def total(self) -> float | None:
        """Bytes of the whole file."""
        return self.bar.tasks[0].total

    @total.setter
    def total(self, value: float | None) -> None:
        self.bar.update(self.task, total=value)

    def update(self, n: int) -> None:
        """`n` more bytes have arrived."""
        self.bar.advance(self.task, n)

    def reset(self) -> None:
        """Count again from 0."""
        self.bar.reset(self.task, total=self.total)

    def close(self) -> None:
        """The download is over."""
        self.bar.stop()


@dataclass(frozen=True)
class _Narrowed:
    """Bars that leave two columns free: a terminal echoes Ctrl-C there, and would break a longer line."""

    bars: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return console.render(self.bars, options.update_width(options.max_width - len("^C")))


class _Progress(RichProgress):
    """Bars that Ctrl-C leaves in one piece."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars."""
        return map(_Narrowed, super().get_renderables())


def _stderr_progress(*columns: Any, transient: bool = False) -> RichProgress:
    return _Progress(*columns, console=Console(stderr=True), transient=transient)
