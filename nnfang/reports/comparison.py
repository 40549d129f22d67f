"""Several networks on the same test images: how they were trained, how well they do, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.config.schema import to_tree
from nnfang.reports.calibration import measure_calibration
from nnfang.reports.significance import Pairing, pair

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.evaluation import Outcome


@dataclass(frozen=True, eq=False)
class Contender:
    """One of the networks.

    Attributes:
        letter: What it is called for short.
        model: Where it is, as text.
        checkpoint: The network.
        size: Bytes of its file.
        outcome: What it made of each test image.
        seconds: That this took.
    """

    letter: str
    model: str
    checkpoint: Checkpoint
    size: int
    outcome: Outcome
    seconds: float

    @property
    def is_correct(self) -> npt.NDArray[np.bool_]:
        """(n,) whether each image is classified correctly."""
        correct: npt.NDArray[np.bool_] = self.outcome.predicted == self.outcome.labels
        return correct

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe by the keys of the config, level by level, with the engine that was chosen."""
        checkpoint = self.checkpoint
        return dict(_flatten("", to_tree(checkpoint.recipe))) | {"engine": checkpoint.meta.engine}

    def describe(self) -> dict[str, Any]:
        """The network for a program."""
        evaluation, meta, network = self.outcome.evaluation, self.checkpoint.meta, self.checkpoint.network
        calibration = (
            measure_calibration(self.outcome.outputs, self.outcome.labels)
            if network.output_activation == "softmax"
            else None
        )
        return {
            "name": self.letter,
            "model": self.model,
            "accuracy": evaluation.accuracy,
            "interval": evaluation.interval,
            "loss": evaluation.loss,
            "calibration_error": calibration and calibration.error,
            "parameters": network.theta.size,
            "bytes": self.size,
            "epochs": meta.epoch,
            "seconds_per_epoch": median(epoch.seconds for epoch in meta.history) if meta.history else None,
            "images_per_second": evaluation.n / self.seconds,
            "forked_from": meta.parent and meta.parent.run,
            "digest": network.digest(),
        }


def _flatten(path: str, tree: Any) -> list[tuple[str, Any]]:
    """``layers[0].units`` -> 128, and so on."""
    if isinstance(tree, dict):
        branches = [(f"{path}.{key}" if path else key, value) for key, value in tree.items()]
    elif isinstance(tree, list):
        branches = [(f"{path}[{i}]", value) for i, value in enumerate(tree)]
    else:
        return [(path, tree)]
    return [leaf for branch in branches for leaf in _flatten(*branch)]


@dataclass(frozen=True, eq=False)
class Duel:
    """Two of the networks.

    Attributes:
        first, second: A and B.
        pairing: On how many images only one of them is right.
        mended: Indices of the test images that only B gets right.
        broken: Indices of the test images that only A gets right.
    """

    first: Contender
    second: Contender
    pairing: Pairing
    mended: npt.NDArray[np.int64]
    broken: npt.NDArray[np.int64]

    @classmethod
    def between(cls, first: Contender, second: Contender) -> Duel:
        """Two networks on the same images."""
        a, b = first.is_correct, second.is_correct
        return cls(first, second, pair(a, b), (b & ~a).nonzero()[0], (a & ~b).nonzero()[0])

    def describe(self) -> dict[str, Any]:
        """The pair for a program."""
        return {
            "a": self.first.letter,
            "b": self.second.letter,
            "mends": self.pairing.mends,
            "breaks": self.pairing.breaks,
            "p_value": self.pairing.p_value,
            "mended": self.mended.tolist(),
            "broken": self.broken.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several networks on the same test images."""

    data: Dataset
    contenders: tuple[Contender, ...]

    @cached_property
    def settings(self) -> dict[str, list[Any]]:
        """The keys of the config in which the networks differ -> the value of each; None for a key that one lacks."""
        all_settings = [contender.settings for contender in self.contenders]
        keys = dict.fromkeys(key for settings in all_settings for key in settings)
        values = {key: [settings.get(key) for settings in all_settings] for key in keys}
        return {key: row for key, row in values.items() if any(value != row[0] for value in row)}

    @cached_property
    def duels(self) -> list[Duel]:
        """Each network against each that follows."""
        return [Duel.between(first, second) for first, second in combinations(self.contenders, 2)]

    @cached_property
    def disputed(self) -> npt.NDArray[np.int64]:
        """Indices of the test images that some networks get right and some wrong."""
        correct = np.array([contender.is_correct for contender in self.contenders])
        right = correct.sum(axis=0)
        indices: npt.NDArray[np.int64] = ((right > 0) & (right < len(correct))).nonzero()[0]
        return indices

    def describe(self) -> dict[str, Any]:
        """The comparison for a program; its keys are documented."""
        return {
            "dataset": self.data.name,
            "n": len(self.data.y_test),
            "models": [contender.describe() for contender in self.contenders],
            "settings": self.settings,
            "pairs": [duel.describe() for duel in self.duels],
        }
