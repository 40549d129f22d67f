"""The folder of a training run, and what is in it.

======================  ==============================================================
config.yaml             the recipe, ready for ``nnfang train -c``
history.csv             one line per epoch
best.npz, last.npz      checkpoints after the best epoch, and the latest
last.prev.npz           the one before the latest
metrics.json            the result on the test images, and how it came about
======================  ==============================================================
"""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.errors import ConfigError, NnfangError
from nnfang.runs.files import remove_stale, write_whole
from nnfang.runs.history import to_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from nnfang.training.events import Epoch

RUNS = Path("runs")
CONFIG, HISTORY, METRICS = "config.yaml", "history.csv", "metrics.json"
FILES = (CONFIG, HISTORY, "best.npz", "last.npz", "last.prev.npz", METRICS)

LOCK, OWNER = ".lock", ".owner"


class FolderInUseError(ConfigError):
    """A folder holds the files of a run already.

    Attributes:
        files: Their names.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        super().__init__(f"holds {', '.join(files)} already", folder)
        self.files = files


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

    @property
    def config(self) -> Path:
        """The recipe."""
        return self.folder / CONFIG

    @property
    def history(self) -> Path:
        """A line per epoch."""
        return self.folder / HISTORY

    @property
    def metrics(self) -> Path:
        """The result."""
        return self.folder / METRICS

    def find_files(self) -> list[str]:
        """The files in the folder that a new run would overwrite."""
        return [name for name in FILES if (self.folder / name).exists()]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from training into this folder.

        Raises:
            NnfangError: Another process does; the message says which.
        """
        from filelock import FileLock, Timeout  # only whoever writes needs it

        lock, owner = FileLock(self.folder / LOCK), self.folder / OWNER
        try:
            lock.acquire(timeout=0)
            remove_stale(self.folder)
            owner.write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        except Timeout as error:
            other = "another process"
            with suppress(OSError):
                other = owner.read_text(encoding="utf-8")
            raise NnfangError(f"{other} is training into this folder", self.folder) from error
        except OSError as error:
            raise NnfangError(f"cannot be locked: {error.strerror or error}", self.folder) from error
        try:
            yield
        finally:
            with suppress(OSError):
                owner.unlink()
            lock.release()

    def write_config(self, text: str) -> None:
        """Write config.yaml."""
        write_whole(self.config, lambda file: file.write(text.encode()))

    def write_history(self, epochs: Sequence[Epoch]) -> None:
        """Write history.csv."""
        write_whole(self.history, lambda file: file.write(to_csv(epochs).encode()))

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json."""
        content = msgspec.json.format(msgspec.json.encode(metrics), indent=2) + b"\n"
        write_whole(self.metrics, lambda file: file.write(content))


def create(folder: Path | None, dataset: str, now: datetime, *, force: bool = False) -> Run:
    """Create the folder of a new run.

    Args:
        folder: Where; None means ``runs/<time>-<dataset>``.
        dataset: A name, or a path, of which the last part is used.
        now: The time in the folder's name.
        force: Whether a run that is in `folder` may be deleted.

    Raises:
        FolderInUseError: `folder` holds files of a run.
        NnfangError: The folder cannot be created.
    """
    try:
        if folder is None:
            return Run(_create_unique(RUNS / f"{now:%Y%m%d-%H%M%S}-{Path(dataset).stem or 'data'}"))
        run = Run(folder)
        if found := run.find_files():
            if not force:
                raise FolderInUseError(folder, found)
            with run.lock():  # unless somebody is training into it
                for name in found:
                    (folder / name).unlink()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NnfangError(f"cannot be created: {error.strerror}", folder or RUNS) from error
    return run


def _create_unique(folder: Path) -> Path:
    """Create `folder`, or with -2, -3 … appended if another run began in the same second."""
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
