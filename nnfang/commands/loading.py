"""Steps that several commands share: loading a data set, or a trained network, and saying which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console, views
from nnfang.runs import finding
from nnfang.runs.bundled import NETWORK
from nnfang.runs.datasets import load_data

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import TestRecord


def load_dataset(name: str, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """Load a data set, with a bar for what is downloaded."""
    return load_data(name, offline=is_offline, progress=views.download_progress(quiet=is_quiet))


def load_model(path: Path | None, *, is_quiet: bool, or_bundled: bool = False) -> tuple[Path, Checkpoint]:
    """Load the checkpoint at `path`, or of the newest run; then stderr says which.

    Args:
        path: What the command line says.
        is_quiet: Whether stderr says nothing of a run that was found.
        or_bundled: Whether the network that comes with nnfang is used where there is no run; that is always said.

    Raises:
        NoRunError: None was named, and there is none.
    """
    found = path or finding.find_newest() or (NETWORK if or_bundled else None)
    if found is None:
        raise finding.NoRunError
    checkpoint = finding.load_model(found)
    if path is None and found == NETWORK:
        console.note(describe_bundled(checkpoint))
    elif path is None and not is_quiet:
        console.note(describe_choice(found, checkpoint))
    return found, checkpoint


def describe_choice(found: Path, checkpoint: Checkpoint) -> str:
    """Which run was taken."""
    trained = f"trained on {checkpoint.meta.dataset.name}, {console.count(checkpoint.meta.epoch, 'epoch')}"
    return f"Using {found} ({trained})."


def describe_bundled(checkpoint: Checkpoint) -> str:
    """That no run was there, how good what was taken instead is, and how to get one."""
    shape = "-".join(map(str, checkpoint.network.units))
    known = describe_test(checkpoint.meta.tested)
    return f"Using the network that comes with nnfang ({shape}{known}). Train your own with: nnfang train"


def describe_test(tested: TestRecord | None) -> str:
    """How a network did, as the end of a sentence; nothing where that is not known."""
    if not tested:
        return ""
    return f", {console.percent(tested.accuracy)} of the test images of {tested.dataset} classified correctly"
