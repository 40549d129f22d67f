"""What a person sees: on stderr a bar or plain lines, on stdout results; all readable in a pipe and without colours."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.progress import Progress as RichProgress

    from nnfang.training.events import Epoch, Event, Progress


def percent(share: float) -> str:
    """0.97926 as ``97.93%``."""
    return f"{share:.2%}"


def count(number: int, noun: str) -> str:
    """1 as ``1 epoch``, 2 as ``2 epochs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def encodable(name: str | os.PathLike[str]) -> str:
    r"""The name of a file as text that JSON can hold: a byte of it that is not UTF-8 as ``\xff``."""
    return os.fsencode(name).decode(errors="backslashreplace")


def one_line(name: str) -> str:
    r"""The name of a file with a line break, or whatever else could upset a terminal, as ``\n``."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in encodable(name))


def harmless(text: str) -> str:
    """A message of one or more lines, which may quote a stranger's file, without what could upset a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def is_live() -> bool:
    """Whether stderr can show moving things to a person: a terminal that is able to, and no log of CI."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return is_terminal and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


def note(text: str) -> None:
    """A line on stderr that is not part of the result; where nobody takes it, the work goes on without."""
    with suppress(OSError):
        click.echo(text, err=True)


def warn(text: str) -> None:
    """A warning on stderr, which --quiet does not silence."""
    is_coloured = is_live() and not os.environ.get("NO_COLOR")
    note(f"{click.style('warning:', fg='yellow') if is_coloured else 'warning:'} {harmless(text)}")


def complain(text: str) -> None:
    """An error on stderr."""
    note(f"Error: {harmless(text)}")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns without a frame, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = (
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (header, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


BAR_WIDTH = 72
"""Columns that a terminal must have for the figures beside the bar."""


class View(Protocol):
    """Shows a training while it runs; a context manager, so that a bar is closed whatever happens."""

    def show(self, event: Event) -> None:
        """Show what has happened."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def training_view(epochs: int, *, quiet: bool) -> View:
    """A bar where stderr is a terminal, a line an epoch where it is not, nothing if `quiet`."""
    if quiet:
        return QuietView()
    return BarView(epochs) if is_live() else LineView(epochs)


class QuietView:
    """Shows nothing."""

    def show(self, event: Event) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


MOST_SECONDS = 10**12
"""What is left at most: of more than this, Python can make no duration."""


class LineView(QuietView):
    """One plain line an epoch."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.start = monotonic()

    def show(self, event: Event) -> None:
        """A line if an epoch is over, with the time that the others will take if they are alike."""
        from nnfang.training.events import Epoch

        if isinstance(event, Epoch):
            left = (monotonic() - self.start) / event.epoch * (self.epochs - event.epoch)
            speed = f"{event.images_per_second:,.0f} images/s"
            note(f"{epoch_line(event, self.epochs)}  {speed}  {timedelta(seconds=round(min(left, MOST_SECONDS)))} left")


class BarView:
    """A bar over all epochs, gone in the end, with a plain line above it for each epoch that is over."""

    def __init__(self, epochs: int) -> None:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

        self.epochs = epochs
        self.bar = _stderr_progress(
            TextColumn("{task.description}"),
            BarColumn(20),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            transient=True,
        )
        self.is_narrow = self.bar.console.width < BAR_WIDTH
        self.task = self.bar.add_task("", total=None, figures="")

    def show(self, event: Event) -> None:
        """Move the bar; print a line if an epoch is over."""
        from nnfang.training.events import Epoch, Progress

        if isinstance(event, Progress):
            self.bar.update(
                self.task,
                description=f"epoch {event.epoch}/{self.epochs}",
                total=self.epochs * event.images,
                completed=(event.epoch - 1) * event.images + event.seen,
                figures="" if self.is_narrow else progress_figures(event),
            )
        elif isinstance(event, Epoch):
            self.bar.console.print(epoch_line(event, self.epochs), highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()


def progress_figures(event: Progress) -> str:
    """Loss, accuracy and speed of the epoch so far."""
    return f"loss {event.loss:.4f}  accuracy {percent(event.accuracy)}  {event.images_per_second:,.0f} images/s"


def epoch_line(event: Epoch, epochs: int) -> str:
    """What an epoch came to, in one line."""
    line = f"epoch {event.epoch:{len(str(epochs))}}/{epochs}  loss {event.loss:.4f}  accuracy {percent(event.accuracy)}"
    if event.val_loss is not None and event.val_accuracy is not None:
        line += f"  val_loss {event.val_loss:.4f}  val_accuracy {percent(event.val_accuracy)}"
    return line


class DownloadBar:
    """The progress of one file, as pooch wants it: `total`, `update`, `reset`, `close`."""

    def __init__(self, description: str) -> None:
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

        self.bar = _stderr_progress(
            TextColumn("{task.description}"), BarColumn(20), DownloadColumn(), TimeRemainingColumn()
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
        """`n` more bytes have come."""
        self.bar.advance(self.task, n)

    def reset(self) -> None:
        """Count again from 0."""
        self.bar.reset(self.task, total=self.total)

    def close(self) -> None:
        """The download is over."""
        self.bar.stop()


class DownloadLine:
    """The same without a terminal: one line at the beginning."""

    total: float | None = None

    def __init__(self, description: str) -> None:
        note(description)

    def update(self, n: int) -> None:
        """Nothing."""

    def reset(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def download_progress(*, quiet: bool) -> Any:
    """What makes the progress bar of a file from its description; None if `quiet`."""
    if quiet:
        return None
    return DownloadBar if is_live() else DownloadLine


def _stderr_progress(*columns: Any, transient: bool = False) -> RichProgress:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), transient=transient)
