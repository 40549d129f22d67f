"""The arrays of an exported file: the parameters of each layer, and test vectors with what is predicted for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnfang.exports.vectors import make_vectors

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.exports.int8 import Int8
    from nnfang.runs.checkpoint import Checkpoint

TYPES = {"float32": "float", "float64": "double", "int8": "int8_t", "uint8": "unsigned char"}
"""Of C, by those of NumPy."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array.

    Attributes:
        name: In C.
        title: What it is.
        array: Its numbers; of two axes, the rows are written apart.
    """

    name: str
    title: str
    array: npt.NDArray[Any]

    @property
    def declaration(self) -> str:
        """Its type, name and size."""
        return f"static const {TYPES[self.array.dtype.name]} {self.name}[{self.array.size}]"


def list_parameters(checkpoint: Checkpoint, int8: Int8 | None) -> list[Numbers]:
    """What the equations need: W and b of each layer, or q, s and b, counted from 1."""
    if int8 is None:
        return [
            numbers
            for i, (W, b) in enumerate(filter(None, checkpoint.network.parameters), 1)
            for numbers in (
                Numbers(f"W{i}", f"W of layer {i}, {W.shape}, column by column", W.T),
                Numbers(f"b{i}", f"b of layer {i}", b),
            )
        ]
    return [
        numbers
        for i, layer in enumerate(int8.layers, 1)
        for numbers in (
            Numbers(f"q{i}", f"q of layer {i}, {layer.q.shape}, column by column", layer.q.T),
            Numbers(f"s{i}", f"s of layer {i}, a scale for each unit: W_ij = s_i q_ij", layer.s),
            Numbers(f"b{i}", f"b of layer {i}", layer.b),
        )
    ]


def list_vectors(checkpoint: Checkpoint, int8: Int8 | None) -> list[Numbers]:
    """What the check needs: inputs (vectors, inputs), and the outputs (vectors, classes) of nnfang for them."""
    network = int8.network if int8 else checkpoint.network
    vectors = make_vectors(checkpoint.meta.input_shape)
    rows = vectors.reshape(len(vectors), -1)
    return [
        Numbers("test_vectors", "Inputs that were made up", rows if network.dtype == "float32" else _widen(rows)),
        Numbers("expected", "What nnfang predicts for them", network.predict(vectors)),
    ]


def _widen(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rows of numbers as doubles, as a network of doubles takes them; bytes stay bytes."""
    return rows if rows.dtype == "uint8" else rows.astype("float64")
