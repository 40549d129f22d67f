"""What a teacher looks for in a training that is over: each rule says what was found, and the setting to change."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.schedules import Constant
from nnfang.training.causes import CAUSES, FAR, slow_down

if TYPE_CHECKING:
    from nnfang.training.activity import LayerActivity
    from nnfang.training.outcome import Outcome

LITTLE_BETTER, CLEARLY_BETTER = 0.1, 0.35
"""How much better than guessing a network should be after its first epochs, and later; 1 is as good as can be."""

FEW_EPOCHS = 3
"""What lasts no longer is no state."""

LEARNED_BY_HEART = 0.995
"""The fraction of the training images that counts as all of them."""

GAP = 0.03
"""How much worse a network is on validation images, as a fraction of them, if it has only learned by heart."""

RISEN = 1.25
"""A validation loss this many times its least has risen."""

MANY_UNITS = 0.5
"""The part of a layer's units that may be dead or saturated."""

HIGHER, OFTEN = 1.01, 0.25
"""A training loss this many times that of the epoch before has risen; in this part of the epochs, it bounces."""

SLOW = 0.01
"""A training loss that falls by this part in an epoch has some way to go."""

STUCK_EPOCHS, STUCK = 5, 0.99
"""Epochs in which a training loss should become less than this part of the least before them."""


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    Attributes:
        evidence: The figures that it looked at.
        is_wrong: Whether something is wrong; None where that cannot be told.
        changes: Values of the recipe to try, by their path.
    """

    evidence: str
    is_wrong: bool | None = False
    changes: Mapping[str, Any] = field(default_factory=dict)


NO_EPOCHS = Finding("no epochs to look at", None)
NO_VALIDATION = Finding("there are no validation images", None)
TOO_FEW = Finding(f"fewer than {FEW_EPOCHS + 1} epochs to compare", None)
NOT_MEASURED = Finding("activations were not measured", None)


def look_for_divergence(outcome: Outcome) -> Finding:
    """A loss that grew beyond all bounds."""
    if outcome.divergence is None:
        return Finding("the loss stayed finite")
    reason, rate = outcome.divergence
    return Finding(reason, is_wrong=True, changes={"optimizer.learning_rate": rate})


def look_for_training(outcome: Outcome) -> Finding:
    """Weights that are still the initial ones."""
    if outcome.history:
        return Finding(f"trained up to epoch {len(outcome.history):,}, step {outcome.steps:,}")
    if not outcome.is_fresh:
        return Finding("no epoch was trained, so the weights are those that it began with", None)
    evidence = "no epoch was trained, so the weights are the initial ones"
    return Finding(evidence, is_wrong=True, changes={"epochs": type(outcome.recipe)().epochs})


def look_for_underfitting(outcome: Outcome) -> Finding:
    """A network that has not learned, on the images that it was trained on either; with the cause."""
    test, chance = outcome.test, outcome.chance
    accuracies = f"{test.accuracy:.2%} of the test images correct, where guessing gets {chance:.2%}"
    if not outcome.history:
        return Finding(accuracies, None)
    last = outcome.history[-1]
    margin = LITTLE_BETTER if len(outcome.history) < FEW_EPOCHS else CLEARLY_BETTER
    if outcome.is_constant:
        symptom = f"every test image still gets the same answer after epoch {last.epoch}"
    elif max(test.accuracy, last.accuracy) >= chance + margin * (1 - chance):
        return Finding(accuracies)
    else:
        verdict = "no better than guessing" if test.interval[0] <= chance else "far from what it could be"
        symptom = f"{verdict}: {accuracies}"
    cause, changes = next(found for rule in CAUSES if (found := rule(outcome)))
    return Finding(f"{symptom}; {cause}", is_wrong=True, changes=changes)


def look_for_dead_units(outcome: Outcome) -> Finding:
    """Units that are 0 for every image, through which nothing is learned any longer."""
    return _look_at_units(outcome, "dead", "0 for every image", "leaky_relu")


def look_for_saturated_units(outcome: Outcome) -> Finding:
    """Units so far out that their slope is 0, so that no gradient gets through."""
    return _look_at_units(outcome, "saturated", "saturated for nearly every image", "relu")


def _look_at_units(outcome: Outcome, name: str, words: str, remedy: str) -> Finding:
    hidden = outcome.activity[:-1]
    if not outcome.activity:
        return NOT_MEASURED
    if not hidden:
        return Finding("there is no hidden layer")

    def part(layer: LayerActivity) -> float:
        return float(getattr(layer, name) / layer.units)

    worst = max(hidden, key=part)
    evidence = f"{getattr(worst, name):,} of the {worst.units:,} units of layers[{worst.index}] are {words}"
    is_far = outcome.recipe.optimizer.learning_rate > outcome.usual_rate
    changes = slow_down(outcome) if is_far else {f"layers[{worst.index}].activation": remedy}
    return Finding(evidence, is_wrong=True, changes=changes) if part(worst) >= MANY_UNITS else Finding(evidence)


def look_for_missing_classes(outcome: Outcome) -> Finding:
    """Classes that no test image is taken for, though some are of them. No setting mends that: more images do."""
    confusion = outcome.test.confusion
    missing = np.flatnonzero((confusion.sum(axis=0) == 0) & (confusion.sum(axis=1) > 0))
    if not len(missing):
        return Finding("each class is predicted for some test image")
    first = int(missing[0])
    name = outcome.class_names[first] if outcome.class_names else str(first)
    subject = f"class {name} is" if len(missing) == 1 else f"{len(missing)} classes are"
    which = f"{name} is that" if len(missing) == 1 else f"{name} is one of them, and that"
    evidence = f"{subject} never predicted; {which} of {confusion[first].sum():,} of {outcome.test.n:,} test images"
    return Finding(evidence, is_wrong=True)


def look_for_a_high_rate(outcome: Outcome) -> Finding:
    """A training loss that bounces, because each step goes too far."""
    losses = [epoch.loss for epoch in outcome.history]
    if len(losses) <= FEW_EPOCHS:
        return TOO_FEW
    rises = sum(after > HIGHER * before for before, after in itertools.pairwise(losses))
    evidence = f"the training loss rose in {rises} of {len(losses) - 1} epochs, learning rate {_rate(outcome):g}"
    is_learned = outcome.history[-1].accuracy >= LEARNED_BY_HEART
    if is_learned or rises < OFTEN * (len(losses) - 1):
        return Finding(evidence)
    return Finding(evidence, is_wrong=True, changes=slow_down(outcome))


def look_for_overfitting(outcome: Outcome) -> Finding:
    """A network that knows the training images ever better, and others no better or worse for it."""
    history = outcome.history
    if not history:
        return NO_EPOCHS
    last = history[-1]
    validated = [(epoch.val_loss, epoch.epoch) for epoch in history if epoch.val_loss is not None]
    if last.val_loss is None or last.val_accuracy is None:
        return NO_VALIDATION
    least, since = min(validated)
    known = [epoch for epoch in history if epoch.accuracy >= LEARNED_BY_HEART]
    changes = {"augment.rotate": 10} if outcome.recipe.augment is None else {"optimizer.weight_decay": 0.0001}
    if len(known) >= FEW_EPOCHS and last.accuracy - last.val_accuracy >= GAP:
        evidence = (
            f"overfitting since epoch {since}: the last epoch got {last.accuracy:.2%} of the training images right, "
            f"but only {last.val_accuracy:.2%} of the validation images"
        )
        return Finding(evidence, is_wrong=True, changes=changes)
    figures = f"the validation loss was lowest in epoch {since}, {least:.4f}, and is {last.val_loss:.4f} in the last"
    is_falling = last.loss < history[since - 1].loss
    if last.epoch - since >= FEW_EPOCHS and last.val_loss >= RISEN * least and is_falling:
        return Finding(f"overfitting since epoch {since}: {figures}", is_wrong=True, changes=changes)
    return Finding(figures)


def look_for_a_low_rate(outcome: Outcome) -> Finding:
    """A training loss that has some way to go, with steps that are far smaller than usual."""
    history, rate, usual = outcome.history, _rate(outcome), outcome.usual_rate
    if len(history) <= FEW_EPOCHS:
        return TOO_FEW
    fall = 1 - history[-1].loss / history[-2].loss if history[-2].loss else 0.0
    evidence = f"the training loss fell by {max(fall, 0):.1%} in the last epoch, learning rate {rate:g}"
    if rate > usual / FAR or fall < SLOW or history[-1].accuracy >= LEARNED_BY_HEART:
        return Finding(evidence)
    changes = {"optimizer.learning_rate": max(FEW_EPOCHS * rate, usual / FAR)}  # not at once what was too much before
    return Finding(f"{evidence}, where {usual:g} is usual", is_wrong=True, changes=changes)


def look_for_a_plateau(outcome: Outcome) -> Finding:
    """A training loss that falls no further at the same learning rate, though not all is learned."""
    losses = [epoch.loss for epoch in outcome.history]
    if len(losses) <= STUCK_EPOCHS:
        return Finding(f"no more than {STUCK_EPOCHS} epochs to compare", None)
    before, after = min(losses[:-STUCK_EPOCHS]), min(losses[-STUCK_EPOCHS:])
    now = min(before, after)
    evidence = f"the lowest training loss was {before:.4f} until {STUCK_EPOCHS} epochs ago, and is {now:.4f} now"
    is_learned = outcome.history[-1].accuracy >= LEARNED_BY_HEART
    if after < STUCK * before or is_learned or type(outcome.recipe.schedule) is not Constant:
        return Finding(evidence)
    return Finding(f"stuck: {evidence}", is_wrong=True, changes={"schedule.type": "cosine"})


def _rate(outcome: Outcome) -> float:
    return outcome.recipe.optimizer.learning_rate


RULES: Mapping[str, Callable[[Outcome], Finding]] = {
    "divergence": look_for_divergence,
    "untrained": look_for_training,
    "under-fitting": look_for_underfitting,
    "dead units": look_for_dead_units,
    "saturated units": look_for_saturated_units,
    "class never predicted": look_for_missing_classes,
    "rate too high": look_for_a_high_rate,
    "over-fitting": look_for_overfitting,
    "rate too low": look_for_a_low_rate,
    "plateau": look_for_a_plateau,
}
"""What is looked for, the most serious first."""


def examine(outcome: Outcome) -> dict[str, Finding]:
    """What each rule found."""
    return {name: look(outcome) for name, look in RULES.items()}
