"""Where a training stands: what it takes to interrupt it and to continue."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnfang.training.recipe import EarlyStopping


@dataclass
class TrainingState:
    """Where a training stands between two chunks of images; kept current by the training.

    With θ and the optimizer's vectors, this is all that is needed to continue as if there had been no interruption:
    whatever is random is drawn from the seed and the position.

    Attributes:
        epoch: Completed epochs.
        step: Completed steps, over all epochs.
        seen: Images of the current epoch that have been trained on.
        loss: Their summed loss.
        correct: How many of them were classified correctly.
        seconds: How long they took.
        best_epoch: The best epoch so far, 0 before the first.
        best_value: Its value of the metric by which epochs are compared; the smaller, the better.
    """

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_value: float | None = None

    def end_epoch(self) -> None:
        """The current epoch is over."""
        self.epoch += 1
        self.seen, self.loss, self.correct, self.seconds = 0, 0.0, 0, 0.0

    def forget_best(self) -> None:
        """Let the network as it is now count as the best so far, which the next epoch can only improve on."""
        self.best_epoch, self.best_value = self.epoch, None


class BestEpoch:
    """Keeps track of the best epoch, by the metric of early stopping, by default the validation loss."""

    def __init__(self, early_stopping: EarlyStopping | None, state: TrainingState) -> None:
        """What is best so far is kept in `state`."""
        self.metric = metric_of(early_stopping)
        self.patience = early_stopping.patience if early_stopping else inf
        self.state = state

    def update(self, val_loss: float | None, val_accuracy: float | None) -> bool:
        """Take the epoch that has just ended into account.

        Returns:
            Whether it is better than all before. NaN never is; without validation the latest epoch always is.
        """
        state = self.state
        if val_loss is None or val_accuracy is None:
            state.best_epoch = state.epoch
            return True
        value = val_loss if self.metric == "val_loss" else -val_accuracy
        if not value < (inf if state.best_value is None else state.best_value):
            return False
        state.best_epoch, state.best_value = state.epoch, value
        return True

    def patience_is_over(self) -> bool:
        """Whether `patience` epochs have passed since the best."""
        return self.state.epoch - self.state.best_epoch >= self.patience


def metric_of(early_stopping: EarlyStopping | None) -> str:
    """The metric by which epochs are compared."""
    return early_stopping.metric if early_stopping else "val_loss"
