"""``nnfang evaluate``: checkpoint + data -> how good the network is."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.commands.console import percent
from nnfang.commands.formatting import command as command_of
from nnfang.commands.formatting import option
from nnfang.errors import DataError, QualityGateError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.training.evaluation import Evaluation


SPLITS = options.ChoiceType(["test", "validation", "train"])


def refuse_nan(ctx: click.Context, param: click.Parameter, fraction: float | None) -> float | None:
    """Refuse what is neither below nor above any accuracy."""
    if fraction is not None and isnan(fraction):
        raise click.BadParameter("nan is not in the range 0<=x<=1.")
    return fraction


@command_of(
    "evaluate",
    stray="--model",
    examples={
        "Evaluate the newest run on its test images": "nnfang evaluate",
        "Evaluate a run on the images held out for validation": "nnfang evaluate -m runs/first --split validation",
        "Fail in a script if the accuracy is below 97%": "nnfang evaluate --min-accuracy 0.97 --json",
    },
)
@options.model
@options.dataset
@option(
    "--split",
    group=options.DATA,
    type=SPLITS,
    default="test",
    metavar=SPLITS.metavar,
    show_default=True,
    help="Evaluate on these images of the data set.",
)
@options.offline
@option(
    "--min-accuracy",
    group=options.OUTPUT,
    type=click.FloatRange(0, 1),
    callback=refuse_nan,
    metavar="P",
    help="Exit with 3 if the accuracy is below P (0 to 1).",
)
@options.as_json
@options.quiet
@options.verbose
def command(
    model: Path | None,
    dataset: str | None,
    split: str,
    *,
    min_accuracy: float | None,
    offline: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate a trained network.

    Prints the loss, the accuracy with its 95% interval, and the precision, recall and F1 score of each class.
    """
    from nnfang.commands.loading import load_dataset, load_model

    path, checkpoint = load_model(model, is_quiet=quiet)
    try:
        data = load_dataset(dataset or checkpoint.recipe.dataset, is_offline=offline, is_quiet=quiet)
    except DataError as error:
        if dataset:
            raise
        hint = "The network was trained on it; --dataset names another place."
        raise DataError(f"{error.reason}\n{hint}", error.path) from error
    result = checkpoint.evaluate(data, split)  # type: ignore[arg-type]  # click has checked it
    if as_json:
        options.write_json(describe(path, data, split, result))
    else:
        console.result(report(data, split, result))
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise QualityGateError(f"accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy:g}")


def describe(path: Path, data: Dataset, split: str, result: Evaluation) -> dict[str, object]:
    """The result for a program."""
    scores = zip(data.class_names, result.class_scores(), strict=True)
    return {
        "model": console.encodable(path),
        "dataset": data.name,
        "split": split,
        "n": result.n,
        "loss": result.loss,
        "accuracy": result.accuracy,
        "interval": result.interval,
        "per_class": {name: asdict(score) for name, score in scores},
        "confusion": result.confusion.tolist(),
    }


def report(data: Dataset, split: str, result: Evaluation) -> str:
    """The result for a person."""
    low, high = result.interval
    rows = [
        [name, *map(_percent_or_dash, (score.precision, score.recall, score.f1)), f"{score.support:,}"]
        for name, score in zip(data.class_names, result.class_scores(), strict=True)
    ]
    return "\n".join(
        (
            f"accuracy  {percent(result.accuracy)} (95% interval {percent(low)} to {percent(high)})",
            f"loss      {result.loss:.4f}",
            f"images    {result.n:,} ({split} images of {data.name})",
            "",
            console.table(["class", "precision", "recall", "F1", "images"], rows),
        )
    )


def _percent_or_dash(fraction: float | None) -> str:
    return "-" if fraction is None else percent(fraction)
