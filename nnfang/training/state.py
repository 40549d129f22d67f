"""Where a training run stands: what it takes to interrupt it and to continue; and which epoch is the best."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnfang.training.recipe import EarlyStopping

ACCURACY_THEN_LOSS = "val_accuracy, val_loss"
"""How epochs are compared by default: by accuracy on the validation images, and where that is equal by the loss."""


@dataclass
class TrainingState:
    """Where a training run stands between two chunks of images; kept current by the training.

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
        best_loss: Its validation loss, where the metric is `ACCURACY_THEN_LOSS`.
        metric: That metric; None before the first epoch is compared.
    """

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_value: float | None = None
    best_loss: float | None = None
    metric: str | None = None

    def end_epoch(self) -> None:
        """The current epoch is over."""
        self.epoch += 1
        self.seen, self.loss, self.correct, self.seconds = 0, 0.0, 0, 0.0

    def forget_best(self) -> None:
        """Let the network as it is now count as the best so far, which the next epoch can only improve on."""
        self.best_epoch, self.best_value, self.best_loss, self.metric = self.epoch, None, None, None


class BestEpoch:
    """Keeps track of the best epoch: by the metric of early stopping if it names one, else by `ACCURACY_THEN_LOSS`."""

    def __init__(self, early_stopping: EarlyStopping | None, state: TrainingState) -> None:
        """What is best so far is kept in `state`."""
        self.metric = metric_for(early_stopping, state)
        self.patience = early_stopping.patience if early_stopping else inf
        self.state = state

    def update(self, val_loss: float | None, val_accuracy: float | None) -> bool:
        """Take the epoch that has just ended into account.

        Returns:
            Whether it is better than all before. One whose loss is not finite never is; without validation the latest
            always is.
        """
        state = self.state
        if val_loss is None or val_accuracy is None:
            state.best_epoch = state.epoch
            return True
        value = val_loss if self.metric == "val_loss" else -val_accuracy
        tie = val_loss if self.metric == ACCURACY_THEN_LOSS else inf
        best = _or_infinite(state.best_value), _or_infinite(state.best_loss)
        is_better = value < best[0] or (value == best[0] and tie < best[1])
        if not (is_better and isfinite(val_loss)):
            return False
        state.best_epoch, state.best_value, state.metric = state.epoch, value, self.metric
        state.best_loss = tie if self.metric == ACCURACY_THEN_LOSS else None
        return True

    def patience_is_over(self) -> bool:
        """Whether `patience` epochs have passed since the best."""
        return self.state.epoch - self.state.best_epoch >= self.patience


def metric_for(early_stopping: EarlyStopping | None, state: TrainingState) -> str:
    """The metric by which epochs are compared; where none is named, that of the epochs so far."""
    if early_stopping and early_stopping.metric:
        return early_stopping.metric
    if state.metric:
        return state.metric
    # Before the metric was recorded, it was the loss.
    return ACCURACY_THEN_LOSS if state.best_value is None else "val_loss"


def _or_infinite(value: float | None) -> float:
    return inf if value is None else value
