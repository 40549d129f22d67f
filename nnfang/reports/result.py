"""The result of an evaluation with all that is told of it, in whatever form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.data.registry import MNIST
from nnfang.reports.calibration import measure_calibration
from nnfang.reports.scores import count_in_top, find_confusions
from nnfang.training.evaluation import wilson_interval

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.reports.calibration import Calibration
    from nnfang.reports.scores import Confusion
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.evaluation import Outcome, Split
    from nnfang.training.evaluation import Evaluation

MOST_CONFUSIONS = 10
"""Pairs of classes that are told."""


@dataclass(frozen=True)
class Part:
    """How many of some images are classified correctly.

    Attributes:
        first: Number of the first of them, counted from 0.
        n: How many they are.
        correct: How many of them are classified correctly.
    """

    first: int
    n: int
    correct: int

    @property
    def accuracy(self) -> float:
        """Fraction classified correctly."""
        return self.correct / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the accuracy."""
        return wilson_interval(self.correct, self.n)

    def describe(self) -> dict[str, Any]:
        """The part for a program."""
        return {**asdict(self), "accuracy": self.accuracy, "interval": self.interval}


@dataclass(frozen=True, eq=False)
class Result:
    """What a network made of the images of a split.

    Attributes:
        model: Where the network is, as text.
        classifier: The network, or several.
        data: The data set.
        split: Which of its images.
        outcome: What the network made of each.
        k: Among how many classes the true one may be, to be counted in `top`; None if nobody asks.
    """

    model: str
    classifier: Classifier
    data: Dataset
    split: Split
    outcome: Outcome
    k: int | None = None

    @property
    def evaluation(self) -> Evaluation:
        """Loss and confusion."""
        return self.outcome.evaluation

    @property
    def is_probability(self) -> bool:
        """Whether the outputs are probabilities, rather than scores."""
        return self.classifier.gives_probabilities

    @cached_property
    def calibration(self) -> Calibration | None:
        """Whether the network is right as often as it says; None where its outputs are no probabilities."""
        return measure_calibration(self.outcome.outputs, self.outcome.labels) if self.is_probability else None

    @cached_property
    def confusions(self) -> list[Confusion]:
        """The pairs of classes that are confused most often."""
        return find_confusions(self.evaluation.confusion, MOST_CONFUSIONS)

    @cached_property
    def top(self) -> Part | None:
        """The images whose true class is among the `k` most likely."""
        if self.k is None:
            return None
        return Part(0, self.evaluation.n, count_in_top(self.outcome.outputs, self.outcome.labels, self.k))

    @cached_property
    def halves(self) -> tuple[Part, Part] | None:
        """The test images of MNIST by their writers: 5,000 are of NIST's training set, as many of its test set."""
        if self.data.name != MNIST.name or self.split != "test":
            return None
        first, second = np.array_split(self.outcome.predicted == self.outcome.labels, 2)
        return Part(0, len(first), int(first.sum())), Part(len(first), len(second), int(second.sum()))

    def name(self, label: int) -> str:
        """What a class is called."""
        return self.data.class_names[label]

    def describe(self) -> dict[str, Any]:
        """The result for a program; its keys are documented."""
        evaluation, names, calibration = self.evaluation, self.data.class_names, self.calibration
        scores = zip(names, evaluation.class_scores(), strict=True)
        return {
            "model": self.model,
            "dataset": self.data.name,
            "split": self.split,
            "n": evaluation.n,
            "loss": evaluation.loss,
            "accuracy": evaluation.accuracy,
            "interval": evaluation.interval,
            "per_class": {name: asdict(score) for name, score in scores},
            "confusion": evaluation.confusion.tolist(),
            "confusions": [
                {"true": self.name(pair.true), "predicted": self.name(pair.predicted), "n": pair.images}
                for pair in self.confusions
            ],
            "calibration": calibration and {"error": calibration.error, "bins": calibration.describe_bins()},
            "top": self.top and {"k": self.k, **self.top.describe()},
            "halves": self.halves and [part.describe() for part in self.halves],
        }
