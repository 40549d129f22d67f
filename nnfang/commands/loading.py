"""Steps that several commands share: loading a data set, or a trained network, and saying which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console, views
from nnfang.exports import reading
from nnfang.runs import finding
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load_meta

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.meta import TestRecord

SEVERAL = 2


def load_dataset(name: str, *, is_offline: bool, is_quiet: bool) -> Dataset:
    """Load a data set, with a bar for what is downloaded."""
    from nnfang.runs.datasets import load_data  # which prediction does not need

    return load_data(name, offline=is_offline, progress=views.download_progress(quiet=is_quiet))


def load_model(path: Path | None, *, is_quiet: bool, or_bundled: bool = False) -> tuple[Path, Checkpoint]:
    """Load the checkpoint at `path`, or of the newest run with a completed epoch; then stderr says which.

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
    checkpoint = reading.load_model(found)
    if path is None and found == NETWORK:
        console.note(describe_bundled(checkpoint))
    elif path is None and not is_quiet:
        console.note(describe_choice(found, checkpoint))
    return found, checkpoint


def load_classifier(paths: Sequence[Path], *, is_quiet: bool) -> tuple[str, Classifier]:
    """Load a network as `load_model` does, or several that answer together; with what it is called.

    Raises:
        NnfangError: Several do not fit together.
    """
    if len(paths) < SEVERAL:
        found, checkpoint = load_model(next(iter(paths), None), is_quiet=is_quiet, or_bundled=True)
        return console.encodable(found), checkpoint
    from nnfang.runs.committee import Committee

    return " + ".join(map(console.encodable, paths)), Committee([reading.load_model(path) for path in paths])


def describe_choice(found: Path, checkpoint: Checkpoint) -> str:
    """Which run was taken, how good it is, and what could have been taken instead."""
    meta = checkpoint.meta
    parts = [f"trained on {meta.dataset.name}, {console.count(meta.epoch, 'epoch')}"]
    if meta.start and meta.start.is_import:
        parts = [f"imported from {meta.start.model}"]
    if known := describe_quality(found, checkpoint):
        parts.append(known)
    bundled = load_meta(NETWORK)
    if bundled.tested and (bundled.input_shape, bundled.class_names) == (meta.input_shape, meta.class_names):
        parts.append(f"the bundled network, -m bundled: {describe_record(bundled.tested)}")
    newer = next(iter(finding.list_runs()))
    passed_over = f"{newer} has no completed epoch. " if newer != found else ""
    return console.one_line(f"{passed_over}Using {found} ({'; '.join(parts)}).")


def describe_quality(found: Path, checkpoint: Checkpoint) -> str:
    """How good a run's network is, as far as that is known: on test images, else on validation images."""
    if tested := finding.find_test_result(found, checkpoint):
        accuracy, images = tested.accuracy, f"{tested.images:,} test images"
    elif checkpoint.meta.history and checkpoint.meta.history[-1].val_accuracy is not None:
        accuracy, images = checkpoint.meta.history[-1].val_accuracy, "validation images"
    else:
        return ""
    guesses = ", little better than guessing" if is_like_guessing(accuracy, len(checkpoint.class_names)) else ""
    return f"{console.percent(accuracy)} of its {images} correct{guesses}"


def is_like_guessing(accuracy: float, classes: int) -> bool:
    """Whether a network is little better than one that answers at random."""
    from nnfang.training.rules import LITTLE_BETTER

    chance = 1 / classes
    return accuracy < chance + LITTLE_BETTER * (1 - chance)


def describe_bundled(checkpoint: Checkpoint) -> str:
    """That no run was there, how good what was taken instead is, and how to get one."""
    shape = "-".join(map(str, checkpoint.network.units))
    known = describe_test(checkpoint.meta.tested)
    return f"Using the network that comes with nnfang ({shape}{known}). Train your own with: nnfang train"


def describe_test(tested: TestRecord | None) -> str:
    """How a network did, as the end of a sentence; nothing where that is not known."""
    if not tested:
        return ""
    name = console.one_line(tested.dataset)
    return f", {console.percent(tested.accuracy)} of the test images of {name} classified correctly"


def describe_record(tested: TestRecord) -> str:
    """How a network did, in a few words, such as ``99.40% of mnist's 10,000``."""
    return f"{console.percent(tested.accuracy)} of {tested.dataset}'s {tested.images:,}"
