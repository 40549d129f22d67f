"""What a network is, where it came from and how well it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnfang.config.schema import to_tree
from nnfang.reports.layers import describe_layers
from nnfang.runs.finding import find_test_result, is_folder
from nnfang.runs.folder import Run
from nnfang.runs.overview import find_best_epoch, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.runs.meta import Meta


def identify(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """All that `nnfang inspect --json` says but for the path.

    Args:
        path: The file of the checkpoint, or the folder of a run.
        checkpoint: What was read from there.

    Raises:
        CheckpointError: The metrics.json beside it cannot be read.
    """
    meta, network = checkpoint.meta, checkpoint.network
    is_run = is_folder(path)
    overview = look_at(path) if is_run else None
    latest = overview.meta if overview and overview.meta else meta
    tested = meta.tested or find_test_result(path, checkpoint)
    size = (Run(path).best if is_run else path).stat().st_size
    return {
        "kind": find_kind(meta),
        "state": overview.state if overview else None,
        "reason": (overview.reason or None) if overview else None,
        "layers": [layer.as_tree() for layer in describe_layers(network)],
        "parameters": network.theta.size,
        "dtype": str(network.dtype),
        "input_shape": meta.input_shape,
        "class_names": meta.class_names,
        "preparation": meta.preparation,
        "familiarity": checkpoint.familiarity is not None,
        "dataset": meta.dataset,
        "epoch": meta.epoch,
        "step": meta.step,
        "images_of_next_epoch": meta.state.seen,
        "parent": meta.parent,
        "start": meta.start,
        "resumed": latest.resumed,
        "retries": latest.retries,
        "validation": validation(meta),
        "test": tested,
        "config": to_tree(checkpoint.recipe),
        "engine": meta.engine,
        "digest": network.digest(),
        "bytes": size,
        "format": meta.format,
        "nnfang": meta.nnfang,
        "environment": meta.environment,
    }


def find_kind(meta: Meta) -> str:
    """How a network came about: ``run``, ``fork`` of another run, ``import``, or ``export`` for inference only."""
    if meta.inference_only:
        return "export"
    if meta.start and meta.start.is_import:
        return "import"
    return "fork" if meta.parent else "run"


def validation(meta: Meta) -> dict[str, float | None] | None:
    """How the network of the best epoch did on the images held out; None where that is not known."""
    best = find_best_epoch(meta)
    return {"epoch": best.epoch, "loss": best.val_loss, "accuracy": best.val_accuracy} if best else None
