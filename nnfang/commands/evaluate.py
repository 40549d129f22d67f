"""``nnfang evaluate``: checkpoint + data -> how good the network is."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from nnfang.commands import console, options
from nnfang.commands.formatting import command as command_of
from nnfang.commands.formatting import option
from nnfang.errors import DataError, QualityGateError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nnfang.commands.evaluation_files import Files
    from nnfang.data import Dataset
    from nnfang.runs.evaluation import Split


SPLITS = options.ChoiceType(["test", "validation", "train"])


PAGE_OF_CI = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file of Markdown which GitHub shows beside a job."""


def guess_option(word: str) -> str:
    """The option that was probably meant by a word that stands alone."""
    from nnfang.data import KNOWN

    return "--dataset" if word in KNOWN else "--model"


@command_of(
    "evaluate",
    stray=guess_option,
    examples={
        "Evaluate the newest run on its test images": "nnfang evaluate",
        "Evaluate a run on the images held out for validation": "nnfang evaluate -m runs/first --split validation",
        "Evaluate the mean of the probabilities of two runs": "nnfang evaluate -m runs/a -m runs/b",
        "Write the figures, the mistakes and pictures of them to a folder": "nnfang evaluate -o evaluation",
        "Fail in a script if the accuracy is below 97%": "nnfang evaluate --min-accuracy 0.97 --json",
    },
)
@options.models
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
    type=options.NumberType(float),
    callback=options.check_fraction,
    metavar="P",
    help="Exit with 3 if the accuracy is below P (0 to 1). An unavailable data set is then not replaced.",
)
@option(
    "--top",
    "k",
    group=options.OUTPUT,
    type=options.NumberType(int, 1),
    metavar="K",
    help="Also tell how often the true class is among the K most likely.",
)
@option(
    "-o",
    "--output",
    "folder",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="DIR",
    help="Write metrics.json, confusion.csv, errors.csv and pictures to this folder.",
)
@option(
    "--junit",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="FILE.xml",
    help="Write the result to this file, as a test that fails below --min-accuracy.",
)
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite these files.")
@options.as_json
@options.quiet
@options.verbose
def command(
    models: tuple[Path, ...],
    dataset: str | None,
    split: Split,
    *,
    min_accuracy: float | None,
    k: int | None,
    folder: Path | None,
    junit: Path | None,
    force: bool,
    offline: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate a trained network, or several that answer together.

    Prints the loss, the accuracy with its 95% interval, how far the probabilities can be believed, the scores of each
    class, and which is taken for which. Where there is no run yet, the network that comes with nnfang is evaluated.
    Without --dataset, the images are those of the data set that it was trained on; where that is MNIST and unavailable,
    those of mnist-sample.
    """
    from nnfang.commands import results
    from nnfang.commands.loading import load_classifier, load_dataset
    from nnfang.reports.result import Result
    from nnfang.runs.evaluation import evaluate_classifier

    files = open_files(folder, junit, may_replace=force, is_quiet=quiet)
    name, classifier = load_classifier(models, is_quiet=quiet)
    load = partial(load_dataset, is_offline=offline, is_quiet=quiet)
    may_replace = split == "test" and min_accuracy is None
    data = load(dataset) if dataset else load_recorded(classifier.trained_on, load, may_replace=may_replace)
    outcome = evaluate_classifier(classifier, data, split)
    result = Result(name, classifier, data, split, outcome, k)
    if files:  # first, since nobody may read stdout to its end
        files.write(result, min_accuracy)
    if as_json:
        console.write_json(result.describe())
    else:
        results.show(result)
    accuracy = outcome.evaluation.accuracy
    if min_accuracy is not None and accuracy < min_accuracy:
        images = f"the {console.count(len(outcome.rows), f'{split} image')} of {data.name}"
        raise QualityGateError(f"accuracy {accuracy:.4f} on {images} is below --min-accuracy {min_accuracy:g}")


def open_files(folder: Path | None, junit: Path | None, *, may_replace: bool, is_quiet: bool) -> Files | None:
    """What the evaluation is written to; None for nothing, so that nobody waits for what only that needs."""
    if not (folder or junit or os.environ.get(PAGE_OF_CI)):
        return None
    from nnfang.commands.evaluation_files import Files

    return Files(folder, junit, may_replace=may_replace, is_quiet=is_quiet)


def load_recorded(name: str, load: Callable[[str], Dataset], *, may_replace: bool) -> Dataset:
    """The data set that a network was trained on; of MNIST, the part that comes with nnfang may do.

    Args:
        name: What the network's recipe calls it.
        load: Loads a data set by its name.
        may_replace: Whether another may take its place.

    Raises:
        DataError: It is unavailable, or not what it claims to be.
    """
    from nnfang.data.registry import MNIST, SAMPLE

    try:
        return load(name)
    except DataError as error:
        is_sampled = name == MNIST.name and isinstance(error, UnavailableError)
        if not is_sampled or not may_replace:
            here = (
                f"--dataset {SAMPLE} evaluates on what comes with nnfang" if is_sampled else "--dataset names another"
            )
            raise DataError(f"{error.reason}\nThe network was trained on it; {here}.", error.path) from error
    data = load(SAMPLE)
    console.warn(f"{name} is unavailable: evaluating on {SAMPLE}, {len(data.y_test):,} of its test images, instead")
    return data
