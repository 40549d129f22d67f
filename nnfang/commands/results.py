"""The result of an evaluation for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console, matrix
from nnfang.commands.console import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.reports.result import Part, Result
    from nnfang.training.evaluation import Evaluation

MOST_CONFUSIONS = 5
"""Pairs of classes that are told a person, who has the matrix before his eyes."""


def show(result: Result) -> None:
    """Write it to stdout."""
    console.result("\n".join([*_head(result), "", class_table(result), ""]))
    console.write_page(matrix.draw(result.evaluation.confusion.tolist(), result.data.class_names))
    if confusions := list(_confusions(result)):
        console.result("\n".join(["", *confusions]))


def _head(result: Result) -> Iterator[str]:
    """What there is to say of all images taken together."""
    evaluation, split = result.evaluation, result.split
    yield f"accuracy  {with_interval(evaluation)}"
    if result.halves:
        first, second = result.halves
        yield f"          {with_interval(first)} of the first {first.n:,}"
        yield f"          {with_interval(second)} of the last {second.n:,}"
    yield f"loss      {evaluation.loss:.4f}"
    yield f"images    {evaluation.n:,} ({split} images of {console.one_line(result.data.name)})"
    if result.top:
        yield f"top {result.k:<4}  {with_interval(result.top)}"
    if result.calibration:
        yield f"ECE       {percent(result.calibration.error)} (expected calibration error)"


def with_interval(part: Evaluation | Part) -> str:
    """``97.93% (95% interval 97.63% to 98.19%)``."""
    low, high = part.interval
    return f"{percent(part.accuracy)} (95% interval {percent(low)} to {percent(high)})"


def class_table(result: Result) -> str:
    """Precision, recall and F1 of each class."""
    rows = [
        [name, *map(_percent_or_dash, (score.precision, score.recall, score.f1)), f"{score.support:,}"]
        for name, score in zip(result.data.class_names, result.evaluation.class_scores(), strict=True)
    ]
    return console.table(["class", "precision", "recall", "F1", "images"], rows)


def _confusions(result: Result) -> Iterator[str]:
    """``4 read as 9: 12``."""
    for pair in result.confusions[:MOST_CONFUSIONS]:
        true, predicted = (console.one_line(result.name(label)) for label in (pair.true, pair.predicted))
        yield f"{true} read as {predicted}: {pair.images:,}"


def _percent_or_dash(fraction: float | None) -> str:
    return "-" if fraction is None else percent(fraction)
