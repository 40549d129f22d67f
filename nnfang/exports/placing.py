"""Puts weights of other programs into a network: which belong to which layer, turned and converted as it needs them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.constraints import FieldError, shorten
from nnfang.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nnfang.core.arrays import Array
    from nnfang.core.network import Network
    from nnfang.exports.weights import Layout, Pair, Tensor, Weights

Shape = tuple[int, ...]

MOST_MISFITS = 5
"""Layers that are named where many do not fit."""

OTHER: dict[Layout, Layout] = {"in-out": "out-in", "out-in": "in-out"}


def place(weights: Weights, network: Network, layout: Layout | None = None) -> None:
    """Write all parameters of a network.

    Args:
        weights: In an open file.
        network: Its layers say what is expected.
        layout: That of the matrices; None means the usual one of such a file.

    Raises:
        FieldError: The layers need other shapes, or it cannot be told which weights are whose.
        CheckpointError: A number is infinite, not a number, or too large for the network's dtype.
    """
    layout = layout or weights.layout
    layers = [i for i, shapes in enumerate(network.shapes) if shapes]
    wanted = [network.shapes[i][0] for i in layers]
    pairs = order(weights.pairs, wanted, layout)
    if not fit(pairs, wanted, layout):
        raise FieldError("layers", describe_misfit(weights, pairs, network, layout))
    for i, pair in zip(layers, pairs, strict=True):
        W, b = network.parameters[i]
        fill(W if layout == "out-in" else W.T, pair.matrix, weights.path)
        fill(b, pair.vector, weights.path)


def order(pairs: Sequence[Pair], wanted: Sequence[Shape], layout: Layout) -> Sequence[Pair]:
    """The weights in the order of the layers: that of their numbers, or where their names are words, by their shapes.

    Raises:
        FieldError: Two of the same shape have names that say nothing of their order.
    """
    if len({_words(pair) for pair in pairs}) <= 1:
        return pairs
    left, found = list(pairs), []
    for shape in wanted:
        fitting = [pair for pair in left if orient(pair, layout) == shape]
        if len({_words(pair) for pair in fitting}) > 1:
            names = " and ".join(shorten(pair.matrix.name) for pair in fitting)
            reason = f"{names} have the same shape, so it is not known which comes first; number them: 0.weight, …"
            raise FieldError("layers", reason)
        if not fitting:
            return pairs
        found.append(fitting[0])
        left.remove(fitting[0])
    return found + left


def _words(pair: Pair) -> str:
    """The name of a layer but for its numbers."""
    return re.sub("[0-9]+", "0", pair.layer)


def orient(pair: Pair, layout: Layout) -> Shape:
    """(units, inputs) of a matrix; the shape of what is no matrix is no other's."""
    shape = pair.matrix.shape
    return shape if layout == "out-in" else shape[::-1]


def fit(pairs: Sequence[Pair], wanted: Sequence[Shape], layout: Layout) -> bool:
    """Whether these are the weights of layers of such shapes."""
    found = [(orient(pair, layout), pair.vector.shape) for pair in pairs]
    return found == [(shape, shape[:1]) for shape in wanted]


def describe_misfit(weights: Weights, pairs: Sequence[Pair], network: Network, layout: Layout) -> str:
    """What was found, what the layers need, and what would help."""
    wanted = {i: shapes for i, shapes in enumerate(network.shapes) if shapes}
    if len(pairs) != len(wanted):
        names = shorten(", ".join(pair.matrix.name for pair in pairs)) or "nothing"
        return f"{weights.path} holds {len(pairs)} dense layers ({names}), but the recipe has {len(wanted)}"
    lines = [f"the weights in {weights.path} do not fit:"]
    for pair, (i, (matrix, vector)) in zip(pairs, wanted.items(), strict=True):
        if not fit([pair], [matrix], layout):
            needed = matrix if layout == "out-in" else matrix[::-1]
            lines.append(f"layers[{i}]: found {pair.matrix} and {pair.vector}, expected {needed} and {vector}")
    lines[MOST_MISFITS + 1 :] = [f"and {len(lines) - 1 - MOST_MISFITS} more"] if len(lines) > MOST_MISFITS + 1 else []
    if fit(pairs, [matrix for matrix, _ in wanted.values()], OTHER[layout]):
        lines.append(f"The other way round they fit: --layout {OTHER[layout]}")
    return "\n".join(lines)


def fill(target: Array, tensor: Tensor, path: Path) -> None:
    """Read an array into a view of a network's parameters.

    Raises:
        CheckpointError: It cannot be read, or one of its numbers is none that a network can have.
    """
    values = tensor.read()
    if not np.isfinite(values).all():
        raise CheckpointError(f"{shorten(tensor.name)} holds a number that is infinite, or not a number", path)
    with np.errstate(over="ignore"):
        target[...] = values
    if not np.isfinite(target).all():
        raise CheckpointError(f"{shorten(tensor.name)} holds a number too large for {target.dtype}", path)


def take_plain_inputs(network: Network, mean: float, deviation: float) -> None:
    """Let a network take x that was trained on (x - mean) / deviation: W (x - μ) / σ + b = (W/σ) x + (b - (W/σ) μ).

    Args:
        network: Its first weights are changed.
        mean: μ.
        deviation: σ, not 0.

    Raises:
        FieldError: A weight becomes too large.
    """
    W, b = next(filter(None, network.parameters))
    scaled = W.astype(np.float64) / deviation
    with np.errstate(over="ignore"):
        b[...] = b - scaled.sum(axis=1) * mean
        W[...] = scaled
    if not np.isfinite(network.theta).all():
        raise FieldError("dtype", f"with --mean {mean:g} and --std {deviation:g} a weight is too large for {W.dtype}")
