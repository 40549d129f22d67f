"""Weights rounded to integers of 8 bits, and what that changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nnfang.core.arrays import Array, Images, aligned_empty
from nnfang.core.network import Network
from nnfang.exports.vectors import make_vectors
from nnfang.names import escape
from nnfang.runs.evaluation import check_data
from nnfang.runs.publication import name_in_public

if TYPE_CHECKING:
    from nnfang.core.arrays import Labels
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

LARGEST = 127
"""Of the integers; -128 is left out, so that they are symmetric."""

VECTORS = 1000
"""Inputs that are made up to see what changes."""


@dataclass(frozen=True, eq=False)
class Int8Layer:
    """W = s q, a scale for each unit.

    Attributes:
        q: (n, p) integers from -127 to 127.
        s: (n,) scales, of the network's dtype.
        b: (n,) biases, which are not rounded.
    """

    q: npt.NDArray[np.int8]
    s: Array
    b: Array


@dataclass(frozen=True)
class Change:
    """What rounding changes on some images.

    Attributes:
        images: What they are, and how many.
        largest: Change of an output.
        labels: Images whose class is another one now.
        accuracy: Fraction of the images that is classified correctly, before and after; None where that is not known.
        output: What an output is: a probability, or a score.
    """

    images: str
    largest: float
    labels: int
    accuracy: tuple[float, float] | None
    output: str

    def __str__(self) -> str:
        correct = "" if self.accuracy is None else "{:.2%} correct before, {:.2%} after; ".format(*self.accuracy)
        changed = f"another class for {self.labels:,}, largest change of a {self.output} {self.largest:.2g}"
        return f"{self.images}: {correct}{changed}"


@dataclass(frozen=True, eq=False)
class Int8:
    """A network whose weights are rounded.

    Attributes:
        layers: The rounded parameters of each layer that has any.
        network: Computes with them, as floats.
        changes: What differs from the network that was rounded.
    """

    layers: tuple[Int8Layer, ...]
    network: Network
    changes: tuple[Change, ...]


def round_weights(checkpoint: Checkpoint, data: Dataset | None) -> Int8:
    """Round the weights of a network, and find out what that changes on test vectors.

    Args:
        checkpoint: Whose network.
        data: On whose test images it is found out as well.

    Raises:
        DataError: The data set does not fit to the network.
    """
    before = checkpoint.network
    after = Network(before.layers, before.inputs, aligned_empty(before.theta.shape, before.dtype))
    layers = []
    for (W, b), (W_after, b_after) in zip(filter(None, before.parameters), filter(None, after.parameters), strict=True):
        layer = _round_layer(W, b)
        layers.append(layer)
        W_after[...] = layer.s[:, None] * layer.q
        b_after[...] = b
    vectors = make_vectors(checkpoint.meta.input_shape, VECTORS)
    changes = [_compare(before, after, vectors, None, f"{VECTORS:,} made-up test vectors")]
    if data:
        check_data(checkpoint, data)
        name = escape(name_in_public(data.name))
        title = f"{len(data.y_test):,} test images of {name}"
        changes.append(_compare(before, after, data.x_test, data.y_test, title))
    return Int8(tuple(layers), after, tuple(changes))


def _round_layer(W: Array, b: Array) -> Int8Layer:
    """The largest weight of a unit becomes 127 or -127. A unit without weights has the scale 1."""
    largest = np.abs(W).max(axis=1).astype(np.float64)
    s = np.where(largest > 0, largest / LARGEST, 1).astype(W.dtype)
    s[s == 0] = 1  # of weights so small that a 127th of them is none
    q = np.clip(np.rint(W / s[:, None].astype(np.float64)), -LARGEST, LARGEST).astype(np.int8)
    return Int8Layer(q, s, b)


def _compare(before: Network, after: Network, images: Images, labels: Labels | None, title: str) -> Change:
    old, new = before.predict(images), after.predict(images)
    old_labels, new_labels = old.argmax(axis=1), new.argmax(axis=1)
    return Change(
        title,
        float(np.abs(old - new).max()),
        int(np.count_nonzero(old_labels != new_labels)),
        None if labels is None else (float(np.mean(old_labels == labels)), float(np.mean(new_labels == labels))),
        "probability" if before.output_activation == "softmax" else "score",
    )
