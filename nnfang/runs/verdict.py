"""Whether an answer about a picture is to be believed, in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nnfang.training.familiarity import LEAST

if TYPE_CHECKING:
    from nnfang.runs.explanation import Comparison, Explanation
    from nnfang.runs.pictures import Prediction

SURE = 0.9
"""The largest probability below which a network is in doubt itself."""

COMMON = 0.1
"""Familiarity from which on a picture is as familiar as most."""

HUNDREDTH = 0.0001

Grade = Literal["believable", "doubtful", "unfamiliar"]


@dataclass(frozen=True)
class Verdict:
    """What to make of an answer.

    Attributes:
        grade: ``unfamiliar`` pictures get an answer that may mean nothing; ``doubtful`` ones have something against it.
        headline: The answer, and the grade in words.
        reasons: A sentence for each thing that was looked at.
    """

    grade: Grade
    headline: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((self.headline, *self.reasons))


def judge(explanation: Explanation) -> Verdict:
    """Weigh what is known of a picture."""
    prediction, compared = explanation.prediction, explanation.compared
    label, is_sure = prediction.label, not explanation.is_probability or prediction.top(1)[0][1] >= SURE
    has_neighbours = explanation.neighbours_agree is not False
    reasons = [describe_sureness(explanation), describe_familiarity(prediction), describe_neighbours(compared)]
    reasons += [f"Caution: {warning}." for warning in prediction.picture.warnings]
    if prediction.is_unfamiliar:
        headline = f"{label}, but the picture is so unlike the training images that this may mean nothing."
        return Verdict("unfamiliar", headline, tuple(reasons))
    if is_sure and has_neighbours and not prediction.picture.warnings:
        return Verdict("believable", f"{label}, and nothing speaks against it.", tuple(reasons))
    return Verdict("doubtful", f"{label}, but not beyond doubt.", tuple(reasons))


def describe_sureness(explanation: Explanation) -> str:
    """How much the first two classes differ in the eyes of the network."""
    (first, p), (second, q) = explanation.prediction.top(2)
    if not explanation.is_probability:
        return f"The network gives {first} a score of {p:.3f}, and {second}, the runner-up, {q:.3f}."
    if p < SURE:
        return f"The network wavers between {first} ({percent(p)}) and {second} ({percent(q)})."
    return f"The network gives {first} a probability of {percent(p)}, and {second}, the runner-up, {percent(q)}."


def describe_familiarity(prediction: Prediction) -> str:
    """How much the picture is like those of the training."""
    share = prediction.familiarity
    if share is None:
        return "How familiar the picture is cannot be told: this network does not know its training images."
    if prediction.is_unfamiliar:
        few = f"{share:.1%}" if share > LEAST else f"fewer than {LEAST:.1%}"
        return f"It is unfamiliar: {few} of true images are so unlike the training images."
    rank = "familiar" if share >= COMMON else "less familiar than most"
    return f"It is {rank}: {share:.0%} of true images are no more like the training images."


def describe_neighbours(compared: Comparison) -> str:
    """Which classes the nearest training images are of."""
    if compared.neighbours is None:
        return f"It was compared with no training images: {compared.note}."
    names = [compared.class_names[label] for label in compared.neighbours.labels.tolist()]
    counts = Counter(names).most_common()
    where = f"nearest training image{'s' if len(names) > 1 else ''} of {compared.name}"
    note = f" ({compared.note})" if compared.note else ""
    if len(counts) == 1:
        every = "The" if len(names) == 1 else f"All {len(names)}"
        return f"{every} {where}{note} {'is' if len(names) == 1 else 'are'} labelled {names[0]}."
    parts = [f"{count} {'is' if count == 1 else 'are'} labelled {name}" for name, count in counts]
    return f"Of the {len(names)} {where}{note}, {', '.join(parts[:-1])} and {parts[-1]}."


def percent(p: float) -> str:
    """A probability with two digits after the point, and never as if it were certain."""
    if p > 1 - HUNDREDTH / 2:
        return f"over {1 - HUNDREDTH:.2%}"
    return f"under {HUNDREDTH:.2%}" if p < HUNDREDTH / 2 else f"{p:.2%}"
