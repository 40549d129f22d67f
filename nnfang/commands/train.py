"""``nnfang train``: config -> data -> network -> events -> files."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from datetime import datetime
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nnfang import console
from nnfang.commands import options, reporting, thread_choice
from nnfang.commands.interruption import Interruption
from nnfang.errors import DataError, DivergedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.config import Config
    from nnfang.data import Dataset
    from nnfang.recipe import Recipe
    from nnfang.runs import Recorder, Run
    from nnfang.training import End, Event, Start

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
    from nnfang.recipe import Recipe
    from nnfang.schema import json_schema

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
@click.option("--print-config", is_flag=True, help="Print the resolved YAML and exit.")
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
    print_config: bool,
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
    """
    from nnfang.config import to_yaml

    thread_choice.prepare(threads)
    config = read_config(source, settings, short)
    if print_config:
        click.echo(to_yaml(config.recipe), nl=False)
        return
    data = obtain_dataset(config, is_offline=offline, is_quiet=quiet)
    recipe = replace(config.recipe, dataset=data.name)
    start, events = begin(config, recipe, data)
    run, recorder = make_run(output, start, recipe, data, requested=config.recipe.dataset, force=force)
    announce(run, start, recipe, data, as_json=as_json, is_quiet=quiet)
    end = follow(thread_choice.watch(events, threads), recorder, recipe.epochs, as_json=as_json, is_quiet=quiet)
    finish(run, recorder, end, recipe, data, as_json=as_json)


def read_config(source: Path | None, settings: tuple[str, ...], short: dict[str, Any]) -> Config:
    """File, environment and options -> the resolved config."""
    from nnfang import config

    overrides = [config.parse_override(text) for text in settings]
    for name, path in SHORT.items():
        if short[name] is not None:
            overrides.append(config.Override(path, short[name], f"--{name.replace('_', '-')} {short[name]}"))
    return config.load(sys.stdin if source == Path("-") else source, overrides, os.environ)


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


def begin(config: Config, recipe: Recipe, data: Dataset) -> tuple[Start, Iterator[Event]]:
    """Make the network and start training it, up to the first step."""
    from nnfang.core.network import Network
    from nnfang.training import Start, train

    network = Network.initialize(recipe.layers, prod(data.input_shape), seed=recipe.seed, dtype=recipe.dtype)
    classes = len(data.class_names)
    if network.outputs != classes:
        path = f"layers[{len(recipe.layers) - 1}].units"
        raise config.error(
            path, f"found {network.outputs}, but {data.name} has {classes} classes; try --set {path}={classes}"
        )
    events = train(network, data, recipe)
    try:
        start = next(events)
    except ValueError as error:
        path, _, reason = str(error).partition(": ")
        raise config.error(path, reason) from None
    if not isinstance(start, Start):
        raise TypeError(f"the first event is {start}")
    return start, events


def make_run(
    output: Path | None, start: Start, recipe: Recipe, data: Dataset, *, requested: str, force: bool
) -> tuple[Run, Recorder]:
    """The run's folder with its config and the untrained network in it."""
    from nnfang import runs
    from nnfang.config import to_yaml
    from nnfang.machine import describe_machine
    from nnfang.schema import to_tree

    run = runs.create(output, data.name, datetime.now().astimezone(), force=force)
    run.write_config(to_yaml(recipe))
    facts = {
        "config": to_tree(recipe),
        "input_shape": data.input_shape,
        "class_names": data.class_names,
        "preparation": data.preparation,
        "dataset": {"name": data.name, "requested": requested, "fingerprint": data.fingerprint},
        "environment": describe_machine(),
    }
    return run, runs.Recorder(run, start.engine, facts)


def announce(run: Run, start: Start, recipe: Recipe, data: Dataset, *, as_json: bool, is_quiet: bool) -> None:
    """Say what is about to happen."""
    if as_json:
        options.write_json({"event": "start", **reporting.describe(run, start, recipe, data)})
    elif not is_quiet:
        console.note(reporting.headline(run, start, data))
    if start.engine.preparation and not is_quiet:
        console.note(f"one moment: {start.engine.preparation}")


def follow(events: Iterator[Event], recorder: Recorder, epochs: int, *, as_json: bool, is_quiet: bool) -> End:
    """Show and write down each event; where a signal asks for it, save and exit instead.

    Raises:
        DivergedError: Training ran away; the message says which network is kept.
    """
    from nnfang.training import End, Epoch

    try:
        with console.training_view(epochs, quiet=is_quiet) as view, Interruption() as interruption:
            for event in events:
                view.show(event)
                if isinstance(event, Epoch):
                    recorder.record(event)
                    if as_json:
                        options.write_json({"event": "epoch", **asdict(event)})
                if isinstance(event, End):
                    return event
                if interruption.signal:
                    break
    except DivergedError as error:
        raise DivergedError(f"{error}\nThe network from before that epoch is kept: {recorder.run.last}") from None
    return leave(recorder, interruption, as_json=as_json)


def leave(recorder: Recorder, interruption: Interruption, *, as_json: bool) -> NoReturn:
    """Save what there is and exit as a process does that a signal ended."""
    recorder.save_unfinished()
    epochs = len(recorder.history)
    console.note(
        f"Interrupted after {console.count(epochs, 'whole epoch')}. The network as it is now: {recorder.run.last}"
    )
    if as_json:
        last = console.encodable(recorder.run.last)
        options.write_json(
            {"event": "interrupted", "epochs": epochs, "checkpoint": last, "signal": interruption.signal}
        )
    sys.exit(interruption.exit_code)


def finish(run: Run, recorder: Recorder, end: End, recipe: Recipe, data: Dataset, *, as_json: bool) -> None:
    """Test the best network, write metrics.json, and say the result."""
    from nnfang.evaluation import evaluate
    from nnfang.runs import load_model

    network = load_model(run.best).network
    result = evaluate(network, recipe.loss, data.x_test, data.y_test)
    metrics = {
        "run": console.encodable(run.folder),
        "checkpoint": console.encodable(run.best),
        "dataset": data.name,
        "requested_dataset": recorder.facts["dataset"]["requested"],
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "test_interval": result.interval,
        "test_images": result.n,
        "epochs": end.epochs,
        "best_epoch": end.best_epoch,
        "stopped_by": end.reason,
        "engine": recorder.engine.name,
        "seconds": sum(row["seconds"] for row in recorder.history),
        "digest": network.digest(),
    }
    run.write_metrics(metrics | {"environment": recorder.facts["environment"]})
    if as_json:
        options.write_json({"event": "end", **metrics})
    else:
        click.echo(reporting.summary(run, end, result, data, recipe))
