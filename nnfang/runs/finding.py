"""Which run is meant, and what is read of it."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

import msgspec

from nnfang.errors import CheckpointError
from nnfang.runs.bundled import BUNDLED, NETWORK
from nnfang.runs.checkpoint import Checkpoint, load, load_meta
from nnfang.runs.folder import CONFIG, RUNS, Run
from nnfang.runs.members import refusing_damage
from nnfang.runs.meta import Count, Fraction, Size, TestRecord, Text

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 2**20
"""Bytes that history.csv may have, which is the longest text in a run's folder."""

NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that make no sense."""


class NoRunError(CheckpointError):
    """There is no run in the current folder."""

    def __init__(self) -> None:
        super().__init__(f'no trained network under "{RUNS}{os.sep}" in this folder')


class DamagedRunError(CheckpointError):
    """The latest checkpoint of a run cannot be read, but the one before it can.

    Attributes:
        previous: The file of the one before.
        epoch: Its completed epochs.
    """

    def __init__(self, error: CheckpointError, previous: Path, epoch: int) -> None:
        super().__init__(f"{error.reason}\nThe one before it is whole, from epoch {epoch}: {previous}", error.path)
        self.previous = previous
        self.epoch = epoch


class Metrics(msgspec.Struct, frozen=True):
    """What is read of metrics.json."""

    dataset: Text
    digest: str
    test_images: Size
    test_accuracy: Fraction
    test_interval: tuple[Fraction, Fraction]
    epochs: Count | None = None

    @property
    def tested(self) -> TestRecord:
        """How the network did on the test images."""
        return TestRecord(self.dataset, self.test_images, self.test_accuracy, self.test_interval)


def find_newest(*, resumable: bool = False) -> Path | None:
    """The folder of the newest run under ``runs/``: the one into which a checkpoint was written last.

    Args:
        resumable: Whether the run must have a checkpoint to continue from, rather than a trained network to use.

    Returns:
        None where there is no such run.
    """
    is_usable = is_resumable if resumable else _is_trained
    runs = list_runs()
    newest = next(filter(is_usable, runs), None)
    skipped = [str(folder) for folder in runs[: runs.index(newest) if newest else None]]
    lack = "nothing to resume from" if resumable else "no completed epoch"
    passed_over = f"; skipped, {lack}: {', '.join(skipped)}" if skipped else ""
    logger.info("Newest run under %s%s: %s%s", RUNS, os.sep, newest or "none", passed_over)
    return newest


def list_runs(place: Path = RUNS) -> list[Path]:
    """The folders of runs in a folder, newest first."""
    found = [(written_at(folder), folder.name, folder) for folder in place.glob("*")]
    return [folder for when, _, folder in sorted(found, reverse=True) if when]


def is_resumable(folder: Path) -> bool:
    """Whether a folder has a checkpoint to continue from."""
    run = Run(folder)
    return run.last.is_file() or run.previous.is_file() or run.find_files() == [CONFIG]


def _is_trained(folder: Path) -> bool:
    """Whether the best network of a run knows something: it has completed an epoch, or began with what was known."""
    best = Run(folder).best
    if not best.is_file():
        return False
    try:
        meta = load_meta(best)
    except CheckpointError:
        return True  # which is said when it is loaded
    return meta.epoch > 0 or (meta.start is not None and not meta.start.new_layer)


def written_at(folder: Path) -> int:
    """When a run was last written, in nanoseconds: its latest checkpoint, or else its config; 0 where it is no run."""
    run = Run(folder)
    for paths in ((run.last, run.previous, run.best), (folder / CONFIG,)):
        times = []
        for path in paths:
            with suppress(OSError):  # not there, or gone in this moment
                if path.is_file():
                    times.append(path.stat().st_mtime_ns)
        if times:
            return max(times)
    return 0


def find_test_result(path: Path, checkpoint: Checkpoint) -> TestRecord | None:
    """How a run's network did on the test images; None where its metrics.json is of another network, or is not there.

    Args:
        path: The run's folder, or the checkpoint in it.
        checkpoint: What was read from there.

    Raises:
        CheckpointError: The file is there, but cannot be read.
    """
    metrics = read_metrics(locate_run(path))
    return metrics.tested if metrics and metrics.digest == checkpoint.network.digest() else None


def read_metrics(run: Run) -> Metrics | None:
    """What the metrics.json of a run says; None where it is not there, or makes no sense.

    Raises:
        CheckpointError: The file is there, but cannot be read.
    """
    if not has_file(run.metrics):
        return None
    try:
        return msgspec.json.decode(read_file(run.metrics), type=Metrics)
    except NO_JSON:
        return None


def is_folder(path: Path) -> bool:
    """Whether a folder is at `path`.

    Raises:
        CheckpointError: Nothing is there, or it cannot be told what.
    """
    with refusing_damage(path):
        return S_ISDIR(path.stat().st_mode)


def read_file(path: Path) -> bytes:
    """The bytes of one of the texts of a run.

    Raises:
        CheckpointError: It is not there, not a file, or cannot be read; or it is too large to be one.
    """
    with refusing_damage(path):
        if not path.is_file():
            raise CheckpointError("not a file", path)
        if path.stat().st_size > MOST_BYTES:
            raise CheckpointError(f"larger than {MOST_BYTES:,} bytes", path)
        return path.read_bytes()


def has_file(path: Path) -> bool:
    """Whether something is at `path`; where that cannot be told, reading it says why."""
    try:
        return path.exists()
    except OSError:
        return True


def locate_run(path: Path) -> Run:
    """The run whose folder, or one of whose checkpoints, is at `path`.

    Raises:
        CheckpointError: Nothing is there, or it cannot be told what.
    """
    return Run(path if is_folder(path) else path.parent)


def load_last(path: Path) -> Checkpoint:
    """Read the latest checkpoint of a run, to continue from there.

    Args:
        path: The run's folder, or one of the checkpoints in it.

    Raises:
        DamagedRunError: It cannot be read, but the one before it can.
        CheckpointError: It is not there or cannot be read.
    """
    if not is_folder(path):
        return load(path)
    run = Run(path)
    if not has_file(run.last) and not has_file(run.previous):
        raise CheckpointError("there is no checkpoint in this folder to continue from", path)
    chosen = run.last if has_file(run.last) else run.previous  # killed between two renames
    try:
        return load(chosen)
    except CheckpointError as error:
        try:
            epoch = load(run.previous).meta.epoch
        except CheckpointError:
            raise error from None
        raise DamagedRunError(error, run.previous, epoch) from error


def load_model(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint: a file, the best one of a run's folder, or "bundled", the network that comes with nnfang.

    Raises:
        CheckpointError: It is not there, or cannot be read.
    """
    path = NETWORK if path == BUNDLED else Path(path)
    if not is_folder(path):
        return load(path)
    if not has_file(Run(path).best):
        raise CheckpointError("there is no best.npz in this folder", path)
    return load(Run(path).best)
