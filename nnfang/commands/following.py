"""Follows a training run on disk to its end: shows it, stops it on request, and reports the result."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from nnfang.commands import console, options, streams, views
from nnfang.commands.layers import layer_table
from nnfang.commands.signals import StopRequest
from nnfang.commands.thread_trial import try_threads
from nnfang.core.constraints import LITERALS
from nnfang.errors import DivergedError
from nnfang.training.events import End, Epoch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from nnfang.commands.threads import Threads
    from nnfang.data import Dataset
    from nnfang.machine.ranks import Ranks
    from nnfang.runs.meta import StartRecord
    from nnfang.runs.recorder import RecordedTraining, Result
    from nnfang.training.evaluation import Evaluation


@dataclass(frozen=True)
class Calling:
    """How the command was called: what is shown, where data may come from, and which processes share the work."""

    threads: Threads
    max_seconds: float | None
    is_json: bool
    is_quiet: bool
    is_offline: bool
    has_report: bool
    ranks: Ranks | None = None


def follow(training: RecordedTraining, how: Calling) -> None:
    """Train to the end and report the result; where a signal asks for it, save and exit instead.

    Raises:
        DivergedError: Training diverged, for the last time.
    """
    streams.do_without_output()
    announce(training, how)
    clock = Clock(how.max_seconds)
    end = None
    with (
        advising(training),
        views.training_view(training.recipe.epochs, quiet=how.is_quiet) as view,
        StopRequest() as request,
    ):
        for event in try_threads(training, how.threads):
            view.show(event)
            if isinstance(event, Epoch):
                if how.is_json:
                    console.write_json({"event": "epoch", **asdict(event)})
                if clock.is_time_up():
                    training.training.stop()
            if isinstance(event, End):
                end = event
            elif request.signal:
                break
    if end is None:
        leave(training, request, how)
    else:
        report(training.finish(end), training, how)


@contextmanager
def advising(training: RecordedTraining) -> Iterator[None]:
    """Say which command to try where training diverges."""
    try:
        yield
    except DivergedError as error:
        advice = command_to_try(training.run.config, {"optimizer.learning_rate": error.learning_rate}, training.start)
        raise DivergedError(f"{error.reason}\nFor example: {advice}", error.learning_rate) from error


class Clock:
    """Says after each epoch whether there is time for another."""

    def __init__(self, seconds: float | None) -> None:
        """Start; `seconds` may be spent, without end if None."""
        self.end = monotonic() + (inf if seconds is None else seconds)
        self.epoch_began = monotonic()

    def is_time_up(self) -> bool:
        """Whether another epoch as long as the one that has just ended would take too long."""
        now, began = monotonic(), self.epoch_began
        self.epoch_began = now
        return now + (now - began) > self.end


def announce(training: RecordedTraining, how: Calling) -> None:
    """Say what is about to happen."""
    if how.is_json:
        console.write_json({"event": "start", **describe(training)})
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
        "processes": inner.ranks.size if inner.ranks else 1,
        "images": len(inner.rows),
        "validation_images": len(inner.validation_rows),
        "epochs": training.recipe.epochs,
    }


def headline(training: RecordedTraining) -> str:
    """What is about to happen, for a person."""
    inner = training.training
    held_out = len(inner.validation_rows)
    return "\n".join(
        (
            layer_table(inner.network),
            "",
            f"images  {len(inner.rows):,} of {inner.data.name}, {held_out:,} held out for validation",
            f"engine  {inner.engine.name}{f', shared by {inner.ranks.size} processes' if inner.ranks else ''}",
            f"run     {training.run.folder}",
        )
    )


def leave(training: RecordedTraining, request: StopRequest, how: Calling) -> None:
    """Save what there is and exit as a process does that a signal ended."""
    training.save()
    run, epochs = training.run, training.training.state.epoch
    console.note(f"Interrupted after {console.count(epochs, 'completed epoch')}. The network as it is now: {run.last}")
    console.note(f"Continue with: {console.command_line('train', '--resume', run.folder)}")
    if how.is_json:
        console.write_json(
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
        wrong = result.diagnosis
        diagnosis = wrong and {"rule": wrong.rule, "evidence": wrong.evidence, "try": dict(wrong.changes)}
        console.write_json({"event": "end", **result.metrics, "diagnosis": diagnosis})
    else:
        console.result(summary(result, training))


STOPPED_BY = {"done": "", "early_stopping": ", stopped early", "max_time": ", stopped by --max-time"}


def summary(result: Result, training: RecordedTraining) -> str:
    """The result for a person, with the command to try next."""
    end, folder = result.end, training.run.folder
    chosen_by = "by validation" if training.recipe.validation_split else "the last: there are no validation images"
    lines = [
        *test_lines(result.test, training.data),
        f"best epoch     {end.best_epoch} of {end.epochs} ({chosen_by}){STOPPED_BY[end.reason]}",
        f"saved in       {folder}",
    ]
    if wrong := result.diagnosis:
        lines.append(f"caution        {wrong.evidence}")
        changes = wrong.changes
        command = (
            command_to_try(training.run.config, changes, training.start) if changes else suggest_evaluation(folder)
        )
    elif end.reason == "max_time":
        command = console.command_line("train", "--resume", folder)
    else:
        command = suggest_use(training)
    return "\n".join([*lines, f"try            {command}"])


def test_lines(test: Evaluation, data: Dataset) -> list[str]:
    """How good a network is, for a person."""
    low, high = test.interval
    return [
        f"test accuracy  {console.percent(test.accuracy)} "
        f"(95% interval {console.percent(low)} to {console.percent(high)})",
        f"test loss      {test.loss:.4f} ({test.n:,} test images of {data.name})",
    ]


def suggest_evaluation(folder: Path) -> str:
    """The command that says more about a run's network."""
    return console.command_line("evaluate", "-m", folder)


def suggest_use(training: RecordedTraining) -> str:
    """The command to try a network with: on a picture that comes with nnfang, if it is for such pictures."""
    folder = training.run.folder
    if training.data.preparation == DIGIT:
        return console.command_line("predict", "-m", folder, "sample:7")
    return suggest_evaluation(folder)


DIGIT = "digit"
"""The preparation of data sets like MNIST, which the pictures that come with nnfang are for."""


def command_to_try(config: Path, changes: Mapping[str, Any], start: StartRecord | None = None) -> str:
    """The command that trains by the config of a run, but for some values of it, and begins as it did."""
    short = {path: options.name_short(name) for name, path in options.SHORT.items()}
    words = []
    for path, value in changes.items():
        text = f"{value:g}" if isinstance(value, float) else LITERALS[None] if value is None else str(value)
        words += [short[path], text] if path in short else ["--set", f"{path}={text}"]
    begin = []
    if start:
        begin = ["--from", str(config.parent) if start.is_import else start.model]
    return console.command_line("train", *begin, "-c", config, *words)
