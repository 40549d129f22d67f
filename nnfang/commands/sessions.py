"""A training from its first event to its last: begun, resumed, followed, retried, tested."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nnfang.commands import console, options, reporting, resumption, thread_choice
from nnfang.commands.interruption import Interruption
from nnfang.errors import DivergedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nnfang.config.sources import Config, Override
    from nnfang.core.network import Network
    from nnfang.core.optimizers import State
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.folder import Run
    from nnfang.runs.recorder import Recorder
    from nnfang.training.events import End, Event, Start
    from nnfang.training.recipe import Recipe
    from nnfang.training.state import Position

MOST_RETRIES = 3
GENTLER = 3.0
"""What a learning rate is divided by after training diverged with it."""


@dataclass(frozen=True)
class Manner:
    """How the command was called: what is shown, and where data may come from."""

    threads: thread_choice.Threads
    is_json: bool
    is_quiet: bool
    is_offline: bool


@dataclass
class Session:
    """A training under way."""

    recipe: Recipe
    data: Dataset
    run: Run
    start: Start
    events: Iterator[Event]
    recorder: Recorder


def begin(config: Config, data: Dataset, manner: Manner, output: Path | None, *, force: bool) -> Session:
    """A new training, up to its first step, and the folder of its run."""
    from nnfang.config.sources import to_yaml
    from nnfang.core.constraints import FieldError
    from nnfang.core.network import Network
    from nnfang.runs import folder as runs
    from nnfang.runs.recorder import Recorder

    recipe = replace(config.recipe, dataset=data.name)
    network = Network.initialize(recipe.layers, prod(data.input_shape), seed=recipe.seed, dtype=recipe.dtype)
    classes = len(data.class_names)
    if network.outputs != classes:
        path = f"layers[{len(recipe.layers) - 1}].units"
        raise config.error(
            path, f"found {network.outputs}, but {data.name} has {classes} classes; try --set {path}={classes}"
        )
    try:
        start, events = take_start(network, data, recipe)
    except FieldError as error:
        raise config.error(error.path, error.reason) from error
    run = runs.create(output, data.name, datetime.now().astimezone(), force=force)
    with run.lock():
        run.write_config(to_yaml(recipe))
        recorder = Recorder(run, start, describe_facts(recipe, data, requested=config.recipe.dataset))
    return Session(recipe, data, run, start, events, recorder)


def resume(name: str, overrides: Sequence[Override], manner: Manner, output: Path | None, *, fork: bool) -> Session:
    """A run from its latest checkpoint on; as a fork in a new folder, otherwise in its own."""
    from nnfang.config.sources import to_yaml
    from nnfang.runs import folder as runs
    from nnfang.runs.recorder import Recorder

    run, checkpoint = resumption.open_run(name, is_quiet=manner.is_quiet)
    recipe = resumption.adapt(checkpoint, overrides, fork=fork)
    data = resumption.reload_data(checkpoint, recipe, is_offline=manner.is_offline, is_quiet=manner.is_quiet)
    recipe = replace(recipe, dataset=data.name)
    resumption.warn_of_another_machine(checkpoint)
    at, state = checkpoint.meta.position, checkpoint.state
    if recipe.optimizer.state_names != checkpoint.recipe.optimizer.state_names:
        state = {}
    engineered = resumption.keep_engine(checkpoint, recipe, fork=fork)
    start, events = take_start(checkpoint.network, data, engineered, at, state)
    facts = describe_facts(recipe, data, requested=checkpoint.meta.dataset["requested"])
    facts |= {"parent": checkpoint.meta.parent, "retries": checkpoint.meta.retries}
    if fork:
        facts["parent"] = {"run": console.encodable(run.folder), "step": at.step, "digest": checkpoint.network.digest()}
        run = runs.create(output, data.name, datetime.now().astimezone())
    with run.lock():
        if fork:
            run.write_config(to_yaml(recipe))
        recorder = Recorder(run, start, facts, checkpoint.meta.history)
    return Session(recipe, data, run, start, events, recorder)


def take_start(
    network: Network, data: Dataset, recipe: Recipe, position: Position | None = None, state: State | None = None
) -> tuple[Start, Iterator[Event]]:
    """Start training, up to the first step."""
    from nnfang.training.events import Start
    from nnfang.training.loop import train

    events = train(network, data, recipe, position, state)
    start = next(events)
    if not isinstance(start, Start):
        raise TypeError(f"the first event is {start}")
    return start, events


def describe_facts(recipe: Recipe, data: Dataset, *, requested: str) -> dict[str, Any]:
    """What a checkpoint says of its run."""
    from nnfang.config.schema import to_tree
    from nnfang.machine.description import describe_machine

    return {
        "config": to_tree(recipe),
        "input_shape": data.input_shape,
        "class_names": data.class_names,
        "preparation": data.preparation,
        "dataset": {"name": data.name, "requested": requested, "fingerprint": data.fingerprint},
        "environment": describe_machine(),
    }


def carry_out(session: Session, manner: Manner) -> None:
    """Train to the end and say the result; where training runs away, retry if the recipe says so.

    Raises:
        DivergedError: Training ran away, for the last time.
    """
    announce(session, manner)
    for attempt in range(MOST_RETRIES + 1):
        try:
            end = follow(session, manner)
        except DivergedError as error:
            last = session.run.last
            if session.recipe.on_divergence == "stop" or attempt == MOST_RETRIES:
                raise DivergedError(f"{error}\nThe network from before is kept: {last}") from None
            retreat(session, str(error))
        else:
            finish(session, end, manner)
            return


def announce(session: Session, manner: Manner) -> None:
    """Say what is about to happen."""
    run, start, recipe, data = session.run, session.start, session.recipe, session.data
    if manner.is_json:
        options.write_json({"event": "start", **reporting.describe(run, start, recipe, data)})
    elif not manner.is_quiet:
        console.note(reporting.headline(run, start, data))
    if start.engine.compile_message and not manner.is_quiet:
        console.note(f"one moment: {start.engine.compile_message}")


def follow(session: Session, manner: Manner) -> End:
    """Show and write down each event; where a signal asks for it, save and exit instead.

    Raises:
        DivergedError: Training ran away.
    """
    from nnfang.training.events import End, Epoch, Progress

    recorder, recipe = session.recorder, session.recipe
    with console.training_view(recipe.epochs, quiet=manner.is_quiet) as view, Interruption() as interruption:
        for event in thread_choice.watch(session.events, manner.threads):
            view.show(event)
            if isinstance(event, Progress):
                recorder.save_if_due(recipe.checkpoint_every)
            if isinstance(event, Epoch):
                recorder.record(event)
                if manner.is_json:
                    options.write_json({"event": "epoch", **asdict(event)})
            if isinstance(event, End):
                return event
            if interruption.signal:
                break
    return leave(recorder, interruption, manner)


def leave(recorder: Recorder, interruption: Interruption, manner: Manner) -> NoReturn:
    """Save what there is and exit as a process does that a signal ended."""
    recorder.save_unfinished()
    run, epochs = recorder.run, len(recorder.history)
    console.note(f"Interrupted after {console.count(epochs, 'whole epoch')}. The network as it is now: {run.last}")
    console.note(f"Go on with: nnfang train --resume {run.folder}")
    if manner.is_json:
        options.write_json(
            {
                "event": "interrupted",
                "epochs": epochs,
                "checkpoint": console.encodable(run.last),
                "signal": interruption.signal,
            }
        )
    sys.exit(interruption.exit_code)


def retreat(session: Session, reason: str) -> None:
    """Go back to the latest checkpoint, with a smaller learning rate; and write that down."""
    from nnfang.config.schema import to_tree
    from nnfang.runs import folder as runs

    checkpoint: Checkpoint = runs.load_last(session.run.folder)[1]
    given_up = session.recipe.optimizer.learning_rate
    optimizer = replace(session.recipe.optimizer, learning_rate=given_up / GENTLER)  # type: ignore[type-var]
    session.recipe = replace(session.recipe, optimizer=optimizer)
    engineered = replace(session.recipe, engine=session.start.engine.name)
    at = checkpoint.meta.position
    session.start, session.events = take_start(checkpoint.network, session.data, engineered, at, checkpoint.state)
    session.recorder.retry(
        session.start, to_tree(session.recipe), {"step": at.step, "learning_rate": given_up, "reason": reason}
    )
    console.warn(
        f"{reason}\nRetrying from epoch {at.epoch}, step {at.step}, with learning rate {optimizer.learning_rate:g}."
    )


def finish(session: Session, end: End, manner: Manner) -> None:
    """Test the best network, write metrics.json, and say the result."""
    from nnfang.runs.folder import load_model
    from nnfang.training.evaluation import evaluate

    run, recorder, recipe, data = session.run, session.recorder, session.recipe, session.data
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
    if manner.is_json:
        options.write_json({"event": "end", **metrics})
    else:
        click.echo(reporting.summary(run, end, result, data, recipe))
