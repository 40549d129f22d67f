"""What files for other programs say about the network in them: names and texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nnfang import __version__
from nnfang.runs.contents import describe

if TYPE_CHECKING:
    from nnfang.runs.checkpoint import Checkpoint

META = "meta"
"""The label by which nnfang reads the network again; the others are for people and other programs."""


def label(checkpoint: Checkpoint) -> dict[str, str]:
    """The labels of a network, each a text: a word, or JSON.

    Raises:
        NnfangError: It could not be read again.
    """
    meta, text = checkpoint.meta, describe(checkpoint.network, checkpoint.meta).tobytes().decode()
    labels = {
        "nnfang": __version__,
        "digest": checkpoint.network.digest(),
        "class_names": json.dumps(meta.class_names, ensure_ascii=False),
        "input_shape": json.dumps(meta.input_shape),
        "preparation": meta.preparation,
    }
    if meta.tested:
        labels["test"] = json.dumps(json.loads(text)["tested"], ensure_ascii=False)
    return labels | {META: text}
