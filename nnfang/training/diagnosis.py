"""What is wrong with a training run that ended without an error: evidence, and the setting to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.layers import Dense

if TYPE_CHECKING:
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.events import Epoch
    from nnfang.training.recipe import Recipe

LITTLE_BETTER, CLEARLY_BETTER = 0.1, 0.35
"""How much better than guessing a network should be after its first epochs, and later; 1 is as good as can be."""

FEW_EPOCHS = 3
"""What lasts no longer is no state."""

LEARNED_BY_HEART = 0.995
"""The fraction of the training images that counts as all of them."""

GAP = 0.03
"""How much worse a network is on validation images, as a fraction of them, if it has only learned by heart."""

FAR = 10
"""A learning rate this many times the usual one, or this small a part of it, is far from it."""

FEW_STEPS, ENOUGH_STEPS = 500, 2000
"""Steps after which little can be expected, and those that should be enough."""

USUAL_BATCH_SIZE, USUAL_UNITS = 32, 64

STRONG_WEIGHT_DECAY = 0.1

FALLING = 0.98
"""A loss that is at most this part of the first epoch's has fallen."""


@dataclass(frozen=True)
class Diagnosis:
    """Something wrong with a training run.

    Attributes:
        evidence: What was seen.
        changes: Values of the recipe to try, by their path.
    """

    evidence: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """A training run that is over.

    Attributes:
        recipe: How it was trained.
        history: The completed epochs.
        test: How the best network does on the test images.
        steps: The steps that were taken.
    """

    recipe: Recipe
    history: Sequence[Epoch]
    test: Evaluation
    steps: int

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


Cause = tuple[str, Mapping[str, Any]]
"""Why a network has not learned, and the values of the recipe to try."""


def diagnose(recipe: Recipe, history: Sequence[Epoch], test: Evaluation, steps: int) -> Diagnosis | None:
    """The most serious thing that is wrong; None where nothing is.

    Following the advice never leads back to a learning rate that was advised against: from afar it leads to the
    optimizer's default, and from there to a tenth of it at most.

    Args:
        recipe: How it was trained.
        history: The completed epochs.
        test: How the best network does on the test images.
        steps: The steps that were taken.
    """
    if not history:
        return Diagnosis("no epoch was trained, so the weights are the initial ones", {"epochs": type(recipe)().epochs})
    outcome = Outcome(recipe, history, test, steps)
    if symptom := describe_failure(outcome):
        cause, changes = next(found for rule in CAUSES if (found := rule(outcome)))
        return Diagnosis(f"{symptom}; {cause}", changes)
    return find_overfitting(outcome)


def describe_failure(outcome: Outcome) -> str:
    """That a network has not learned, on the images that it was trained on either; empty if it has."""
    test, chance, last = outcome.test, outcome.chance, outcome.history[-1]
    if outcome.is_constant:
        return f"every test image still gets the same answer after epoch {last.epoch}"
    margin = LITTLE_BETTER if len(outcome.history) < FEW_EPOCHS else CLEARLY_BETTER
    if max(test.accuracy, last.accuracy) >= chance + margin * (1 - chance):
        return ""
    verdict = "no better than guessing" if test.interval[0] <= chance else "far from what it could be"
    return f"{verdict}: {test.accuracy:.2%} of the test images correct, where guessing gets {chance:.2%}"


def find_zero_weights(outcome: Outcome) -> Cause | None:
    """Units that begin alike stay alike; and behind relu, what is zero stays zero."""
    layers = enumerate(outcome.recipe.layers[:-1])
    zero = [index for index, layer in layers if isinstance(layer, Dense) and layer.initializer == "zeros"]
    changes = {f"layers[{index}].initializer": Dense.initializer for index in zero}
    return ("the initial weights of a hidden layer are all zero", changes) if zero else None


def find_narrow_layer(outcome: Outcome) -> Cause | None:
    """A layer of a few units lets too little through."""
    layers, classes = enumerate(outcome.recipe.layers[:-1]), len(outcome.test.confusion)
    narrow = [index for index, layer in layers if isinstance(layer, Dense) and 2 * layer.units < classes]
    changes = {f"layers[{index}].units": USUAL_UNITS for index in narrow}
    return (f"a hidden layer is too narrow for {classes} classes", changes) if narrow else None


def find_weight_decay(outcome: Outcome) -> Cause | None:
    """Strong weight decay pulls the weights to zero."""
    optimizer = outcome.recipe.optimizer
    if optimizer.weight_decay < STRONG_WEIGHT_DECAY:
        return None
    usual = type(optimizer)().weight_decay
    return f"a weight decay of {optimizer.weight_decay:g} is very strong", {"optimizer.weight_decay": usual}


def find_unusual_rate(outcome: Outcome) -> Cause | None:
    """A learning rate far from the usual one."""
    rate, usual = outcome.recipe.optimizer.learning_rate, outcome.usual_rate
    if usual / FAR <= rate < usual * FAR:
        return None
    size = "large" if rate > usual else "small"
    return f"a learning rate of {rate:g} is very {size}", {"optimizer.learning_rate": usual}


def find_few_steps(outcome: Outcome) -> Cause | None:
    """A training run that is over before it has begun."""
    steps, recipe = outcome.steps, outcome.recipe
    if steps >= FEW_STEPS:
        return None
    reason = f"{steps} steps are too few" if steps > 1 else "one step is not enough"
    if recipe.batch_size > USUAL_BATCH_SIZE:
        return reason, {"batch_size": USUAL_BATCH_SIZE}
    return reason, {"epochs": len(outcome.history) * ceil(ENOUGH_STEPS / steps)}


def find_distortion(outcome: Outcome) -> Cause | None:
    """Images that are distorted beyond recognition."""
    if outcome.recipe.augment is None:
        return None
    return "the training images may be distorted beyond recognition", {"augment": None}


def find_falling_loss(outcome: Outcome) -> Cause | None:
    """A network that is still learning."""
    first, last = outcome.history[0], outcome.history[-1]
    if outcome.is_constant or last.loss > FALLING * first.loss:
        return None
    return "the loss is still falling", {"epochs": 2 * len(outcome.history)}


def find_large_rate(outcome: Outcome) -> Cause:
    """What is left: steps that are too large; below a tenth of the usual rate, more of them."""
    rate, usual = outcome.recipe.optimizer.learning_rate, outcome.usual_rate
    reason = "the units are dead or saturated" if outcome.is_constant else "the loss does not fall"
    if rate <= usual / FAR:
        return reason, {"epochs": 2 * len(outcome.history)}
    return reason, {"optimizer.learning_rate": usual if rate > usual else usual / FAR}


CAUSES: tuple[Callable[[Outcome], Cause | None], ...] = (
    find_zero_weights,
    find_narrow_layer,
    find_weight_decay,
    find_unusual_rate,
    find_few_steps,
    find_distortion,
    find_falling_loss,
    find_large_rate,
)
"""The causes, most certain first; the last is always found."""


def find_overfitting(outcome: Outcome) -> Diagnosis | None:
    """A network that knows the training images by heart, and others no better for it."""
    recipe, last = outcome.recipe, outcome.history[-1]
    known = [epoch for epoch in outcome.history if epoch.accuracy >= LEARNED_BY_HEART]
    if last.val_accuracy is None or len(known) < FEW_EPOCHS or last.accuracy - last.val_accuracy < GAP:
        return None
    evidence = (
        f"overfitting: the last epoch got {last.accuracy:.2%} of the training images right, "
        f"but only {last.val_accuracy:.2%} of the validation images"
    )
    return Diagnosis(evidence, {"augment.rotate": 10} if recipe.augment is None else {"optimizer.weight_decay": 0.0001})
