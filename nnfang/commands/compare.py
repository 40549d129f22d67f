"""``nnfang compare``: several networks on the same test images -> which is better, and how sure that is."""

from __future__ import annotations

import string
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import click

from nnfang.commands import completion, console, options
from nnfang.commands.formatting import argument, option
from nnfang.commands.formatting import command as command_of
from nnfang.errors import ConfigError, DataError, NnfangError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.reports.comparison import Contender
    from nnfang.runs.checkpoint import Checkpoint

LETTERS = string.ascii_uppercase

NEEDS_LIBRARIES = {
    ".png": "a picture needs matplotlib: pip install 'nnfang[report]'",
    ".html": "a page needs matplotlib and jinja2: pip install 'nnfang[report]'",
}


def check_number(ctx: click.Context, param: click.Parameter, models: tuple[Path, ...]) -> tuple[Path, ...]:
    """Refuse one network alone, and more than have a letter."""
    if not 1 < len(models) <= len(LETTERS):
        raise click.BadParameter(f"found {console.count(len(models), 'network')}, expected from 2 to {len(LETTERS)}.")
    return models


@command_of(
    "compare",
    examples={
        "Compare two runs": "nnfang compare runs/first runs/second",
        "Compare a run with the network that comes with nnfang": "nnfang compare bundled runs/first",
        "Draw the images on which they differ": "nnfang compare runs/first runs/second -o differ.png",
        "Write all of it to a page to hand on": "nnfang compare runs/first runs/second -o compare.html",
    },
)
@options.dataset
@options.offline
@option(
    "-o",
    "--output",
    "file",
    group=options.OUTPUT,
    type=options.PathType(),
    metavar="FILE",
    help="Draw the images that some networks get right and some wrong (FILE.png), or write a page (FILE.html).",
)
@option("--force", group=options.OUTPUT, is_flag=True, help="Overwrite FILE if it exists.")
@options.as_json
@options.quiet
@options.verbose
@argument(
    "models",
    metavar="MODEL...",
    nargs=-1,
    required=True,
    type=options.ModelType(),
    callback=check_number,
    shell_complete=completion.complete_model,
    description="Networks to compare: checkpoints, folders of runs (their best.npz), or bundled.",
)
def command(
    models: tuple[Path, ...],
    dataset: str | None,
    *,
    offline: bool,
    file: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare networks.

    Shows the settings in which they differ, how well each does on the same test images, how fast and how large it is,
    and for each two how many images the one gets right and the other wrong. The p-value of the exact McNemar test says
    how likely such a difference would be if both were equally good. Without --dataset, the images are those of the data
    set that all were trained on.
    """
    from nnfang.commands import comparisons
    from nnfang.commands.evaluate import load_recorded
    from nnfang.commands.loading import load_dataset
    from nnfang.exports.reading import load_model
    from nnfang.reports.comparison import Comparison

    if file:
        check_file(file, may_replace=force)
    checkpoints = [load_model(path) for path in models]
    check_alike(models, checkpoints, is_chosen=bool(dataset))
    load = partial(load_dataset, is_offline=offline, is_quiet=quiet)
    data = load(dataset) if dataset else load_recorded(checkpoints[0].recipe.dataset, load, may_replace=True)
    if file and is_picture(file) and data.x_test.ndim == 2:  # noqa: PLR2004  # (n, features)
        raise ConfigError(f"the images of {data.name} are no pictures, so they cannot be drawn", file)
    contenders = [evaluate(*one, data) for one in zip(LETTERS, models, checkpoints, strict=False)]
    comparison = Comparison(data, tuple(contenders))
    if as_json:
        console.write_json(comparison.describe())
    else:
        comparisons.show(comparison)
    if file:
        write = comparisons.write_picture if is_picture(file) else comparisons.write_page
        write(file, comparison, may_replace=force, is_quiet=quiet)


def is_picture(file: Path) -> bool:
    """Whether a picture is wanted, rather than a page."""
    return file.suffix.lower() == ".png"


def check_file(file: Path, *, may_replace: bool) -> None:
    """Refuse what could not be drawn, before anything is evaluated.

    Raises:
        ConfigError: Its name does not end with .png or .html; or it is there, and may not be replaced.
        NnfangError: What draws it is not installed.
    """
    from nnfang.commands.targets import check_target

    kind = file.suffix.lower()
    if kind not in NEEDS_LIBRARIES:
        raise ConfigError(f"the name must end with {' or '.join(NEEDS_LIBRARIES)}", file)
    check_target(file, may_replace=may_replace)
    try:
        if is_picture(file):
            from nnfang.reports import pictures  # noqa: F401
        else:
            from nnfang.reports import comparison_page  # noqa: F401
    except ImportError as error:
        if (error.name or "").startswith("nnfang"):  # a fault of our own
            raise
        raise NnfangError(NEEDS_LIBRARIES[kind], file) from error


def check_alike(models: Sequence[Path], checkpoints: Sequence[Checkpoint], *, is_chosen: bool) -> None:
    """Refuse networks that do not answer the same question.

    Args:
        models: Where they are.
        checkpoints: The networks.
        is_chosen: Whether the test images are chosen, whatever the networks were trained on.

    Raises:
        DataError: One has other classes, or was trained on another data set or another version of it.
    """
    first, a = checkpoints[0], models[0]
    for b, other in zip(models[1:], checkpoints[1:], strict=True):
        if other.class_names != first.class_names:
            here, there = (", ".join(one.class_names) for one in (first, other))
            raise DataError(f"tells apart {there}; {a} tells apart {here}", b)
        names = [one.recipe.dataset for one in (first, other)]
        if not is_chosen and names[0] != names[1]:
            raise DataError(f"was trained on {names[1]}, {a} on {names[0]}; --dataset chooses the images for both", b)
        prints = {one.meta.dataset.fingerprint for one in (first, other)}
        if not is_chosen and len(prints) > 1:
            reason = f"{names[1]} was not the same when {a} was trained; --dataset chooses the images for both"
            raise DataError(reason, b)


def evaluate(letter: str, path: Path, checkpoint: Checkpoint, data: Dataset) -> Contender:
    """Let a network look at the test images.

    Raises:
        DataError: The data set does not fit.
    """
    from nnfang.reports.comparison import Contender
    from nnfang.runs.bundled import BUNDLED, NETWORK
    from nnfang.runs.evaluation import evaluate_classifier
    from nnfang.runs.finding import is_folder
    from nnfang.runs.folder import Run

    file = Run(path).best if is_folder(path) else path
    begin = perf_counter()
    outcome = evaluate_classifier(checkpoint, data)
    seconds = perf_counter() - begin
    model = BUNDLED if path == NETWORK else console.encodable(path)
    return Contender(letter, model, checkpoint, file.stat().st_size, outcome, seconds)
