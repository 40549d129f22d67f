"""Progress bars, by rich."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from nnfang.commands import console
from nnfang.commands.lines import epoch_line, retry_lines
from nnfang.reports.sparkline import choose_marks, sparkline
from nnfang.training.events import Epoch, Progress, Retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType, RenderResult

    from nnfang.training.events import Event

BAR_COLUMNS = 20
FEWEST_EPOCHS = 2
"""Epochs that make a curve."""

FEWEST_MARKS, MOST_MARKS = 4, 30
"""Columns of a curve."""

MIN_COLUMNS = 78
"""Columns that a terminal must have for the figures beside the bar."""


@dataclass
class Curves:
    """How the epochs so far went, in one line: the validation accuracy where there is one, and the training loss."""

    epochs: list[Epoch] = field(default_factory=list)

    def draw(self, width: int, marks: str) -> str:
        """The line, which is no wider than `width`; empty before the second epoch, or where there is no room."""
        if len(self.epochs) < FEWEST_EPOCHS:
            return ""
        last = self.epochs[-1]
        curves = {"loss": ([epoch.loss for epoch in self.epochs], f"{last.loss:.4f}")}
        if last.val_accuracy is not None:
            accuracies = [nan if epoch.val_accuracy is None else epoch.val_accuracy for epoch in self.epochs]
            curves = {"val_accuracy": (accuracies, console.percent(last.val_accuracy))} | curves
        words = sum(len(f"{name}    {figure}") for name, (_, figure) in curves.items())
        room = min((width - words) // len(curves), MOST_MARKS)
        if room < FEWEST_MARKS:
            return ""
        return "  ".join(f"{name} {sparkline(y, room, marks)} {figure}" for name, (y, figure) in curves.items())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if line := self.draw(options.max_width, choose_marks(console.encoding)):
            yield Text(line, no_wrap=True)


class BarView:
    """A bar over all epochs, gone in the end, with a plain line above it for each epoch that is over."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.curves = Curves()
        self.bar = _stderr_progress(
            TextColumn("{task.description}"),
            BarColumn(BAR_COLUMNS),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            transient=True,
            below=self.curves,
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
            self.curves.epochs.append(event)
        elif isinstance(event, Retry):
            del self.curves.epochs[event.epoch :]
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
    """Bars that Ctrl-C leaves in one piece, and what is shown below them."""

    def __init__(self, *columns: Any, below: RenderableType | None, **settings: Any) -> None:
        self.below = [] if below is None else [below]  # before the first time that all is drawn
        super().__init__(*columns, **settings)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, and what is below."""
        return map(_Narrowed, (*super().get_renderables(), *self.below))


def _stderr_progress(*columns: Any, transient: bool = False, below: RenderableType | None = None) -> RichProgress:
    return _Progress(*columns, console=Console(stderr=True), transient=transient, below=below)
