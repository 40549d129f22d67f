"""Writes a training run to disk while it happens."""

from __future__ import annotations

from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any

from nnfang.runs.checkpoint import Meta, save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nnfang.runs.folder import Run
    from nnfang.training.events import Epoch, Start
    from nnfang.training.recipe import CheckpointEvery


class Recorder:
    """Writes a run while it happens."""

    def __init__(
        self, run: Run, start: Start, facts: Mapping[str, Any], history: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Write the checkpoints of the untrained network, where there are none.

        Args:
            run: Its folder.
            start: Of the training.
            facts: The fields of `Meta` that stay the same throughout.
            history: The epochs done before.
        """
        self.run = run
        self.facts = dict(facts)
        self.history = list(history)
        self.attach(start)
        self.saved_at, self.saved_step = monotonic(), self.position.step
        if not run.last.exists() and not run.previous.exists():
            self.save_last()
        if not run.best.exists():
            self._save(run.best)

    def attach(self, start: Start) -> None:
        """Write down this training from now on."""
        self.engine, self.position = start.engine, start.position
        self.facts["engine"] = start.engine.name

    def retry(self, start: Start, config: dict[str, Any], failure: dict[str, Any]) -> None:
        """Write down that training goes on from a checkpoint with another config, and why."""
        self.facts["config"] = config
        self.facts["retries"] = [*self.facts.get("retries", []), failure]
        del self.history[start.position.epoch :]
        self.attach(start)
        self.saved_step = self.position.step

    def record(self, epoch: Epoch) -> None:
        """Write down an epoch that is over."""
        self.history.append(asdict(epoch))
        self.run.write_history(self.history)
        if epoch.is_best:
            self._save(self.run.best)
        self.save_last()

    def save_if_due(self, every: CheckpointEvery) -> None:
        """Save in the middle of an epoch if it is time."""
        steps = self.position.step - self.saved_step
        if monotonic() - self.saved_at >= every.seconds or (every.steps and steps >= every.steps):
            self.save_last()

    def save_last(self) -> None:
        """Save the network as it is now; the file from before stays as last.prev.npz."""
        self._save(self.run.last, keep=self.run.previous)
        self.saved_at, self.saved_step = monotonic(), self.position.step

    def save_unfinished(self) -> None:
        """Save the network in the middle of an epoch; in the first epoch it is better than the untrained one."""
        self.save_last()
        if not self.history:
            self._save(self.run.best)

    def _save(self, path: Path, keep: Path | None = None) -> None:
        meta = Meta(
            epoch=len(self.history),
            step=self.position.step,
            history=self.history,
            position=self.position,
            **self.facts,
        )
        save(path, self.engine.task.network, meta, self.engine.state, keep=keep)
