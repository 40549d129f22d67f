"""Mean, spread and interval against SciPy, and which setting wins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nnfang.runs.sweeps.plan import Axis, Plan
from nnfang.runs.sweeps.rows import Row, State
from nnfang.runs.sweeps.summary import Spread, find_winner, rank
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe

POINTS = Plan(Recipe(), (Axis("batch_size", (1, 2, 3)), Axis("seed", (0, 1)))).points()


def make_rows(*accuracies: float, losses: tuple[float, ...] = (0.1,) * 6) -> list[Row]:
    rows = []
    for point, accuracy, loss in zip(POINTS, accuracies, losses, strict=True):
        epoch = Epoch(1, 1.0, 0.5, loss, accuracy, 0.1, 1.0, 100.0, "0" * 16, True)
        rows.append(Row(point, Path(str(point.number)), "done", history=(epoch,), best=epoch, test_accuracy=0.9))
    return rows


@pytest.mark.parametrize("n", [2, 3, 10, 31])
def test_the_interval_is_that_of_scipy(n: int) -> None:
    values = np.random.default_rng(n).normal(0.5, 0.01, n)
    spread = Spread(tuple(values.tolist()))
    low, high = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    assert spread.interval == pytest.approx((low, high), rel=1e-4)
    assert spread.deviation == pytest.approx(np.std(values, ddof=1))


def test_of_one_figure_there_is_no_spread() -> None:
    assert (Spread((0.9,)).deviation, Spread((0.9,)).interval) == (None, None)
    assert Spread((0.2, 1.0)).interval == (0.0, 1.0)


def test_the_mean_over_seeds_wins_not_the_luckiest_seed() -> None:
    rows = make_rows(0.99, 0.80, 0.91, 0.92, 0.5, 0.6)
    winner = find_winner(rows)
    assert winner is not None
    assert (winner.point.setting, winner.point.recipe.seed) == ("batch_size=2", 1)
    assert [group.setting for group in rank(rows)] == ["batch_size=2", "batch_size=1", "batch_size=3"]


def test_where_accuracies_are_equal_the_smaller_loss_wins() -> None:
    winner = find_winner(make_rows(*[0.9] * 6, losses=(0.3, 0.3, 0.3, 0.3, 0.2, 0.25)))
    assert winner is not None
    assert (winner.point.setting, winner.point.recipe.seed) == ("batch_size=3", 0)


@pytest.mark.parametrize("state", ["diverged", "failed", "killed", "interrupted"])
def test_a_setting_that_does_not_always_work_cannot_win(state: State) -> None:
    rows = make_rows(0.99, 0.99, 0.5, 0.5, 0.6, 0.6)
    rows[0] = replace(rows[0], state=state)
    winner = find_winner(rows)
    assert winner is not None
    assert winner.point.setting == "batch_size=3"


def test_what_was_trained_longest_comes_first() -> None:
    rows = make_rows(0.99, 0.99, 0.5, 0.5, 0.6, 0.6)
    rows[2:4] = [replace(row, history=row.history * 2) for row in rows[2:4]]
    assert [group.setting for group in rank(rows)] == ["batch_size=2", "batch_size=1", "batch_size=3"]


def test_without_a_choice_or_validation_there_is_no_winner() -> None:
    rows = make_rows(*[0.9] * 6)
    assert find_winner(rows[:2]) is None
    blind = [replace(row, best=replace(row.best, val_accuracy=None, val_loss=None)) for row in rows if row.best]
    assert find_winner(blind) is None
