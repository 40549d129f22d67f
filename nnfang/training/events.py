"""What training tells whoever iterates over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nnfang.engines import Engine
    from nnfang.training.state import Position


@dataclass(frozen=True)
class Start:
    """Training is about to begin.

    Attributes:
        engine: Trains; `engine.task.network` is the network, `engine.state` the optimizer's vectors. If it has a
            `compile_message`, that is done next.
        position: Kept current at each event.
        images: Number of training images.
        validation_images: Number of images kept out.
    """

    engine: Engine
    position: Position
    images: int
    validation_images: int


@dataclass(frozen=True)
class Progress:
    """Some more images of an epoch have been trained; loss, accuracy and seconds are those of the epoch so far."""

    epoch: int
    seen: int
    images: int
    loss: float
    accuracy: float
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Training images a second, without what the iterating side does between events."""
        return self.seen / self.seconds


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


@dataclass(frozen=True)
class End:
    """Training is over.

    Attributes:
        epochs: Epochs done.
        best_epoch: The best of them; 0 where none was done.
        reason: Whether all epochs were done, or patience ran out.
    """

    epochs: int
    best_epoch: int
    reason: Literal["done", "early_stopping"]


Event = Start | Progress | Epoch | End
