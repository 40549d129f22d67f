"""A run of nnfang -> a fitted classifier."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from nnfang.core.constraints import FieldError
from nnfang.core.network import output_layer
from nnfang.errors import NnfangError
from nnfang.exports.reading import load_model
from nnfang.sklearn.classifier import NnfangClassifier
from nnfang.training.recipe import EarlyStopping
from nnfang.training.state import TrainingState

if TYPE_CHECKING:
    from os import PathLike

    from nnfang.runs.checkpoint import Checkpoint
    from nnfang.training.recipe import Recipe


def load(path: str | PathLike[str], *, classes: Any = None) -> NnfangClassifier:
    """A trained network as a classifier, which predicts, and which `partial_fit` trains on.

    It takes rows of the numbers that the network takes: of images of bytes, the bytes / 255. A clone of it is trained
    by the same recipe, but for distortions of images.

    Args:
        path: A checkpoint, the folder of a run, an ``.onnx`` file that nnfang exported, or "bundled", the network that
            comes with nnfang.
        classes: (classes,) what `predict` returns, in the order of the outputs, which must be sorted. By default that
            is the names of the classes: integers where all of them are the names of integers in their order.

    Raises:
        CheckpointError: There is no such checkpoint, or it cannot be read.
        NnfangError: The network's outputs are no probabilities.
        ValueError: `classes` are too few, too many or not in order.
    """
    checkpoint = load_model(path)
    recipe, meta = checkpoint.recipe, checkpoint.meta
    if output_layer(recipe.layers).activation != "softmax":
        raise NnfangError("the outputs of this network are no probabilities", path)
    classifier = NnfangClassifier(**name_parameters(recipe))
    classifier.classes_ = name_classes(meta.class_names) if classes is None else check_classes(classes, checkpoint)
    classifier.n_features_in_ = checkpoint.network.inputs
    classifier.network_, classifier.scaler_, classifier.engine_ = checkpoint.network, None, meta.engine
    classifier._recipe = recipe
    classifier._vectors, classifier._state = find_state(checkpoint)
    classifier.n_iter_, classifier.loss_curve_ = meta.epoch, [epoch.loss for epoch in meta.history]
    classifier.loss_ = classifier.loss_curve_[-1] if meta.history else nan
    classifier.validation_scores_ = [epoch.val_accuracy for epoch in meta.history] if recipe.validation_split else None
    return classifier


def name_parameters(recipe: Recipe) -> dict[str, Any]:
    """The parameters of a classifier that trains by a recipe."""
    # nnfang compares epochs on the images held out also where it does not stop early: a patience that never ends.
    epochs = max(recipe.epochs, 1)
    return {
        "hidden_layer_sizes": recipe.layers[:-1],
        "solver": recipe.optimizer,
        "schedule": recipe.schedule,
        "loss": recipe.loss,
        "initializer": output_layer(recipe.layers).initializer,
        "batch_size": recipe.batch_size,
        "max_iter": epochs,
        "shuffle": recipe.shuffle,
        "n_iter_no_change": epochs,
        "early_stopping": recipe.early_stopping or (EarlyStopping(epochs) if recipe.validation_split else False),
        "validation_fraction": recipe.validation_split,
        "dtype": recipe.dtype,
        "engine": recipe.engine,
        "random_state": recipe.seed,
    }


def name_classes(names: tuple[str, ...]) -> Any:
    """The labels that names of classes stand for; partial_fit finds them by their order."""
    if all(name.removeprefix("-").isdecimal() and name == str(int(name)) for name in names):
        numbers = np.array([int(name) for name in names])
        if (np.diff(numbers) > 0).all():
            return numbers
    return np.array(names)


def check_classes(classes: Any, checkpoint: Checkpoint) -> Any:
    """Labels that were given.

    Raises:
        FieldError: They are not one per output, or not in order.
    """
    labels, outputs = column_or_1d(classes), checkpoint.network.outputs
    if len(labels) != outputs or not np.array_equal(np.unique(labels), labels):
        raise FieldError("classes", f"found {labels.tolist()}, expected {outputs} different labels in their order")
    return labels


def find_state(checkpoint: Checkpoint) -> tuple[dict[str, Any], TrainingState]:
    """The optimizer's vectors and where training stood, as at the beginning of an epoch.

    A network for inference has lost the vectors: as before the first step, they are 0.
    """
    names = checkpoint.recipe.optimizer.state_names
    if set(checkpoint.optimizer_state) != set(names):
        return {name: np.zeros_like(checkpoint.network.theta) for name in names}, TrainingState()
    return checkpoint.optimizer_state, replace(
        checkpoint.meta.state.restore(), seen=0, loss=0.0, correct=0, seconds=0.0
    )
