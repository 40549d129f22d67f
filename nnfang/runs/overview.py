"""What is known of a run without reading its weights: how far it came, how well it did, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

import msgspec

from nnfang.config.schema import read_tree
from nnfang.config.sources import load as load_config
from nnfang.core.constraints import FieldError
from nnfang.core.network import layer_shapes
from nnfang.errors import CheckpointError, ConfigError
from nnfang.runs.checkpoint import load_meta
from nnfang.runs.finding import NO_JSON, has_file, read_file, read_metrics
from nnfang.runs.folder import Run
from nnfang.runs.lock import is_locked
from nnfang.runs.meta import DivergenceRecord
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.meta import Meta, TestRecord
    from nnfang.training.events import Epoch

State = Literal["running", "done", "diverged", "interrupted", "damaged"]


@dataclass(frozen=True)
class Overview:
    """A run at a glance.

    Attributes:
        run: Its folder.
        state: Whether a process is training into it now; or how it ended.
        reason: Why training diverged, or what is damaged; empty otherwise.
        recipe: How it is trained; None if that cannot be read.
        meta: What its latest checkpoint says; None if there is none that can be read.
        tested: How its best network did on the test images; None where it has not been tested.
    """

    run: Run
    state: State
    reason: str = ""
    recipe: Recipe | None = None
    meta: Meta | None = None
    tested: TestRecord | None = None

    @property
    def units(self) -> tuple[int, ...]:
        """The inputs, and the units of each layer that has parameters; empty where the checkpoint is not known."""
        if not self.meta or not self.recipe:
            return ()
        inputs = prod(self.meta.input_shape)
        return inputs, *(shapes[0][0] for shapes in layer_shapes(self.recipe.layers, inputs) if shapes)

    @property
    def best(self) -> Epoch | None:
        """The best epoch so far."""
        return find_best_epoch(self.meta) if self.meta else None

    @property
    def seconds(self) -> float:
        """Training time, without validation and saving."""
        return sum(epoch.seconds for epoch in self.meta.history) + self.meta.state.seconds if self.meta else 0.0

    @property
    def validation_images(self) -> int:
        """About how many images were held out; no file says exactly."""
        if not self.best or not self.recipe:
            return 0
        part = self.recipe.validation_split
        return round(self.best.images * part / (1 - part))


def find_best_epoch(meta: Meta) -> Epoch | None:
    """The best epoch so far; None before the first, and in a network for inference only, which has no history."""
    best = meta.state.best_epoch
    return meta.history[best - 1] if best and meta.history else None


def look_at(folder: Path) -> Overview:
    """What is known of the run in a folder; where it is damaged, that is said and no error."""
    run = Run(folder)
    is_running = is_locked(folder)
    latest = next((path for path in (run.last, run.previous, run.best) if has_file(path)), None)
    try:
        if latest is None:
            begun: State = "running" if is_running else "interrupted"
            return Overview(run, begun, recipe=load_config(run.config, [], {}).recipe)
        meta = load_meta(latest)
        recipe: Recipe = read_tree(Recipe, meta.config)
        tested, is_done = _find_result(run, meta)
        divergence = find_divergence(run, meta)
    except (CheckpointError, ConfigError) as error:
        return Overview(run, "damaged", str(error))
    except FieldError as error:
        return Overview(run, "damaged", f"{latest}: its config is not valid: {error}")
    if is_running:
        return Overview(run, "running", "", recipe, meta, tested)
    if divergence and not is_done:
        return Overview(run, "diverged", divergence.reason, recipe, meta, tested)
    return Overview(run, "done" if is_done else "interrupted", "", recipe, meta, tested)


def _find_result(run: Run, meta: Meta) -> tuple[TestRecord | None, bool]:
    """The result of the best network, if it has been tested; and whether that was at the end of the training."""
    metrics = read_metrics(run)
    if metrics is None:
        return None, False
    best = find_best_epoch(meta)
    digest = best.digest if best else meta.theta_sha256[: len(metrics.digest)]
    is_end = metrics.epochs in {None, meta.epoch} and not meta.state.seen
    return (metrics.tested, is_end) if digest == metrics.digest else (None, False)


def find_divergence(run: Run, meta: Meta) -> DivergenceRecord | None:
    """How training diverged after a checkpoint, the latest; None where it did not, or has gone further since.

    Raises:
        CheckpointError: There is a record of it, which cannot be read.
    """
    if not has_file(run.diverged):
        return None
    try:
        record = msgspec.json.decode(read_file(run.diverged), type=DivergenceRecord)
    except NO_JSON as error:
        raise CheckpointError("not what nnfang writes", run.diverged) from error
    return record if record.step == meta.step else None
