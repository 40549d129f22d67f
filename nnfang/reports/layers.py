"""The layers of a network as rows: what each is, its shape and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from nnfang.config.schema import to_tree

if TYPE_CHECKING:
    from nnfang.core.network import Network

OMITTED = ("type", "units")
"""Settings of a layer that its name or its shape says already."""


@dataclass(frozen=True)
class LayerFacts:
    """A layer.

    Attributes:
        type: What a recipe calls its kind, such as ``dense``.
        settings: Its other keys in a recipe, but for the number of its units.
        inputs: Width of the layer before, or of the network's inputs.
        units: Its own width.
        shapes: Of its parameters: W (units, inputs) and b (units,), or none.
    """

    type: str
    settings: dict[str, Any]
    inputs: int
    units: int
    shapes: tuple[tuple[int, ...], ...]

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(map(prod, self.shapes))

    @property
    def name(self) -> str:
        """A few words, such as ``dense, relu``."""
        first = next(iter(self.settings.values()), "")
        return f"{self.type}, {first:g}" if isinstance(first, float) else f"{self.type}, {first}"

    def as_tree(self) -> dict[str, Any]:
        """The same in values that JSON can hold."""
        sizes = {"inputs": self.inputs, "units": self.units, "shapes": self.shapes, "parameters": self.parameters}
        return {"type": self.type, **self.settings, **sizes}


def describe_layers(network: Network) -> list[LayerFacts]:
    """The layers from the first hidden one to the output layer."""
    trees = [to_tree(layer) for layer in network.layers]
    return [
        LayerFacts(tree["type"], {key: tree[key] for key in tree if key not in OMITTED}, inputs, units, shapes)
        for tree, inputs, units, shapes in zip(trees, network.widths, network.widths[1:], network.shapes, strict=False)
    ]
