"""The layers of a network as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.commands import console
from nnfang.reports.layers import describe_layers

if TYPE_CHECKING:
    from nnfang.core.network import Network


def layer_table(network: Network) -> str:
    """Each layer with its shape and its parameters."""
    rows = [
        [layer.name, f"{layer.inputs} -> {layer.units}", f"{layer.parameters:,}"] for layer in describe_layers(network)
    ]
    return console.table(["layer", "shape", "parameters"], [*rows, ["total", "", f"{network.theta.size:,}"]])
