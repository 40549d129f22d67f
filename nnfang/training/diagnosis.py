"""What is wrong with a training that ended without an error: evidence, and the setting to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.events import Epoch
    from nnfang.training.recipe import Recipe

CLEARLY_BETTER = 0.1
"""A network that has learned something is at least this much better than guessing, as a fraction of the images."""

LEARNED_BY_HEART = 0.995
"""The fraction of the training images that counts as all of them."""

GAP = 0.03
"""How much worse a network is on validation images, as a fraction of them, if it has only learned by heart."""

FEW_EPOCHS = 3
"""What lasts no longer is no state."""

RATE_STEP = 10
"""The factor by which another learning rate is proposed."""


@dataclass(frozen=True)
class Diagnosis:
    """Something wrong with a training.

    Attributes:
        evidence: What was seen.
        changes: Values of the recipe to try, by their path.
    """

    evidence: str
    changes: Mapping[str, Any]


def diagnose(recipe: Recipe, history: Sequence[Epoch], test: Evaluation) -> Diagnosis | None:
    """The first thing that is wrong, most serious first; None where nothing is.

    Args:
        recipe: How it was trained.
        history: The completed epochs.
        test: How the best network does on the test images.
    """
    return next((found for rule in RULES if (found := rule(recipe, history, test))), None)


def find_constant_answer(recipe: Recipe, history: Sequence[Epoch], test: Evaluation) -> Diagnosis | None:
    """Units that are dead or saturated give the same answer to every image."""
    answers = np.flatnonzero(test.confusion.sum(axis=0))
    if not history or len(answers) > 1:
        return None
    evidence = f"every test image still gets the same answer after epoch {history[-1].epoch}: dead or saturated units"
    return Diagnosis(evidence, _another_rate(recipe))


def find_guessing(recipe: Recipe, history: Sequence[Epoch], test: Evaluation) -> Diagnosis | None:
    """A network that is no better than guessing, on the images that it was trained on either, has not learned."""
    chance = float(test.confusion.sum(axis=1).max() / test.n)
    if not history or max(test.accuracy, history[-1].accuracy) >= chance + CLEARLY_BETTER * (1 - chance):
        return None
    evidence = (
        f"{test.accuracy:.2%} of the test images classified correctly is hardly better than guessing, {chance:.2%}"
    )
    return Diagnosis(evidence, _another_rate(recipe))


def find_overfitting(recipe: Recipe, history: Sequence[Epoch], test: Evaluation) -> Diagnosis | None:
    """A network that knows the training images by heart, and others no better for it."""
    known = [epoch for epoch in history if epoch.accuracy >= LEARNED_BY_HEART]
    last = history[-1] if history else None
    if not last or last.val_accuracy is None or len(known) < FEW_EPOCHS or last.accuracy - last.val_accuracy < GAP:
        return None
    evidence = (
        f"over-fitting since epoch {known[0].epoch}: {last.accuracy:.2%} of the training images, "
        f"but {last.val_accuracy:.2%} of the validation images"
    )
    return Diagnosis(evidence, {"augment.rotate": 10} if recipe.augment is None else {"optimizer.weight_decay": 0.0001})


def _another_rate(recipe: Recipe) -> Mapping[str, float]:
    """A smaller learning rate, or a larger one where it is below the optimizer's default."""
    rate, usual = recipe.optimizer.learning_rate, type(recipe.optimizer)().learning_rate
    return {"optimizer.learning_rate": usual if rate < usual else rate / RATE_STEP}


RULES: tuple[Callable[[Recipe, Sequence[Epoch], Evaluation], Diagnosis | None], ...] = (
    find_constant_answer,
    find_guessing,
    find_overfitting,
)
