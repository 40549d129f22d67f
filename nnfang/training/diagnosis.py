"""What is wrong with a training run that ended without an error: evidence, and the setting to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnfang.training.rules import examine

if TYPE_CHECKING:
    from nnfang.training.outcome import Outcome


@dataclass(frozen=True)
class Diagnosis:
    """Something wrong with a training run.

    Attributes:
        rule: The name of the rule that found it.
        evidence: What was seen.
        changes: Values of the recipe to try, by their path; empty where no setting mends it.
    """

    rule: str
    evidence: str
    changes: Mapping[str, Any]


def diagnose(outcome: Outcome) -> Diagnosis | None:
    """The most serious thing that is wrong; None where nothing is.

    Following the advice never leads back to a learning rate that was advised against: from afar it leads to the
    optimizer's default, and from there to a tenth of it at most.
    """
    wrong = ((name, found) for name, found in examine(outcome).items() if found.is_wrong)
    return next((Diagnosis(name, found.evidence, found.changes) for name, found in wrong), None)
