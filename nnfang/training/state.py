"""Where a training stands: what it takes to interrupt it and to go on."""

from dataclasses import dataclass


@dataclass
class Position:
    """Where a training stands between two chunks of images; kept current by whoever trains.

    With θ and the optimizer's vectors, this is all that is needed to go on as if nothing had been: whatever is random
    is drawn from the seed and the position.

    Attributes:
        epoch: Whole epochs done.
        step: Steps done, over all epochs.
        seen: Images of the epoch at hand that have been trained.
        loss: Their summed loss.
        right: How many of them were classified rightly.
        seconds: What they took.
        best_epoch: The best epoch so far, 0 before the first.
        best_value: What it is the best by; the smaller, the better.
    """

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss: float = 0.0
    right: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_value: float | None = None

    def close_epoch(self) -> None:
        """The epoch at hand is over."""
        self.epoch += 1
        self.seen, self.loss, self.right, self.seconds = 0, 0.0, 0, 0.0
