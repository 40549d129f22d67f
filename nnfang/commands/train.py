"""``nnfang train``: config -> data -> network -> events -> files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import completion, console, contradictions, options, ranks, threads
from nnfang.commands.formatting import command as command_of
from nnfang.commands.formatting import option

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.commands.following import Calling
    from nnfang.config.sources import Override

TRAINING, RESUME = "Network and optimizer", "Resume"
"""The groups of the options that no other command has."""


def print_json_schema(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """For editors that complete and check YAML."""
    if wanted and not ctx.resilient_parsing:
        from nnfang.config.json_schema import json_schema
        from nnfang.training.recipe import Recipe

        console.write_json(json_schema(Recipe))
        ctx.exit()


def guess_option(word: str) -> str:
    """The option that was probably meant by a word that stands alone."""
    from pathlib import Path

    from nnfang.config.recipes import list_recipes
    from nnfang.runs.finding import is_resumable

    if Path(word).suffix in {".yaml", ".yml"} or word in {recipe.name for recipe in list_recipes()}:
        return "-c"
    return "--resume" if is_resumable(Path(word)) else "--dataset"


@command_of(
    "train",
    stray=guess_option,
    examples={
        "Train on the digits that come with nnfang, which needs no download": (
            "nnfang train --dataset mnist-sample --epochs 3 -o runs/first"
        ),
        "Repeat the paper's experiment on MNIST": "nnfang train",
        "Train with a recipe, but with another number of units": (
            "nnfang train -c minibatch --set 'layers[0].units=256'"
        ),
        "Train the network that comes with nnfang further, on other images": (
            "nnfang train --from bundled --dataset fashion-mnist --epochs 5"
        ),
        "Train with five seeds, to see how much chance does": "nnfang train -c minibatch --seeds 5",
        "Continue the newest run to epoch 40": "nnfang train --resume --epochs 40",
    },
)
@options.recipe
@options.settings
@option("--print-config", group=options.RECIPE, is_flag=True, help="Print the complete recipe as YAML and exit.")
@option(
    "--print-schema",
    group=options.RECIPE,
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_json_schema,
    help="Print the JSON Schema of recipes, for editors, and exit.",
)
@options.dataset
@option(
    "--limit",
    group=options.DATA,
    type=options.NumberType(int),
    metavar="N",
    help="Use only the first N training images.",
)
@options.offline
@option(
    "--preview-augment",
    "sheet",
    group=options.DATA,
    type=options.PathType(),
    metavar="FILE.png",
    help="Write a sheet of distorted training images and exit.",
)
@option(
    "--epochs",
    group=TRAINING,
    type=options.NumberType(int),
    metavar="N",
    help="Go N times through the training images.  [default: 20]",
)
@option(
    "--batch-size",
    group=TRAINING,
    type=options.NumberType(int),
    metavar="N",
    help="Train on N images per step.  [default: 1]",
)
@option(
    "--learning-rate",
    "--lr",
    group=TRAINING,
    type=options.NumberType(float),
    metavar="RATE",
    help="Set the learning rate of the optimizer.  [default: 0.01]",
)
@option(
    "--max-time",
    "max_seconds",
    group=TRAINING,
    type=options.DurationType(),
    metavar="TIME",
    help="End after the last epoch that fits into this time, such as 90s, 10m or 1h30m.",
)
@option(
    "--seed",
    group=TRAINING,
    type=options.NumberType(int),
    metavar="N",
    help="Seed everything random with N.  [default: 0]",
)
@option(
    "--seeds",
    group=options.SWEEP,
    type=options.NumberType(int, 2),
    metavar="N",
    help="Train with N seeds, and tell the mean and the spread: the smallest sweep, see nnfang sweep.",
)
@options.jobs
@option(
    "--threads",
    "blas_threads",
    group=TRAINING,
    callback=threads.parse,
    metavar="N|auto",
    help="Run BLAS in N threads; auto tries whether several are faster than one.  [default: 1]",
)
@option(
    "--from",
    "model",
    group=TRAINING,
    type=options.ModelType(),
    metavar="MODEL",
    shell_complete=completion.complete_model,
    help="Begin with the weights of this network instead of fresh ones: a checkpoint, the folder of a run (its "
    "best.npz), or bundled, which comes with nnfang. Layers, loss, dtype and data set are then by default its own.",
)
@option(
    "--resume",
    group=RESUME,
    is_flag=False,
    flag_value=options.NEWEST,
    type=options.RunType(),
    metavar="[RUN]",
    shell_complete=completion.complete_run,
    help="Continue a run, by default the newest, as if it had not been interrupted.",
)
@option(
    "--fork",
    group=RESUME,
    is_flag=True,
    help="Start a new run from where the run of --resume stands; it may be trained differently.",
)
@options.run_folder
@option(
    "--report",
    "has_report",
    group=options.OUTPUT,
    is_flag=True,
    help="At the end, write report.html to that folder, as nnfang report does.",
)
@option(
    "--force",
    group=options.OUTPUT,
    is_flag=True,
    help="Delete the run that is already in that folder, or overwrite FILE.png.",
)
@options.as_json
@options.quiet
@options.verbose
def command(
    source: Path | None,
    settings: tuple[str, ...],
    max_seconds: float | None,
    output: Path | None,
    *,
    has_report: bool,
    force: bool,
    resume: Path | options.NewestRun | None,
    fork: bool,
    print_config: bool,
    sheet: Path | None,
    model: Path | None,
    blas_threads: threads.Threads,
    seeds: int | None,
    jobs: int | None,
    offline: bool,
    as_json: bool,
    quiet: bool,
    **short: Any,
) -> None:
    """Train a network on labelled images.

    Without options this is the paper's experiment: 784-128-64-10 on MNIST, one image per step, 20 epochs. A recipe
    changes any part of it, and options override the recipe.
    """
    threads.prepare(blas_threads)
    from nnfang.commands import following, sweeping, training  # NumPy comes after the number of threads

    quietly: dict[str, Any] = {"is_json": as_json, "is_quiet": quiet, "is_offline": offline}
    overrides = training.read_overrides(settings, short)
    if seeds or jobs:
        contradictions.refuse_beside_seeds(click.get_current_context().params)
        sweeping.repeat(source, overrides, seeds or 1, output, sweeping.Calling(jobs, max_seconds, **quietly))
        return
    how = following.Calling(blas_threads, max_seconds, **quietly, has_report=has_report, ranks=ranks.share())
    if resume is not None or fork:
        contradictions.check_resumption(resume, source, output, model, print_config or sheet, fork=fork, force=force)
        continue_run(resume, overrides, how, output, fork=fork, force=force)
    elif print_config:
        training.print_config(source, overrides, model)
    elif sheet is not None:
        training.preview(sheet, source, overrides, how, model, force=force)
    else:
        training.start(source, overrides, how, output, model, force=force)


def continue_run(
    resume: Path | options.NewestRun | None,
    overrides: list[Override],
    how: Calling,
    output: Path | None,
    *,
    fork: bool,
    force: bool,
) -> None:
    """Go on with a run, in its folder or in a new one."""
    from nnfang.commands import training

    path = None if isinstance(resume, options.NewestRun) else resume
    if fork:
        training.fork(path, overrides, how, output, force=force)
    else:
        training.resume(path, overrides, how)
