"""A training that is over, as it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnfang.training.activity import LayerActivity
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.events import Epoch
    from nnfang.training.recipe import Recipe


@dataclass(frozen=True)
class Outcome:
    """A training that is over.

    Attributes:
        recipe: How it was trained.
        history: The completed epochs.
        test: How the best network does on the test images.
        steps: The steps that were taken.
        activity: What the layers of that network do on some images; empty where that was not measured.
        class_names: One per output; empty where they are numbered.
        divergence: How training diverged, and a smaller learning rate to try; None where it did not.
        is_fresh: Whether it began with random weights.
    """

    recipe: Recipe
    history: Sequence[Epoch]
    test: Evaluation
    steps: int
    activity: Sequence[LayerActivity] = ()
    class_names: Sequence[str] = ()
    divergence: tuple[str, float] | None = None
    is_fresh: bool = True

    @property
    def chance(self) -> float:
        """The accuracy of guessing the most frequent class."""
        return float(self.test.confusion.sum(axis=1).max() / self.test.n)

    @property
    def is_constant(self) -> bool:
        """Whether every image gets the same answer, though there are several classes."""
        return np.count_nonzero(self.test.confusion.sum(axis=0)) == 1 and self.chance < 1

    @property
    def usual_rate(self) -> float:
        """The default learning rate of the optimizer."""
        return type(self.recipe.optimizer)().learning_rate
