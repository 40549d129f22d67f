"""A training run on disk: its folder, what is in it, and which is the newest.

======================  ==============================================================
config.yaml             the recipe, ready for ``nnfang train -c``
history.csv             one line an epoch
best.npz, last.npz      checkpoints after the best epoch, and the latest
last.prev.npz           the one before the latest
metrics.json            the result on the test images, and how it came about
======================  ==============================================================
"""

from __future__ import annotations

import csv
import io
import os
import platform
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.errors import CheckpointError, ConfigError, NnfangError
from nnfang.runs.checkpoint import Checkpoint, Tested, load
from nnfang.runs.files import remove_stale, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime


RUNS = Path("runs")
FILES = ("config.yaml", "history.csv", "best.npz", "last.npz", "last.prev.npz", "metrics.json")
BUNDLED, NETWORK = "bundled", Path(__file__).parent / "networks" / "digits.npz"
"""The network that comes with nnfang: its name where a model can be named, and its file, which `make network` makes."""

LOCK, OWNER = ".lock", ".owner"


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
        """The latest checkpoint."""
        return self.folder / "last.npz"

    @property
    def previous(self) -> Path:
        """The checkpoint before the latest."""
        return self.folder / "last.prev.npz"

    def find_files(self) -> list[str]:
        """The files in the folder that a new run would write over."""
        return [name for name in FILES if (self.folder / name).exists()]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from training into this folder.

        Raises:
            NnfangError: Another process does; the message says which.
        """
        from filelock import FileLock, Timeout

        lock, owner = FileLock(self.folder / LOCK), self.folder / OWNER
        try:
            lock.acquire(timeout=0)
            remove_stale(self.folder)
            owner.write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        except Timeout:
            with suppress(OSError):
                raise NnfangError(
                    f"{self.folder}: {owner.read_text(encoding='utf-8')} is training into this folder"
                ) from None
            raise NnfangError(f"{self.folder}: another process is training into this folder") from None
        except OSError as error:
            raise NnfangError(f"{self.folder}: cannot be locked: {error.strerror or error}") from None
        try:
            yield
        finally:
            with suppress(OSError):
                owner.unlink()
            lock.release()

    def write_config(self, text: str) -> None:
        """Write config.yaml."""
        write_whole(self.folder / "config.yaml", lambda file: file.write(text.encode()))

    def write_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write history.csv."""
        lines = io.StringIO()
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self.folder / "history.csv", lambda file: file.write(lines.getvalue().encode()))

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json."""
        content = msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n"
        write_whole(self.folder / "metrics.json", lambda file: file.write(content))


class Metrics(msgspec.Struct, frozen=True):
    """What is read of metrics.json."""

    dataset: str
    digest: str
    test_images: int
    test_accuracy: float
    test_interval: tuple[float, float]


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
            with run.lock():  # unless somebody is at it
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


def find_newest(otherwise: Path | None = None) -> Path:
    """The folder of the newest run under ``runs/`` that has a checkpoint; where there is none, `otherwise`.

    Raises:
        CheckpointError: There is neither; the message says how to make one.
    """
    found = [path for path in RUNS.glob("*/best.npz") if path.is_file()]
    if not found and otherwise:
        return otherwise
    if not found:
        raise CheckpointError(
            f'No trained network under "{RUNS}{os.sep}" in this folder. Make one with: nnfang train '
            "(or name a checkpoint, a run's folder, or bundled with --model)"
        )
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.parent.name)).parent


def find_test_result(path: Path, checkpoint: Checkpoint) -> Tested | None:
    """How a run's network did on the test images; None where its metrics.json is of another network, or is not there.

    Args:
        path: The run's folder, or the checkpoint in it.
        checkpoint: What was read from there.
    """
    try:
        text = ((path if path.is_dir() else path.parent) / "metrics.json").read_bytes()
        metrics = msgspec.json.decode(text, type=Metrics)
    except (OSError, msgspec.DecodeError):
        return None
    if metrics.digest != checkpoint.network.digest():
        return None
    return Tested(metrics.dataset, metrics.test_images, metrics.test_accuracy, metrics.test_interval)


def load_last(path: Path) -> tuple[Run, Checkpoint]:
    """Read the latest checkpoint of a run, to go on from there.

    Args:
        path: The run's folder, or one of the checkpoints in it.

    Raises:
        CheckpointError: It is not there or cannot be read; where the one before it can, the message says so.
    """
    if not path.is_dir():
        return Run(path.parent), load(path)
    run = Run(path)
    chosen = run.last if run.last.exists() or not run.previous.exists() else run.previous  # killed between two renames
    try:
        return run, load(chosen)
    except CheckpointError as error:
        try:
            epoch = load(run.previous).meta.epoch
        except CheckpointError:
            raise error from None
        raise CheckpointError(
            f"{error}\nThe one before it is whole, from epoch {epoch}: nnfang train --resume {run.previous}"
        ) from None


def load_model(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint: a file, the best one of a run's folder, or "bundled", the network that comes with nnfang.

    Raises:
        CheckpointError: It is not there, or cannot be read.
    """
    path = NETWORK if path == BUNDLED else Path(path)
    if not path.is_dir():
        return load(path)
    if not Run(path).best.exists():
        raise CheckpointError(f"{path}: there is no best.npz in this folder")
    return load(Run(path).best)
