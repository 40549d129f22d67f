"""What a sweep came to: mean and spread over seeds, and which setting won, by validation images only."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from statistics import mean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnfang.runs.sweeps.rows import Row

T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""The 97.5% quantiles of Student's t with 1 to 30 degrees of freedom; beyond, 1.96 is near enough."""


@dataclass(frozen=True)
class Spread:
    """Several fractions of the same kind.

    Attributes:
        values: The figures.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return mean(self.values)

    @property
    def deviation(self) -> float | None:
        """Their standard deviation, with n - 1; None for a single one."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of the mean over all seeds, by Student's t, within 0 .. 1; None for a single one."""
        n = len(self.values)
        if self.deviation is None:
            return None
        half = (T_975[n - 2] if n - 2 < len(T_975) else 1.96) * self.deviation / sqrt(n)
        return max(self.mean - half, 0.0), min(self.mean + half, 1.0)


@dataclass(frozen=True)
class Group:
    """The trainings that differ by nothing but their seed.

    Attributes:
        setting: What they have in common, such as ``learning_rate=0.01``.
        rows: The trainings that were done, even if what they came to was not enough to go on.
        planned: How many there are in all.
    """

    setting: str
    rows: tuple[Row, ...]
    planned: int

    @property
    def validation(self) -> Spread | None:
        """Accuracy on validation images; None where there are none."""
        found = tuple(row.val_accuracy for row in self.rows if row.val_accuracy is not None)
        return Spread(found) if found else None

    @property
    def test(self) -> Spread | None:
        """Accuracy on test images; None where no network was tested."""
        found = tuple(row.test_accuracy for row in self.rows if row.test_accuracy is not None)
        return Spread(found) if found else None

    @property
    def epochs(self) -> int:
        """The epochs of the longest training."""
        return max((len(row.history) for row in self.rows), default=0)

    @property
    def best(self) -> Row | None:
        """The training with the largest accuracy on validation images; without those, the first."""
        return max(self.rows, key=_merit, default=None)


def _merit(row: Row) -> tuple[float, float]:
    loss = row.best.val_loss if row.best else None
    return (-inf if row.val_accuracy is None else row.val_accuracy, -inf if loss is None else -loss)


def rank(rows: Sequence[Row]) -> list[Group]:
    """The settings, the best first: those that were trained longest, and among them by the mean on validation images.

    A setting of which a training diverged, failed or was killed comes after those of which all were done.
    """
    settings: dict[str, list[Row]] = {}
    for row in rows:
        settings.setdefault(row.point.setting, []).append(row)
    groups = []
    for setting, members in settings.items():
        done = tuple(row for row in members if row.state in {"done", "stopped"} and row.history)
        groups.append(Group(setting, done, len(members)))

    def key(group: Group) -> tuple[bool, int, float, float]:
        merits = [_merit(row) for row in group.rows]
        is_whole = len(group.rows) == group.planned
        losses = mean(loss for _, loss in merits) if merits else -inf
        return is_whole, group.epochs, group.validation.mean if group.validation else -inf, losses

    return sorted(groups, key=key, reverse=True)


def find_winner(rows: Sequence[Row]) -> Row | None:
    """The best training of the best setting, by validation images only; None where nothing can be chosen by them.

    It is chosen among settings that were trained to the end, of which no training failed.
    """
    groups = rank(rows)
    ranked = [group for group in groups if group.rows and len(group.rows) == group.planned]
    if len(groups) == 1 or not ranked or ranked[0].validation is None:
        return None
    return ranked[0].best
