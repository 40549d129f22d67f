"""``nnfang train``: config -> data -> network -> events -> files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import options, threads
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SHORT = {
    "epochs": "epochs",
    "batch_size": "batch_size",
    "learning_rate": "optimizer.learning_rate",
    "seed": "seed",
    "dataset": "dataset",
    "limit": "limit",
}
"""The keys that have an option of their own."""


def print_json_schema(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """For editors that complete and check YAML."""
    if wanted:
        from nnfang.config.json_schema import json_schema
        from nnfang.training.recipe import Recipe

        options.write_json(json_schema(Recipe))
        ctx.exit()


@click.command("train")
@click.option(
    "-c",
    "--config",
    "source",
    type=options.PathType(),
    metavar="FILE|RECIPE",
    help="Read a YAML file, or a recipe that comes with nnfang, such as paper-distorted; - is standard input.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set any key of the YAML; repeatable.")
@click.option("--epochs", type=int, help="Passes over the training images.  [20]")
@click.option("--batch-size", type=int, help="Images per step.  [1]")
@click.option("--learning-rate", "--lr", type=float, help="Learning rate of the optimizer.  [0.01]")
@click.option("--seed", type=int, help="Seed of everything random.  [0]")
@options.dataset
@click.option("--limit", type=int, metavar="N", help="Use the first N training images only.")
@click.option(
    "--max-time",
    "max_seconds",
    type=options.DurationType(),
    metavar="TIME",
    help="End after the last epoch that fits into this time, such as 90s, 10m or 1h30m.",
)
@click.option("-o", "--output", type=options.PathType(), metavar="DIR", help="Folder of the run.")
@click.option("--force", is_flag=True, help="Delete the run that is in that folder.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=options.NEWEST,
    type=options.RunType(),
    metavar="[RUN]",
    help="Continue a run, by default the newest, as if it had not been interrupted.",
)
@click.option(
    "--fork", is_flag=True, help="With --resume: start a new run from there, which may be trained differently."
)
@click.option("--print-config", is_flag=True, help="Print the resolved YAML and exit.")
@click.option(
    "--preview-augment",
    "sheet",
    type=options.PathType(),
    metavar="FILE.png",
    help="Write a sheet of distorted training images and exit.",
)
@click.option(
    "--print-schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_json_schema,
    help="Print the JSON Schema of the YAML and exit.",
)
@click.option(
    "--threads",
    "blas_threads",
    callback=threads.parse,
    metavar="N|auto",
    help="Threads for BLAS; auto tries whether several are faster than one.  [1]",
)
@options.offline
@options.as_json
@options.quiet
def command(
    source: Path | None,
    settings: tuple[str, ...],
    max_seconds: float | None,
    output: Path | None,
    *,
    force: bool,
    resume: Path | options.NewestRun | None,
    fork: bool,
    print_config: bool,
    sheet: Path | None,
    blas_threads: threads.Threads,
    offline: bool,
    as_json: bool,
    quiet: bool,
    **short: Any,
) -> None:
    """Train a network on labelled images.

    By default the paper's experiment: 784-128-64-10 on MNIST, one image per step, 20 epochs.

    \b
    nnfang train --epochs 5
    nnfang train --dataset mnist-sample --epochs 3 -o runs/first
    nnfang train -c minibatch --set 'layers[0].units=256'
    nnfang train --resume --epochs 40
    """
    threads.prepare(blas_threads)
    from nnfang.commands import following, training  # import NumPy, so that they must come after the number of threads

    how = following.Calling(blas_threads, max_seconds, is_json=as_json, is_quiet=quiet, is_offline=offline)
    overrides = training.read_overrides(settings, {SHORT[name]: value for name, value in short.items()})
    if resume is not None or fork:
        check_resumption(resume, source, output, fork=fork, only_shows=print_config or sheet is not None)
        path = None if isinstance(resume, options.NewestRun) else resume
        training.fork(path, overrides, how, output) if fork else training.resume(path, overrides, how)
    elif print_config:
        training.print_config(source, overrides)
    elif sheet is not None:
        training.preview(sheet, source, overrides, how)
    else:
        training.start(source, overrides, how, output, force=force)


def check_resumption(
    resume: Path | options.NewestRun | None, source: Path | None, output: Path | None, *, fork: bool, only_shows: bool
) -> None:
    """Refuse options that contradict --resume."""
    if resume is None:
        raise ConfigError("--fork: needs --resume, which says what to start from")
    if source is not None:
        raise ConfigError("--resume: the run has a config of its own; change it with --set or its options, not with -c")
    if output is not None and not fork:
        raise ConfigError("--resume: the run stays in its folder; with --fork a new one begins in that of -o")
    if only_shows:
        raise ConfigError("--resume: trains; --print-config and --preview-augment show what a new run would do")
