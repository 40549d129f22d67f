"""Follows a training on disk to its end: shows it, stops it on request, and reports the result."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from nnfang.commands import console, options, views
from nnfang.commands.signals import StopRequest
from nnfang.commands.threads import try_threads
from nnfang.training.events import End, Epoch

if TYPE_CHECKING:
    from nnfang.commands.threads import Threads
    from nnfang.runs.recorder import RecordedTraining, Result


@dataclass(frozen=True)
class Calling:
    """How the command was called: what is shown, and where data may come from."""

    threads: Threads
    is_json: bool
    is_quiet: bool
    is_offline: bool


def follow(training: RecordedTraining, how: Calling) -> None:
    """Train to the end and report the result; where a signal asks for it, save and exit instead.

    Raises:
        DivergedError: Training diverged, for the last time.
    """
    announce(training, how)
    with views.training_view(training.recipe.epochs, quiet=how.is_quiet) as view, StopRequest() as request:
        end = None
        for event in try_threads(training, how.threads):
            view.show(event)
            if isinstance(event, Epoch) and how.is_json:
                options.write_json({"event": "epoch", **asdict(event)})
            if isinstance(event, End):
                end = event
            elif request.signal:
                break
    if end is None:
        leave(training, request, how)
    else:
        report(training.finish(end), training, how)


def announce(training: RecordedTraining, how: Calling) -> None:
    """Say what is about to happen."""
    if how.is_json:
        options.write_json({"event": "start", **describe(training)})
    elif not how.is_quiet:
        console.note(headline(training))
    if (message := training.training.engine.compile_message) and not how.is_quiet:
        console.note(f"one moment: {message}")


def describe(training: RecordedTraining) -> dict[str, Any]:
    """What is about to happen, for a program."""
    inner = training.training
    return {
        "run": console.encodable(training.run.folder),
        "dataset": inner.data.name,
        "network": inner.network.units,
        "parameters": inner.network.theta.size,
        "engine": inner.engine.name,
        "images": len(inner.rows),
        "validation_images": len(inner.validation_rows),
        "epochs": training.recipe.epochs,
    }


def headline(training: RecordedTraining) -> str:
    """What is about to happen, for a person."""
    inner = training.training
    shape, held_out = "-".join(map(str, inner.network.units)), len(inner.validation_rows)
    return "\n".join(
        (
            f"network  {shape}, {inner.network.theta.size:,} parameters, {inner.engine.name} engine",
            f"images   {len(inner.rows):,} of {inner.data.name}, {held_out:,} held out for validation",
            f"run      {training.run.folder}",
        )
    )


def leave(training: RecordedTraining, request: StopRequest, how: Calling) -> None:
    """Save what there is and exit as a process does that a signal ended."""
    training.save()
    run, epochs = training.run, training.training.state.epoch
    console.note(f"Interrupted after {console.count(epochs, 'completed epoch')}. The network as it is now: {run.last}")
    console.note(f"Continue with: nnfang train --resume {run.folder}")
    if how.is_json:
        options.write_json(
            {
                "event": "interrupted",
                "epochs": epochs,
                "checkpoint": console.encodable(run.last),
                "signal": request.signal,
            }
        )
    sys.exit(request.exit_code)


def report(result: Result, training: RecordedTraining, how: Calling) -> None:
    """Say the result."""
    if how.is_json:
        options.write_json({"event": "end", **result.metrics})
    else:
        click.echo(summary(result, training))


def summary(result: Result, training: RecordedTraining) -> str:
    """The result for a person, with the command to try next."""
    end, test, folder = result.end, result.test, training.run.folder
    low, high = test.interval
    chosen_by = "by validation" if training.recipe.validation_split else "the last: there are no validation images"
    stopped = ", stopped early" if end.reason == "early_stopping" else ""
    return "\n".join(
        (
            f"test accuracy  {console.percent(test.accuracy)} "
            f"(95% interval {console.percent(low)} to {console.percent(high)})",
            f"test loss      {test.loss:.4f} ({test.n:,} test images of {training.data.name})",
            f"best epoch     {end.best_epoch} of {end.epochs} ({chosen_by}){stopped}",
            f"saved in       {folder}",
            f"try            nnfang predict -m {folder} digit.png",
        )
    )
