"""``nnfang evaluate``: checkpoint + data -> how good the network is."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING

import click

from nnfang.commands import console, options
from nnfang.commands.console import percent
from nnfang.errors import DataError, QualityGateError

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.core.arrays import Images, Labels
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.training.evaluation import Evaluation


def refuse_nan(ctx: click.Context, param: click.Parameter, share: float | None) -> float | None:
    """Refuse what is neither below nor above any accuracy."""
    if share is not None and isnan(share):
        raise click.BadParameter("nan is not in the range 0<=x<=1.")
    return share


@click.command("evaluate")
@options.model
@options.dataset
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Which images.",
)
@click.option(
    "--min-accuracy",
    type=click.FloatRange(0, 1),
    callback=refuse_nan,
    metavar="P",
    help="Exit with 3 if the accuracy is below P (0..1).",
)
@options.offline
@options.as_json
@options.quiet
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
    """Say how well a trained network does.

    Loss, accuracy with its 95% interval, and precision, recall and F1 of each class.

    \b
    nnfang evaluate
    nnfang evaluate -m runs/first --split validation
    nnfang evaluate --min-accuracy 0.97 --json
    """
    from nnfang.training.evaluation import evaluate

    path, checkpoint = options.load_model(model, is_quiet=quiet)
    data = load_data(dataset, checkpoint, is_offline=offline, is_quiet=quiet)
    check_fit(checkpoint, data)
    images, labels, rows = choose_rows(checkpoint, data, split)
    result = evaluate(checkpoint.network, checkpoint.recipe.loss, images, labels, rows)
    if as_json:
        options.write_json(describe(path, data, split, result))
    else:
        click.echo(report(data, split, result))
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise QualityGateError(f"accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy:g}")


def load_data(name: str | None, checkpoint: Checkpoint, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """The data set called `name`; if none was named, that of the training."""
    try:
        return options.load_dataset(name or checkpoint.recipe.dataset, is_offline=is_offline, is_quiet=is_quiet)
    except DataError as error:
        if name:
            raise
        raise DataError(f"{error}\nThe network was trained on it; --dataset names another place.") from None


def check_fit(checkpoint: Checkpoint, data: Dataset) -> None:
    """Refuse a data set that the network was not made for."""
    if data.input_shape != checkpoint.meta.input_shape:
        raise DataError(
            f"{data.name}: its images are {data.input_shape}, the network was trained on {checkpoint.meta.input_shape}"
        )
    found, known = len(data.class_names), len(checkpoint.class_names)
    if found != known:
        raise DataError(f"{data.name}: it has {found} classes, the network was trained on {known}")
    for trained, name in zip(checkpoint.class_names, data.class_names, strict=True):
        if trained != name:
            console.warn(
                f'{data.name} calls "{name}" what the network was taught as "{trained}"; do they mean the same?'
            )
            return


def choose_rows(checkpoint: Checkpoint, data: Dataset, split: str) -> tuple[Images, Labels, Labels | None]:
    """The images, labels and row numbers of a split; training and validation images are those of the training."""
    from nnfang.training.loop import split_rows

    if split == "test":
        return data.x_test, data.y_test, None
    if data.fingerprint != checkpoint.meta.dataset["fingerprint"]:
        trained_on = checkpoint.meta.dataset["name"]
        reason = (
            f"{data.name} has changed since the network was trained on it"
            if data.name == trained_on
            else f"the network was trained on {trained_on}, not on {data.name}"
        )
        raise DataError(f"--split {split}: {reason}, so its images cannot be told apart; use --split test")
    train_rows, validation_rows = split_rows(len(data.y_train), checkpoint.recipe)
    if split == "validation" and not len(validation_rows):
        raise DataError("--split validation: the network was trained with validation_split 0, there are no such images")
    return data.x_train, data.y_train, train_rows if split == "train" else validation_rows


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


def _percent_or_dash(share: float | None) -> str:
    return "-" if share is None else percent(share)
