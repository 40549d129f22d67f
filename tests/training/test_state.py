"""Where a training stands, and which epoch is the best."""

import numpy as np
import pytest

from nnfang.training.recipe import EarlyStopping
from nnfang.training.state import ACCURACY_THEN_LOSS, BestEpoch, TrainingState


@pytest.mark.parametrize(
    ("metric", "losses", "accuracies", "is_best", "stops_at"),
    [
        ("val_loss", [3, 2, 2, 1, 1.5, 1.2], [0.5] * 6, [1, 1, 0, 1, 0, 0], 6),
        ("val_loss", [3, 4, 5, 1], [0.1, 0.2, 0.3, 0.4], [1, 0, 0], 3),
        ("val_accuracy", [3, 4, 5, 6], [0.1, 0.2, 0.2, 0.2], [1, 1, 0, 0], 4),
        ("val_loss", [np.nan, 2, np.nan, 1, np.inf], [0.5] * 5, [0, 1, 0, 1, 0], None),
        ("val_loss", [np.inf, np.nan], [0.0] * 2, [0, 0], 2),
        (None, [3, 4, 2, 1, 9, 1.5], [0.1, 0.2, 0.2, 0.2, 0.3, 0.3], [1, 1, 1, 1, 1, 1], None),
        (None, [3, 3, 4, 1], [0.5, 0.5, 0.5, 0.4], [1, 0, 0], 3),
        (None, [np.nan, 1], [0.5, 0.5], [0, 1], None),
    ],
)
def test_better_is_better_than_all_before_and_nan_never_is(
    metric: str | None, losses: list[float], accuracies: list[float], is_best: list[int], stops_at: int | None
) -> None:
    state = TrainingState()
    best = BestEpoch(EarlyStopping(patience=2, metric=metric), state)
    found, stopped = [], None
    for loss, accuracy in zip(losses, accuracies, strict=True):
        state.end_epoch()
        found.append(best.update(loss, accuracy))
        if best.patience_is_over():
            stopped = state.epoch
            break
    assert (found, stopped) == ([bool(flag) for flag in is_best], stops_at)


def test_without_early_stopping_patience_is_endless() -> None:
    state = TrainingState(epoch=1)
    best = BestEpoch(None, state)
    assert best.update(1.0, 0.5)
    assert not best.update(1.0, 0.5)
    state.epoch = 10**9
    assert not best.patience_is_over()


def test_what_was_best_can_be_forgotten() -> None:
    state = TrainingState(epoch=7, best_epoch=3, best_value=0.1)
    state.forget_best()
    best = BestEpoch(EarlyStopping(patience=2), state)
    assert not best.patience_is_over()
    state.end_epoch()
    assert best.update(9.0, 0.1)
    assert (state.best_epoch, state.best_value, state.best_loss) == (8, -0.1, 9.0)


def test_the_metric_of_the_epochs_so_far_stays_unless_another_is_named() -> None:
    state = TrainingState(epoch=3, best_epoch=2, best_value=0.4)  # as it was saved before the metric was recorded
    assert BestEpoch(None, state).metric == "val_loss"
    assert BestEpoch(EarlyStopping(), state).metric == "val_loss"
    assert BestEpoch(EarlyStopping(metric="val_accuracy"), state).metric == "val_accuracy"
    assert BestEpoch(None, TrainingState()).metric == ACCURACY_THEN_LOSS
    assert BestEpoch(EarlyStopping(), TrainingState(metric="val_accuracy")).metric == "val_accuracy"
