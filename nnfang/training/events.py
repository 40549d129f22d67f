"""What training tells whoever iterates over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nnfang.machine.clock import RESOLUTION


@dataclass(frozen=True)
class Progress:
    """Some more images of an epoch have been trained on; loss, accuracy and seconds are those of the epoch so far."""

    epoch: int
    seen: int
    images: int
    loss: float
    accuracy: float
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Training images per second, not counting what the iterating side does between events."""
        return self.seen / max(self.seconds, RESOLUTION)


@dataclass(frozen=True)
class Epoch:
    """An epoch is over.

    Attributes:
        epoch: Counted from 1.
        loss: Mean over the epoch's images, each as it was when the image's step began.
        accuracy: Likewise.
        val_loss: On the validation images after the epoch; None where there are none.
        val_accuracy: Likewise.
        learning_rate: Of the epoch's last step.
        seconds: Training time only: without validation, and without what the iterating side does between events.
        images_per_second: Training images over `seconds`.
        digest: Short hash of θ.
        is_best: Whether this is the best epoch so far; without validation images the latest is.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float
    digest: str
    is_best: bool

    @property
    def images(self) -> int:
        """Training images of the epoch."""
        return round(self.images_per_second * max(self.seconds, RESOLUTION))


@dataclass(frozen=True)
class Retry:
    """Training diverged and continues from the latest checkpoint with a smaller learning rate.

    Only a run on disk can do so, see `nnfang.runs.session`.

    Attributes:
        epoch: Completed epochs of that checkpoint.
        step: Its completed steps.
        learning_rate: The new one.
        reason: How training diverged.
    """

    epoch: int
    step: int
    learning_rate: float
    reason: str


@dataclass(frozen=True)
class End:
    """Training is over.

    Attributes:
        epochs: Completed epochs.
        best_epoch: The best of them; 0 where there are none.
        reason: Whether all epochs were completed, patience ran out, or `Training.stop` was called.
    """

    epochs: int
    best_epoch: int
    reason: Literal["done", "early_stopping", "max_time"]


Event = Progress | Epoch | Retry | End
