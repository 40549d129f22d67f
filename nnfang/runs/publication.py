"""What a checkpoint says about itself when it is handed on: nothing that tells of its maker."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from nnfang.config.schema import to_tree
from nnfang.runs.meta import DatasetRecord

if TYPE_CHECKING:
    from nnfang.runs.meta import Meta, TestRecord
    from nnfang.training.recipe import Recipe


def for_inference(meta: Meta, recipe: Recipe, tested: TestRecord | None, *, origin: bool = False) -> Meta:
    """The description of a network that is handed on: without its history, and without what tells of its maker.

    Args:
        meta: The description of the network in its run.
        recipe: How it was trained, with a data set that may be named in public.
        tested: How it did on test images, where that is known.
        origin: Whether what tells of its maker is kept nevertheless.
    """
    tested = tested or meta.tested
    if origin:
        return msgspec.structs.replace(meta, history=(), inference_only=True, tested=tested)
    return msgspec.structs.replace(
        meta,
        config=to_tree(recipe),
        history=(),
        dataset=DatasetRecord(
            name_in_public(meta.dataset.name), meta.dataset.fingerprint, name_in_public(meta.dataset.requested)
        ),
        environment={},
        parent=meta.parent and msgspec.structs.replace(meta.parent, run=PurePath(meta.parent.run).name),
        start=meta.start and msgspec.structs.replace(meta.start, model=PurePath(meta.start.model).name),
        inference_only=True,
        tested=tested and msgspec.structs.replace(tested, dataset=name_in_public(tested.dataset)),
    )


def name_in_public(dataset: str) -> str:
    """What a data set is called where it is nobody's business in which folder it lies."""
    from nnfang.data import KNOWN  # which prediction does not need

    if not dataset or dataset in KNOWN:
        return dataset
    name = PurePath(dataset).name or "data"
    return f"./{name}" if name in KNOWN else name
