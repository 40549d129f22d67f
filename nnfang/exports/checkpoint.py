"""``.npz``: a checkpoint of nnfang itself, for inference only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.runs.checkpoint import encode as encode_checkpoint

if TYPE_CHECKING:
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """What `nnfang.load` reads."""
    return encode_checkpoint(checkpoint)
