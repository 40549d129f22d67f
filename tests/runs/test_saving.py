"""When a run is saved, that it is on the disk then, and what an exported network leaves out."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.core.optimizers import Adam
from nnfang.errors import CheckpointError
from nnfang.files import write_whole
from nnfang.runs import checkpoint, session
from nnfang.training.events import Epoch, Progress, Retry
from nnfang.training.recipe import CheckpointEvery, Recipe
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from nnfang.training.events import Event

DATA = make_shades(3500, 2)
LONG = replace(RECIPE, validation_split=0.1, epochs=2, engine="batch")
"""Epochs of 3,150 images in batches of 8: four chunks, after 128, 256, 384 and 394 steps."""

RARELY = CheckpointEvery(seconds=3600)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved_step() -> int:
    return checkpoint.load_meta(Path("run/last.npz")).step


def steps_saved_within_an_epoch(every: CheckpointEvery, pause: float = 0) -> list[int]:
    """What last.npz holds after each chunk of the first epoch, for somebody who takes the events with pauses."""
    with session.start(replace(LONG, checkpoint_every=every), DATA, Path("run")) as training:
        found = []
        for event in training:
            if isinstance(event, Epoch):
                break
            found.append(saved_step())
            time.sleep(pause)
    return found


def test_within_an_epoch_it_is_saved_after_so_many_steps() -> None:
    assert steps_saved_within_an_epoch(replace(RARELY, steps=200)) == [0, 256, 256, 256]


def test_the_first_step_at_which_it_is_due_counts() -> None:
    assert steps_saved_within_an_epoch(replace(RARELY, steps=128)) == [128, 256, 384, 384]


def test_within_an_epoch_it_is_saved_after_so_many_seconds() -> None:
    assert steps_saved_within_an_epoch(CheckpointEvery(seconds=0.02), pause=0.03)[1:] == [256, 384, 394]


def test_within_an_epoch_it_is_not_saved_before_that() -> None:
    assert steps_saved_within_an_epoch(RARELY) == [0, 0, 0, 0]


def test_a_retry_counts_steps_from_where_it_goes_on() -> None:
    """Somebody may have put the checkpoint before the latest in its place."""
    recipe = replace(LONG, checkpoint_every=replace(RARELY, steps=128), on_divergence="retry", epochs=1)
    seen: list[tuple[type[Event], int]] = []
    with session.start(recipe, DATA, Path("run")) as training:
        for event in training:
            if isinstance(event, Progress | Retry):
                seen.append((type(event), saved_step()))
            if len(seen) == 2:
                training.training.network.theta[...] = np.nan
                Path("run/last.npz").write_bytes(Path("run/last.prev.npz").read_bytes())
    assert seen == [
        *((Progress, 128), (Progress, 256)),
        *((Retry, 128), (Progress, 256), (Progress, 384), (Progress, 384)),
    ]


def test_a_name_is_on_the_disk_before_the_write_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not flushed may be gone after a power failure: the bytes before the rename, the name after it."""
    path = Path("run/file")
    path.parent.mkdir()
    path.write_bytes(b"old")
    flushed: list[tuple[str, bytes]] = []
    really_flush = os.fsync

    def watch(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        flushed.append((kind, path.read_bytes()))
        really_flush(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    write_whole(path, lambda file: file.write(b"new"))
    assert flushed[0] == ("file", b"old")
    assert flushed[-1] == ("folder", b"new")


def test_resuming_writes_no_checkpoint_before_anything_was_trained() -> None:
    with session.start(replace(RECIPE, epochs=2), make_shades(60, 2), Path("run")) as training:
        list(training)
    files = [Path("run", name) for name in ("last.npz", "last.prev.npz", "best.npz")]
    before = [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files]
    with session.reopen(Path("run")) as stored:
        recipe = replace(stored.recipe, epochs=4)
        session.resume(stored, recipe, lambda _: make_shades(60, 2))
    assert [(path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files] == before


def test_an_exported_network_leaves_out_what_only_training_needs() -> None:
    recipe: Recipe = replace(RECIPE, optimizer=Adam(0.05), epochs=3)
    with session.start(recipe, make_shades(60, 2), Path("run")) as training:
        list(training)
    whole = checkpoint.load(Path("run/last.npz"))
    assert (len(whole.meta.history), len(whole.optimizer_state)) == (3, 2)
    whole.for_inference().save("small.npz")
    small = checkpoint.load(Path("small.npz"))
    assert (small.meta.history, small.optimizer_state, small.meta.inference_only) == ((), {}, True)
    assert (small.meta.epoch, small.network.digest()) == (3, whole.network.digest())


@pytest.mark.parametrize(
    ("failure", "expected", "message"),
    [
        (EOFError, CheckpointError, "run/last.npz: not a checkpoint, or damaged: EOFError"),
        (MemoryError, MemoryError, ""),  # which is no fault of the file
    ],
)
def test_a_failure_that_has_no_text_is_named(
    failure: type[Exception], expected: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session.start(RECIPE, make_shades(60, 2), Path("run")):
        pass

    def fail(*args: object, **options: object) -> None:
        raise failure

    monkeypatch.setattr(zipfile, "ZipFile", fail)
    with pytest.raises(expected, match=rf"^{message}$"):
        checkpoint.load(Path("run/last.npz"))
