"""The folder of a training run, and what is in it.

======================  ==============================================================
config.yaml             the recipe, ready for ``nnfang train -c``
history.csv             one line per epoch
best.npz, last.npz      checkpoints after the best epoch, and the latest
last.prev.npz           the one before the latest
metrics.json            the result on the test images, and how it came about
diverged.json           where and how training diverged, if it ended so
report.html             all of it to look at, if that was asked for
======================  ==============================================================
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nnfang.errors import ConfigError, NnfangError
from nnfang.files import flush_folder, make_folder, remove_stale, write_whole
from nnfang.runs.history import to_csv
from nnfang.runs.lock import lock_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from nnfang.training.events import Epoch

RUNS = Path("runs")
CONFIG, HISTORY, METRICS, DIVERGED = "config.yaml", "history.csv", "metrics.json", "diverged.json"
REPORT = "report.html"
FILES = (CONFIG, HISTORY, "best.npz", "last.npz", "last.prev.npz", METRICS, DIVERGED, REPORT)


class FolderInUseError(ConfigError):
    """A folder holds the files of a run already.

    Attributes:
        files: Their names.
    """

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        super().__init__(f"already holds {', '.join(files)}", folder)
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

    @property
    def diverged(self) -> Path:
        """How training diverged."""
        return self.folder / DIVERGED

    @property
    def report(self) -> Path:
        """The page that shows it."""
        return self.folder / REPORT

    def find_files(self) -> list[str]:
        """The files in the folder that a new run would overwrite."""
        return [name for name in FILES if (self.folder / name).exists()]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from training into this folder.

        Raises:
            NnfangError: Another process does; the message says which.
        """
        with lock_folder(self.folder):
            remove_stale(self.folder, *FILES)
            yield

    def write_config(self, text: str) -> None:
        """Write config.yaml."""
        self._write(self.config, text.encode())

    def write_history(self, epochs: Sequence[Epoch]) -> None:
        """Write history.csv."""
        self._write(self.history, to_csv(epochs).encode())

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics.json."""
        self._write_json(self.metrics, metrics)

    def write_divergence(self, divergence: Mapping[str, Any]) -> None:
        """Write diverged.json."""
        self._write_json(self.diverged, divergence)

    def _write_json(self, path: Path, tree: Mapping[str, Any]) -> None:
        self._write(path, msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n")

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file that whoever may read the config may read, whatever the umask is today."""
        write_whole(path, lambda file: file.write(content), like=self.config)


@contextmanager
def create(folder: Path | None, dataset: str, now: datetime, *, force: bool = False) -> Iterator[Run]:
    """A new run, into whose folder no other process trains meanwhile.

    Args:
        folder: Where; None means ``runs/<time>-<dataset>``.
        dataset: A name, or a path, of which the last part is used.
        now: The time in the folder's name.
        force: Whether a run that is in `folder` may be deleted.

    Raises:
        FolderInUseError: `folder` holds files of a run.
        NnfangError: The folder cannot be created, or another process trains into it.
    """
    try:
        if folder is None:
            run = Run(_create_unique(RUNS / f"{now:%Y%m%d-%H%M%S}-{Path(dataset).stem or 'data'}"))
        else:
            run = Run(folder)
            _find_earlier(run, may_delete=force)
            make_folder(folder)
    except OSError as error:
        raise NnfangError(f"cannot be created: {error.strerror}", folder or RUNS) from error
    with run.lock():
        _delete(run, _find_earlier(run, may_delete=force))  # another may have come and gone meanwhile
        yield run


def _find_earlier(run: Run, *, may_delete: bool) -> list[str]:
    """The files of an earlier run; an error where there are some that may not be deleted."""
    found = run.find_files()
    if found and not may_delete:
        raise FolderInUseError(run.folder, found)
    return found


def _delete(run: Run, names: Sequence[str]) -> None:
    try:
        for name in names:
            (run.folder / name).unlink()
    except OSError as error:
        raise NnfangError(f"cannot be deleted: {error.strerror}", run.folder / name) from error


def _create_unique(folder: Path) -> Path:
    """Create `folder`, or with -2, -3 … appended if another run began in the same second."""
    make_folder(folder.parent)
    number, name = 1, folder.name
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = folder.with_name(f"{name}-{number}")
        else:
            flush_folder(folder.parent)
            return folder
