"""Progress as plain lines on stderr."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Self

from nnfang.commands import console
from nnfang.training.events import Epoch, Retry

if TYPE_CHECKING:
    from nnfang.training.events import Event

MAX_SECONDS = 100 * 24 * 3600 - 1
"""The longest remaining time that is shown; longer ones are a slip, not a time."""


class QuietView:
    """Shows warnings only."""

    def show(self, event: Event) -> None:
        """A warning if training diverged."""
        if isinstance(event, Retry):
            console.warn(retry_lines(event))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class LineView(QuietView):
    """One plain line per epoch."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.start = monotonic()

    def show(self, event: Event) -> None:
        """A line if an epoch is over, with the time that the others will take if they are alike."""
        super().show(event)
        if isinstance(event, Epoch):
            left = (monotonic() - self.start) / event.epoch * (self.epochs - event.epoch)
            speed = f"{event.images_per_second:,.0f} images/s"
            remaining = timedelta(seconds=round(min(left, MAX_SECONDS)))
            more = "over " if left > MAX_SECONDS else ""
            console.note(f"{epoch_line(event, self.epochs)}  {speed}  {more}{remaining} left")


class DownloadLine:
    """A download without a terminal: one line at the beginning."""

    total: float | None = None

    def __init__(self, description: str) -> None:
        console.note(description)

    def update(self, n: int) -> None:
        """Nothing."""

    def reset(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def epoch_line(event: Epoch, epochs: int, width: float = inf) -> str:
    """The results of an epoch, in one line, with narrow gaps where wide ones do not fit into `width` columns."""
    figures = [
        f"epoch {event.epoch:{len(str(epochs))}}/{epochs}",
        f"loss {event.loss:.4f}",
        f"accuracy {console.percent(event.accuracy)}",
    ]
    if event.val_loss is not None and event.val_accuracy is not None:
        figures += [f"val_loss {event.val_loss:.4f}", f"val_accuracy {console.percent(event.val_accuracy)}"]
    narrow = " ".join(figures)
    wide = "  ".join(figures)
    return wide if len(wide) <= width or len(narrow) > width else narrow


def retry_lines(event: Retry) -> str:
    """How training diverged, and how it continues."""
    return (
        f"{event.reason}\n"
        f"Retrying from epoch {event.epoch}, step {event.step}, with learning rate {event.learning_rate:g}."
    )
