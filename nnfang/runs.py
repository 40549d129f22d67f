"""A training run on disk: its folder, what is in it, and which is the newest.

======================  ==============================================================
config.yaml             the recipe, ready for ``nnfang train -c``
history.csv             one line an epoch
best.npz, last.npz      checkpoints after the best and the latest epoch
metrics.json            the result on the test images, and how it came about
======================  ==============================================================
"""

from __future__ import annotations

import csv
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.checkpoint import Checkpoint, Meta, load, save
from nnfang.errors import CheckpointError, ConfigError, NnfangError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from nnfang.engines import Engine
    from nnfang.training import Epoch

RUNS = Path("runs")
FILES = ("config.yaml", "history.csv", "best.npz", "last.npz", "metrics.json")


@dataclass(frozen=True)
class Run:
    """The files of one run."""

    folder: Path

    @property
    def best(self) -> Path:
        """The checkpoint of the best epoch."""
        return self.folder / "best.npz"

    @property
    def last(self) -> Path:
        """The checkpoint of the latest epoch."""
        return self.folder / "last.npz"

    def find_files(self) -> list[str]:
        """The files in the folder that a new run would write over."""
        return [name for name in FILES if (self.folder / name).exists()]

    def write_config(self, text: str) -> None:
        """Write config.yaml."""
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def append_history(self, row: Mapping[str, Any]) -> None:
        """Add a line to history.csv; the first brings the header with it."""
        path = self.folder / "history.csv"
        is_new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow(row)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json."""
        (self.folder / "metrics.json").write_bytes(msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n")


class Recorder:
    """Writes a run while it happens."""

    def __init__(self, run: Run, engine: Engine, facts: Mapping[str, Any]) -> None:
        """Write the checkpoints of the untrained network.

        Args:
            run: Its folder, empty.
            engine: Trains.
            facts: The fields of `Meta` that stay the same throughout.
        """
        self.run = run
        self.engine = engine
        self.facts = facts
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] = {"epoch": 0, "val_loss": None}
        self.save_last()
        self._save(run.best)

    def record(self, epoch: Epoch) -> None:
        """Write down an epoch that is over."""
        row = asdict(epoch)
        self.history.append(row)
        self.run.append_history(row)
        if epoch.is_best:
            self.best = {"epoch": epoch.epoch, "val_loss": epoch.val_loss}
            self._save(self.run.best)
        self.save_last()

    def save_last(self) -> None:
        """Save the network as it is now."""
        self._save(self.run.last)

    def save_unfinished(self) -> None:
        """Save the network in the middle of an epoch; in the first epoch it is better than the untrained one."""
        self.save_last()
        if not self.history:
            self._save(self.run.best)

    def _save(self, path: Path) -> None:
        meta = Meta(epoch=len(self.history), step=self.engine.step, history=self.history, best=self.best, **self.facts)
        save(path, self.engine.task.network, meta, self.engine.state)


def create(folder: Path | None, dataset: str, now: datetime, *, force: bool = False) -> Run:
    """Make the folder of a new run.

    Args:
        folder: Where; None means ``runs/<time>-<dataset>``.
        dataset: A name, or a path, of which the last part is used.
        now: The time in the folder's name.
        force: Whether a run that is in `folder` may be deleted.

    Raises:
        ConfigError: `folder` holds files of a run.
        NnfangError: The folder cannot be made.
    """
    try:
        if folder is None:
            return Run(_make_unique(RUNS / f"{now:%Y%m%d-%H%M%S}-{Path(dataset).stem or 'data'}"))
        run = Run(folder)
        if found := run.find_files():
            if not force:
                raise ConfigError(
                    f"{folder}: holds {', '.join(found)} already; choose another folder, or --force to delete "
                    + ("it" if len(found) == 1 else "them")
                )
            for name in found:
                (folder / name).unlink()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NnfangError(f"{folder or RUNS}: cannot be made: {error.strerror}") from None
    return run


def _make_unique(folder: Path) -> Path:
    """Make `folder`, or with -2, -3 … behind it if another run began in the same second."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    number, name = 1, folder.name
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = folder.with_name(f"{name}-{number}")
        else:
            return folder


def find_newest() -> Path:
    """The folder of the newest run under ``runs/`` that has a checkpoint.

    Raises:
        CheckpointError: There is none; the message says how to make one.
    """
    found = [path for path in RUNS.glob("*/best.npz") if path.is_file()]
    if not found:
        raise CheckpointError(
            f'No trained network under "{RUNS}{os.sep}" in this folder. Make one with: nnfang train '
            "(or name a checkpoint or a run's folder with --model)"
        )
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.parent.name)).parent


def load_model(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint: a file, or the best one of a run's folder.

    Raises:
        CheckpointError: It is not there, or cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        return load(path)
    if not Run(path).best.exists():
        raise CheckpointError(f"{path}: there is no best.npz in this folder")
    return load(Run(path).best)
