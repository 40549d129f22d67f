"""A run on disk, judged by the rules of `nnfang.training.rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnfang.runs.evaluation import choose_images
from nnfang.runs.finding import has_file, load_model
from nnfang.runs.overview import find_divergence
from nnfang.training.activity import MOST_IMAGES, measure_activity
from nnfang.training.outcome import Outcome
from nnfang.training.rules import Finding, examine

if TYPE_CHECKING:
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.evaluation import Split
    from nnfang.runs.meta import DivergenceRecord, Meta
    from nnfang.runs.session import StoredRun
    from nnfang.training.activity import LayerActivity
    from nnfang.training.evaluation import Evaluation
    from nnfang.training.recipe import Recipe


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        findings: Of each rule, the most serious first.
        activity: Of each dense layer.
        images: How many images its layers were looked at with.
        split: Of which part of the data set: validation, or test where nothing was held out.
    """

    findings: dict[str, Finding]
    activity: list[LayerActivity]
    images: int
    split: Split

    @property
    def worst(self) -> Finding | None:
        """The most serious thing that is wrong; None where nothing is."""
        return next((found for found in self.findings.values() if found.is_wrong), None)


def examine_run(stored: StoredRun, data: Dataset) -> Examination:
    """Judge a run by its history, and by its best network where there is one.

    Args:
        stored: The run, and its latest checkpoint.
        data: What it was trained on.

    Raises:
        CheckpointError: The best network cannot be read.
        DataError: The data set has changed.
    """
    latest, run = stored.checkpoint, stored.run
    best = load_model(run.folder) if stored.path == run.folder and has_file(run.best) else latest
    return examine_network(
        best, latest.recipe, latest.meta, data, best.evaluate(data), find_divergence(run, latest.meta)
    )


def examine_network(
    best: Checkpoint, recipe: Recipe, latest: Meta, data: Dataset, test: Evaluation, record: DivergenceRecord | None
) -> Examination:
    """The same of what has been read already.

    Args:
        best: The network to look at.
        recipe: How it was trained in the end, in more epochs perhaps than when `best` was saved.
        latest: What the latest checkpoint says.
        data: What it was trained on.
        test: How `best` does on the test images.
        record: How training diverged.

    Raises:
        DataError: The data set has changed.
    """
    split: Split = "validation" if recipe.validation_split else "test"
    images, labels, rows = choose_images(best, data, split)
    shown = slice(MOST_IMAGES) if rows is None else rows[:MOST_IMAGES]
    activity = measure_activity(best.network, best.recipe.loss, images[shown], labels[shown])
    outcome = Outcome(
        recipe=recipe,
        history=latest.history,
        test=test,
        steps=latest.step,
        activity=activity,
        class_names=data.class_names,
        divergence=(record.reason, record.learning_rate) if record else None,
        is_fresh=latest.start is None,
    )
    return Examination(examine(outcome), activity, len(labels[shown]), split)
