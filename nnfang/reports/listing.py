"""A run as a row among others: its figures, in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from nnfang.training.evaluation import wilson_interval

if TYPE_CHECKING:
    from nnfang.runs.overview import Overview

Interval = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """What tells a run from others; None where it is not known.

    Attributes:
        dataset: The name of the data set.
        network: The inputs, and the units of each layer that has parameters.
        epochs: Completed epochs.
        planned: Those of its recipe.
        best_epoch: The best of them; 0 before the first.
        val_accuracy: Of the best epoch.
        val_interval: 95% Wilson interval of it.
        test_accuracy: Of the best network.
        test_interval: Likewise.
        seconds: Training time.
    """

    dataset: str | None
    network: tuple[int, ...] | None
    epochs: int | None
    planned: int | None
    best_epoch: int | None
    val_accuracy: float | None
    val_interval: Interval | None
    test_accuracy: float | None
    test_interval: Interval | None
    seconds: float | None

    @classmethod
    def of(cls, overview: Overview) -> Figures:
        """The figures of a run."""
        meta, recipe, best, tested = overview.meta, overview.recipe, overview.best, overview.tested
        validated = best.val_accuracy if best else None
        images = overview.validation_images
        return cls(
            dataset=meta.dataset.name if meta else recipe.dataset if recipe else None,
            network=overview.units or None,
            epochs=meta.epoch if meta else 0 if recipe else None,
            planned=recipe.epochs if recipe else None,
            best_epoch=meta.state.best_epoch if meta else 0 if recipe else None,
            val_accuracy=validated,
            val_interval=wilson_interval(round(validated * images), images)
            if validated is not None and images
            else None,
            test_accuracy=tested.accuracy if tested else None,
            test_interval=tested.interval if tested else None,
            seconds=overview.seconds if meta else None,
        )


def _largest_first(name: str) -> Callable[[Overview], Any]:
    return lambda overview: -_or_least(getattr(Figures.of(overview), name))


def _or_least(value: float | None) -> float:
    return -inf if value is None else value


ORDERS: dict[str, Callable[[Overview], Any] | None] = {
    "newest": None,
    "name": lambda overview: overview.run.folder.name,
    "test": _largest_first("test_accuracy"),
    "validation": _largest_first("val_accuracy"),
    "epochs": _largest_first("epochs"),
    "seconds": _largest_first("seconds"),
}
"""What runs are sorted by -> the key; None leaves them as they are found. What is not known comes last."""


def sort(overviews: Iterable[Overview], order: str) -> list[Overview]:
    """Runs in one of `ORDERS`."""
    key = ORDERS[order]
    return sorted(overviews, key=key) if key else list(overviews)
