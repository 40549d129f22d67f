"""A fitted classifier -> a file for nnfang's commands and for other programs."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np

from nnfang.config.schema import to_tree
from nnfang.core.constraints import FieldError, OneOf, Positive, mismatch
from nnfang.exports import Settings, encode, find_format
from nnfang.files import write_whole
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.meta import DatasetRecord, Meta, StateRecord
from nnfang.sklearn.folding import fold
from nnfang.sklearn.parameters import as_python

if TYPE_CHECKING:
    from os import PathLike

    from nnfang.sklearn.classifier import NnfangClassifier

PREPARATION = Annotated[str, OneOf(("digit", "negative", "plain"))]


def save(
    classifier: NnfangClassifier,
    file: str | PathLike[str],
    largest: float,
    input_shape: tuple[int, ...],
    preparation: str,
) -> None:
    """See `NnfangClassifier.save`."""
    path = Path(file)
    format_ = find_format(path)
    content = encode(describe(classifier, largest, input_shape, preparation), format_, Settings())
    write_whole(path, lambda out: out.write(content))


def describe(
    classifier: NnfangClassifier, largest: float, input_shape: tuple[int, ...], preparation: str
) -> Checkpoint:
    """The network of a classifier as a checkpoint for inference, which takes X / largest.

    Raises:
        FieldError: An argument is out of its bounds, or the shape is not that of a row.
    """
    for name, hint, value in (("largest", Positive, largest), ("preparation", PREPARATION, preparation)):
        if reason := mismatch(hint, as_python(value)):
            raise FieldError(name, reason)
    if prod(input_shape) != classifier.n_features_in_:
        raise FieldError("input_shape", f"found {input_shape}, but X has {classifier.n_features_in_} features")
    mean, scale = np.zeros(classifier.n_features_in_), np.ones(classifier.n_features_in_)
    if classifier.scaler_ is not None:
        mean, scale = classifier.scaler_.mean_, classifier.scaler_.scale_
    network = fold(classifier.network_, largest / scale, -mean / scale)
    recipe, state = replace(classifier._recipe, dtype=network.dtype.name), classifier._state
    meta = Meta(
        config=to_tree(recipe),
        input_shape=tuple(input_shape),
        class_names=tuple(map(str, classifier.classes_)),
        preparation=preparation,
        epoch=state.epoch,
        step=state.step,
        state=StateRecord.of(state),
        dataset=DatasetRecord(recipe.dataset),
        environment={},
        engine=classifier.engine_,
        inference_only=True,
    )
    return Checkpoint(network, recipe, meta, {})
