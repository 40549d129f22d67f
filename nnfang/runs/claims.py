"""What the files of a run claim, compared with a training that was repeated from its config."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.config import sources
from nnfang.config.schema import to_tree
from nnfang.errors import CheckpointError, ConfigError
from nnfang.runs.finding import NO_JSON, read_file
from nnfang.runs.history import to_csv
from nnfang.runs.resumption import MAY_CHANGE, find_difference
from nnfang.training.evaluation import evaluate
from nnfang.training.events import Epoch
from nnfang.training.state import metric_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import StartRecord
    from nnfang.training.loop import Training
    from nnfang.training.recipe import Recipe

TIMINGS = ("seconds", "images_per_second")
"""Fields of an epoch that come out differently each time."""


def compare_epochs(claimed: Epoch, found: Epoch) -> list[str]:
    """The fields in which an epoch was not as recorded, but for its timings."""
    names = [field.name for field in fields(Epoch) if field.name not in TIMINGS]
    return [name for name in names if repr(getattr(claimed, name)) != repr(getattr(found, name))]  # also for nan


def compare_checkpoint(
    claim: Checkpoint, training: Training[Dataset], history: Sequence[Epoch], start: StartRecord | None = None
) -> Iterator[str]:
    """What in a checkpoint is not as a training is that stands in its place.

    Args:
        claim: The checkpoint.
        training: The training.
        history: The epochs that have been compared with the training.
        start: What it began with.
    """
    if claim.network.theta.tobytes() != training.network.theta.tobytes():
        yield "the weights"
    claimed, found = claim.optimizer_state, training.engine.state
    for name in sorted(claimed.keys() | found.keys()):  # those of another optimizer have other names
        if name not in claimed or name not in found or claimed[name].tobytes() != found[name].tobytes():
            yield f"the optimizer's {name}"
    if claim.familiarity and not claim.familiarity.is_close(training.learn_familiarity(training.network)):
        yield "the familiarity"
    yield from _compare_states(claim, training)
    if repr(claim.meta.history) != repr(tuple(history[: claim.meta.epoch])):
        yield "the history"
    yield from (path for path in compare_recipes(claim.recipe, training.recipe) if is_decisive(path))
    meta, data = claim.meta, training.data
    facts = {
        "input_shape": (meta.input_shape, data.input_shape),
        "class_names": (meta.class_names, data.class_names),
        "preparation": (meta.preparation, data.preparation),
        "dataset": ((meta.dataset.name, meta.dataset.fingerprint), (data.name, data.fingerprint)),
        "engine": (meta.engine, training.engine.name),
        "parent": (meta.parent, None),
        "start": (meta.start, start),
        "retries": (meta.retries, ()),
    }
    yield from (name for name, (claimed, found) in facts.items() if claimed != found)


def _compare_states(claim: Checkpoint, training: Training[Dataset]) -> Iterator[str]:
    claimed, found, early_stopping = claim.meta.state.restore(), training.state, training.recipe.early_stopping
    if metric_for(claim.recipe.early_stopping, claimed) != metric_for(early_stopping, found):
        yield "the metric of the best epoch"
    found = replace(found, seconds=claimed.seconds, metric=claimed.metric)
    yield from (f.name for f in fields(found) if getattr(found, f.name) != getattr(claimed, f.name))


def compare_recipes(claimed: Recipe, found: Recipe) -> Iterator[str]:
    """The keys in which two recipes differ, but for the engine, which a checkpoint names on its own."""
    for field in fields(found):
        before, after = (to_tree(getattr(recipe, field.name)) for recipe in (claimed, found))
        path = find_difference(field.name, before, after)
        if path and field.name != "engine":
            yield path


def is_decisive(path: str) -> bool:
    """Whether some number of a run depends on a key of its recipe."""
    return path.partition(".")[0] not in MAY_CHANGE


def compare_config(path: Path, recipe: Recipe) -> Iterator[str]:
    """The keys in which config.yaml is not the recipe of a run; those that may change in the course of it included."""
    if not path.is_file():
        raise CheckpointError("not a file", path)
    try:
        yield from compare_recipes(sources.load(path, [], {}).recipe, recipe)
    except ConfigError as error:
        yield f"cannot be read: {error.reason}"


def compare_csv(path: Path, history: Sequence[Epoch]) -> tuple[int | None, int]:
    """The first line in which history.csv is not the history of a run, and how many lines it has beyond that."""
    expected = to_csv(history).splitlines()
    found = read_file(path).decode(errors="replace").splitlines()
    differing = (i for i, line in enumerate(expected, 1) if found[i - 1 : i] != [line])
    return next(differing, None), max(0, len(found) - len(expected))


class MetricsClaim:
    """What metrics.json says, which is compared when the training stands at the best epoch.

    Attributes:
        best_epoch: After which epoch the network was tested; -1 where that is not said.
        values: What it says.
    """

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            CheckpointError: It cannot be read.
        """
        try:
            self.values: Mapping[str, Any] = msgspec.json.decode(read_file(path), type=dict[str, Any])
        except NO_JSON as error:
            raise CheckpointError("not JSON, or damaged", path) from error
        best = self.values.get("best_epoch")
        self.best_epoch = best if isinstance(best, int) else -1

    def compare(
        self, training: Training[Dataset], history: Sequence[Epoch], requested: str
    ) -> tuple[list[str], list[str]]:
        """The keys that are not as a training is that stands at the best epoch, and those that were not compared."""
        expected = self._expect(training, history, requested)
        wrong = [key for key, value in expected.items() if key in self.values and self.values[key] != value]
        return wrong, [key for key in self.values if key not in expected]

    def _expect(self, training: Training[Dataset], history: Sequence[Epoch], requested: str) -> dict[str, Any]:
        epochs = self.values.get("epochs")
        done = history[:epochs] if isinstance(epochs, int) and 0 <= epochs <= len(history) else history
        data = training.data
        test = evaluate(training.network, training.recipe.loss, data.x_test, data.y_test)
        return {
            "dataset": data.name,
            "requested_dataset": requested,
            "test_accuracy": test.accuracy,
            "test_loss": test.loss,
            "test_interval": list(test.interval),
            "test_images": test.n,
            "epochs": len(done),
            "best_epoch": max((epoch.epoch for epoch in done if epoch.is_best), default=0),
            "engine": training.engine.name,
            "seconds": sum(epoch.seconds for epoch in done),
            "digest": training.network.digest(),
        }
