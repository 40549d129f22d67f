"""``.safetensors``: the weights as `torch.nn.Sequential` names and lays them out.

The library writes it, so that its header is laid out as every reader expects.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from nnfang.core.activations import LEAK
from nnfang.core.layers import Dense, Dropout
from nnfang.exports.labels import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.network import Network
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

Module = tuple[str, dict[str, Any]]
"""A class of `torch.nn` by its name, and its arguments."""

ACTIVATIONS: dict[str, Module] = {
    "relu": ("ReLU", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": LEAK}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "gelu": ("GELU", {"approximate": "tanh"}),
    "softmax": ("Softmax", {"dim": 1}),
}
"""The modules of the activations; a linear one needs none."""


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The bytes of the file."""
    labels = {"format": "pt", "modules": json.dumps(list(list_modules(checkpoint.network)))}
    tensors = {
        f"{index}.{name}": np.ascontiguousarray(array)
        for index, parameters in zip(find_linear(checkpoint.network), _parameters(checkpoint.network), strict=True)
        for name, array in zip(("weight", "bias"), parameters, strict=True)
    }
    return save(tensors, labels | label(checkpoint))


def list_modules(network: Network) -> Iterator[Module]:
    """The modules of the `torch.nn.Sequential` that computes what a network does, in order."""
    for layer, inputs in zip(network.layers, network.widths, strict=False):
        if isinstance(layer, Dense):
            yield "Linear", {"in_features": inputs, "out_features": layer.units}
            if layer.activation in ACTIVATIONS:
                yield ACTIVATIONS[layer.activation]
        elif isinstance(layer, Dropout):
            yield "Dropout", {"p": layer.rate}


def find_linear(network: Network) -> list[int]:
    """Which of the modules have weights."""
    return [i for i, (name, _) in enumerate(list_modules(network)) if name == "Linear"]


def _parameters(network: Network) -> Iterator[tuple[Any, ...]]:
    """W (units, inputs), which is PyTorch's layout too, and b of each layer that has them."""
    return filter(None, iter(network.parameters))
