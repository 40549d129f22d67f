"""A sweep while it lasts: a table on a terminal, a line per training elsewhere."""

from __future__ import annotations

import sys
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Protocol, Self

from nnfang.commands import console
from nnfang.runs.sweeps.rows import ENDED

if TYPE_CHECKING:
    from types import TracebackType

    from rich.table import Table

    from nnfang.runs.sweeps.driver import Sweep
    from nnfang.runs.sweeps.rows import Row

BEST = 5
"""Trainings that are shown as the best so far."""

MOST_RUNNING = 10
"""Trainings under way that are shown."""


class View(Protocol):
    """Shows a sweep while it lasts."""

    def show(self, ended: Row | None) -> None:
        """Show what has changed, and the training that ended, if one did."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view(sweep: Sweep, *, quiet: bool) -> View:
    """A table where stderr is a terminal, a line per training where it is not, nothing if `quiet`."""
    if quiet:
        return QuietView()
    return TableView(sweep) if console.is_live() else LineView(sweep)


def headline(sweep: Sweep, jobs: int) -> str:
    """What is about to happen."""
    done = sum(row.state in ENDED for row in sweep.rows.values())
    already = f", {done} of them done already" if done else ""
    number = console.count(len(sweep.rows), "training")
    return f"{number} of {sweep.plan.recipe.dataset}{already}, {jobs} at a time, in {sweep.folder.path}"


class QuietView:
    """Shows nothing."""

    def show(self, ended: Row | None) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Progress:
    """How much of a sweep is done, and how long the rest will take if it is alike."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep, self.start = sweep, monotonic()
        self.epochs_before = self._count()

    def _count(self) -> float:
        """Completed epochs, of all that there will be at most, as a fraction."""
        rows = self.sweep.rows.values()
        parts = [1.0 if row.state in ENDED else len(row.history) / max(row.point.recipe.epochs, 1) for row in rows]
        return sum(parts) / len(parts)

    def describe(self) -> str:
        """``4 of 12 done, 2 running, 0:03:10 left``."""
        rows = self.sweep.rows.values()
        ended, running = (sum(row.state in states for row in rows) for states in (ENDED, {"running"}))
        text = f"{ended} of {len(rows)} done, {running} running"
        done = self._count()
        if done > self.epochs_before and done < 1:
            left = (monotonic() - self.start) / (done - self.epochs_before) * (1 - done)
            text += f", {timedelta(seconds=round(left))} left"
        return text


class LineView(QuietView):
    """A line for each training that ended."""

    def __init__(self, sweep: Sweep) -> None:
        self.progress = Progress(sweep)

    def show(self, ended: Row | None) -> None:
        """The line."""
        if ended:
            console.note(f"{describe(ended)}  ({self.progress.describe()})")


def describe(row: Row) -> str:
    """``003  learning_rate=0.01 seed=1  validation 97.62%  20 epochs  12.1 s``, or how else it ended."""
    parts = [f"{row.point.number:03d}", row.point.label]
    if row.state not in {"done", "stopped"}:
        return "  ".join([*parts, console.one_line(f"{row.state}: {row.reason}" if row.reason else row.state)])
    if row.val_accuracy is not None:
        parts.append(f"validation {console.percent(row.val_accuracy)}")
    elif row.test_accuracy is not None:
        parts.append(f"test {console.percent(row.test_accuracy)}")
    return "  ".join([*parts, console.count(len(row.history), "epoch"), f"{row.seconds:.1f} s"])


class TableView:
    """The best so far, what is running, and how much is left, redrawn in place; gone in the end."""

    def __init__(self, sweep: Sweep) -> None:
        from rich.console import Console
        from rich.live import Live

        self.sweep, self.progress = sweep, Progress(sweep)
        self.live = Live(console=Console(stderr=True), transient=True, auto_refresh=False)

    def show(self, ended: Row | None) -> None:
        """Draw the table again; a training that failed has a line that stays."""
        if ended and ended.state not in {"done", "stopped"}:
            console.note(console.fit(describe(ended), sys.stderr))  # which rich writes above the table
        self.live.update(self.draw(), refresh=True)

    def draw(self) -> Table:
        """The table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, caption=self.progress.describe(), caption_justify="left")
        for heading in ("", "training", "epochs", "validation"):
            table.add_column(heading, justify="left" if heading in {"", "training"} else "right", no_wrap=True)
        rows = list(self.sweep.rows.values())
        best = sorted((row for row in rows if row.state in ENDED and row.best), key=_merit, reverse=True)[:BEST]
        running = [row for row in rows if row.state == "running"][:MOST_RUNNING]
        for heading, some in (("best", best), ("running", running)):
            for place, row in enumerate(some):
                accuracy = "" if row.val_accuracy is None else console.percent(row.val_accuracy)
                epochs = f"{len(row.history)}/{row.point.recipe.epochs}"
                cells = ("" if place else heading, console.escape(row.point.label), epochs, accuracy)
                table.add_row(*map(Text, cells))
        return table

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()


def _merit(row: Row) -> float:
    return row.val_accuracy or 0.0
