"""A trained network, from whichever file of nnfang it is in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nnfang.errors import CheckpointError
from nnfang.runs import finding

if TYPE_CHECKING:
    from nnfang.runs.checkpoint import Checkpoint

ONNX, SAFETENSORS = ".onnx", ".safetensors"


def load_model(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a trained network.

    Args:
        path: A checkpoint, a run's folder (its best.npz), an ``.onnx`` file that nnfang exported, or "bundled", the
            network that comes with nnfang.

    Raises:
        CheckpointError: It is not there, or cannot be read.
    """
    found = Path(path)
    if found.suffix.lower() not in {ONNX, SAFETENSORS} or finding.is_folder(found):
        return finding.load_model(path)
    if found.suffix.lower() == SAFETENSORS:
        raise CheckpointError(
            f"holds weights for PyTorch, of which a run has to be made first: nnfang import {found}", found
        )
    try:
        from nnfang.exports.onnx_model import read
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "onnx":  # a fault of our own
            raise
        raise CheckpointError("reading .onnx needs onnx: pip install 'nnfang[onnx]'", found) from error
    return read(found)
