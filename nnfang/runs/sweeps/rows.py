"""How far each training of a sweep is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nnfang.runs.overview import look_at

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.sweeps.plan import Point
    from nnfang.training.events import Epoch

State = Literal["waiting", "running", "done", "stopped", "diverged", "interrupted", "failed", "killed", "damaged"]

ENDED = {"done", "stopped", "diverged", "failed", "killed", "damaged"}
"""The states of trainings that are over."""


@dataclass(frozen=True)
class Row:
    """A training of a sweep at a glance.

    Attributes:
        point: The training.
        folder: Its run.
        state: Waiting for its turn, running, or how it ended; stopped is what could not win any more.
        reason: Why it failed or diverged.
        history: Its completed epochs.
        best: The best of them.
        test_accuracy: Of the network of the best epoch; None where it has not been tested.
    """

    point: Point
    folder: Path
    state: State = "waiting"
    reason: str = ""
    history: tuple[Epoch, ...] = ()
    best: Epoch | None = None
    test_accuracy: float | None = None

    @property
    def digest(self) -> str | None:
        """Of the network of the best epoch."""
        return self.best.digest if self.best else None

    @property
    def val_accuracy(self) -> float | None:
        """Of the best epoch."""
        return self.best.val_accuracy if self.best else None

    @property
    def seconds(self) -> float:
        """Training time, without validation and saving."""
        return sum(epoch.seconds for epoch in self.history)


def read_row(point: Point, folder: Path) -> Row:
    """What the folder of a training's run tells."""
    if not folder.is_dir():
        return Row(point, folder)
    seen = look_at(folder)
    history = seen.meta.history if seen.meta else ()
    tested = seen.tested.accuracy if seen.tested else None
    return Row(point, folder, seen.state, seen.reason, history, seen.best, tested)
