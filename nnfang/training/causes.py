"""Why a network has not learned: the causes, and the settings to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from nnfang.core.layers import Dense

if TYPE_CHECKING:
    from nnfang.training.outcome import Outcome

FAR = 10
"""A learning rate this many times the usual one, or this small a part of it, is far from it."""

FEW_STEPS, ENOUGH_STEPS = 500, 2000
"""Steps after which little can be expected, and those that should be enough."""

USUAL_BATCH_SIZE, USUAL_UNITS = 32, 64

STRONG_WEIGHT_DECAY = 0.1

FALLING = 0.98
"""A loss that is at most this part of the first epoch's has fallen."""

Cause = tuple[str, Mapping[str, Any]]
"""Why a network has not learned, and the values of the recipe to try."""


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
    """A training that is over before it has begun."""
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
    reason = "the units are dead or saturated" if outcome.is_constant else "the loss does not fall"
    return reason, slow_down(outcome)


def slow_down(outcome: Outcome) -> Mapping[str, Any]:
    """A smaller learning rate: from afar the usual one, then a tenth of it; below that, more steps."""
    rate, usual = outcome.recipe.optimizer.learning_rate, outcome.usual_rate
    if rate <= usual / FAR:
        return {"epochs": 2 * len(outcome.history)}
    return {"optimizer.learning_rate": usual if rate > usual else usual / FAR}


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
