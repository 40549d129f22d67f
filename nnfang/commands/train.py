"""``nnfang train``: config -> data -> network -> events -> files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import console, options, previews, resumption, sessions, thread_choice
from nnfang.errors import ConfigError, DataError

if TYPE_CHECKING:
    from nnfang.config.sources import Config, Override
    from nnfang.data import Dataset

FALLBACK = "mnist-sample"

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
    from nnfang.config.json_schema import json_schema
    from nnfang.training.recipe import Recipe

    if wanted:
        options.write_json(json_schema(Recipe))
        ctx.exit()


@click.command("train")
@click.option(
    "-c", "--config", "source", type=options.PathType(), metavar="FILE", help="A YAML file; - is standard input."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set any key of the YAML; repeatable.")
@click.option("--epochs", type=int, help="Passes over the training images.  [20]")
@click.option("--batch-size", type=int, help="Images a step.  [1]")
@click.option("--learning-rate", type=float, help="Of the optimizer.  [0.01]")
@click.option("--seed", type=int, help="Of everything random.  [0]")
@options.dataset
@click.option("--limit", type=int, metavar="N", help="Use the first N training images only.")
@click.option("-o", "--output", type=options.PathType(), metavar="DIR", help="The run's folder.")
@click.option("--force", is_flag=True, help="Delete the run that is in that folder.")
@click.option(
    "--resume",
    is_flag=False,
    flag_value=resumption.NEWEST,
    metavar="[RUN]",
    help="Go on with a run, by default the newest, as if it had not been interrupted.",
)
@click.option("--fork", is_flag=True, help="With --resume: start a new run from there, which may be trained otherwise.")
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
    callback=thread_choice.parse,
    metavar="N|auto",
    help="Of BLAS; auto tries out whether several are quicker than one.  [1]",
)
@options.offline
@options.as_json
@options.quiet
def command(
    source: Path | None,
    settings: tuple[str, ...],
    output: Path | None,
    *,
    force: bool,
    resume: str | None,
    fork: bool,
    print_config: bool,
    sheet: Path | None,
    threads: thread_choice.Threads,
    offline: bool,
    as_json: bool,
    quiet: bool,
    **short: Any,
) -> None:
    """Train a network on labelled images.

    By default the paper's experiment: 784-128-64-10 on MNIST, one image a step, 20 epochs.

    \b
    nnfang train --epochs 5
    nnfang train --dataset mnist-sample --epochs 3 -o runs/first
    nnfang train -c configs/minibatch.yaml --set 'layers[0].units=256'
    nnfang train --resume --epochs 40
    """
    thread_choice.prepare(threads)
    overrides = read_overrides(settings, short)
    manner = sessions.Manner(threads, is_json=as_json, is_quiet=quiet, is_offline=offline)
    if resume is not None or fork:
        check_resumption(resume, source, output, fork=fork, only_shows=print_config or sheet is not None)
        session = sessions.resume(str(resume), overrides, manner, output, fork=fork)
    else:
        config = load_config(source, overrides)
        if print_config:
            print_yaml(config)
            return
        data = obtain_dataset(config, is_offline=offline, is_quiet=quiet)
        if sheet is not None:
            previews.preview(sheet, config.recipe, data)
            return
        session = sessions.begin(config, data, manner, output, force=force)
    with session.run.lock():
        sessions.carry_out(session, manner)


def check_resumption(
    resume: str | None, source: Path | None, output: Path | None, *, fork: bool, only_shows: bool
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


def load_config(source: Path | None, overrides: list[Override]) -> Config:
    """File, environment and options -> the resolved config."""
    from nnfang.config.sources import load

    return load(sys.stdin if source == Path("-") else source, overrides, os.environ)


def print_yaml(config: Config) -> None:
    """The config as a file that ``-c`` takes."""
    from nnfang.config.sources import to_yaml

    click.echo(to_yaml(config.recipe), nl=False)


def read_overrides(settings: tuple[str, ...], short: dict[str, Any]) -> list[Override]:
    """What the command line says of single keys."""
    from nnfang.config import sources as config

    overrides = config.parse_overrides(settings)
    for name, path in SHORT.items():
        if short[name] is not None:
            overrides.append(config.Override(path, short[name], f"--{name.replace('_', '-')} {short[name]}"))
    return overrides


def obtain_dataset(config: Config, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """The config's data set; the bundled sample if nobody asked for a certain one and the default is not to be had."""
    try:
        return options.load_dataset(config.recipe.dataset, is_offline=is_offline, is_quiet=is_quiet)
    except DataError as error:
        if config.dataset_was_named:
            raise
        console.warn(
            f"{config.recipe.dataset} is not to be had, so this run trains on {FALLBACK} instead: "
            f"10,000 images of MNIST that come with nnfang.\n{error}"
        )
        return options.load_dataset(FALLBACK, is_offline=True, is_quiet=is_quiet)
