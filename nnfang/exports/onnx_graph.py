"""``.onnx``: the forward process as a graph, for the runtimes of other languages, browsers and telephones.

The graph takes any number of images at a time, bytes by default, and divides them by 255 itself. It needs nothing newer
than operator set 9 of 2018; an older one lacks the maximum of 64-bit floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from nnfang import __version__
from nnfang.core.activations import GELU_CUBIC, GELU_SCALE, LEAK
from nnfang.core.layers import Dense
from nnfang.errors import NnfangError
from nnfang.exports.labels import label
from nnfang.runs.contents import name_arrays
from nnfang.runs.finding import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.core.arrays import Array
    from nnfang.core.network import Network
    from nnfang.exports import Settings
    from nnfang.runs.checkpoint import Checkpoint

OPSET = 9
IR_VERSION = 4
"""Of the file: the first in which weights need not be inputs as well."""

INPUT, LABEL = "images", "label"


def encode(checkpoint: Checkpoint, settings: Settings) -> bytes:
    """The bytes of the model.

    Raises:
        NnfangError: It is too large to be read again.
    """
    model = build(checkpoint, floats=settings.floats)
    content: bytes = model.SerializeToString(deterministic=True)
    if len(content) > MOST_BYTES:
        raise NnfangError(f"the file would have {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    checker.check_model(model, full_check=True)
    return content


def build(checkpoint: Checkpoint, *, floats: bool) -> ModelProto:
    """The model of a network.

    Args:
        checkpoint: For inference only.
        floats: Whether it takes floats as they are, of the network's dtype, in place of bytes.
    """
    network, meta = checkpoint.network, checkpoint.meta
    kind = helper.np_dtype_to_tensor_dtype(network.dtype)
    given = helper.make_tensor_value_info(
        INPUT,
        kind if floats else TensorProto.UINT8,
        ["batch", *meta.input_shape],
        f"{'from 0 to 1' if floats else 'bytes from 0 to 255'}, prepared as nnfang does: {meta.preparation}",
    )
    name = name_outputs(network)
    outputs = [
        helper.make_tensor_value_info(name, kind, ["batch", network.outputs], "one per class"),
        helper.make_tensor_value_info(LABEL, TensorProto.INT64, ["batch"], "the class with the largest of them"),
    ]
    graph = helper.make_graph(
        list(_draw_nodes(network, kind, floats=floats)),
        "nnfang",
        [given],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in _list_constants(network, floats=floats)],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nnfang",
        producer_version=__version__,
    )
    helper.set_model_props(model, label(checkpoint))
    return model


def name_outputs(network: Network) -> str:
    """What the outputs of a network are: probabilities, or scores that need not add up to 1."""
    return "probabilities" if network.output_activation == "softmax" else "scores"


def name_z(i: int) -> str:
    """What z of a layer (eq. 1) is called in the graph."""
    return f"layers.{i}.z"


def _draw_nodes(network: Network, kind: int, *, floats: bool) -> Iterator[NodeProto]:
    """The operators from the images to the label, in order."""
    pixels = INPUT
    if not floats:
        yield helper.make_node("Cast", [INPUT], ["bytes"], to=kind)
        yield helper.make_node("Div", ["bytes", "255"], ["pixels"])
        pixels = "pixels"
    yield helper.make_node("Flatten", [pixels], ["x"], axis=1)
    a, layers = "x", [layer for layer in network.layers if isinstance(layer, Dense)]
    for i, layer in enumerate(layers):
        z, a_next = name_z(i), name_outputs(network) if i == len(layers) - 1 else f"layers.{i}.a"
        yield helper.make_node("Gemm", [a, f"layers.{i}.weight", f"layers.{i}.bias"], [z], transB=1)
        yield from _activate(layer.activation, z, a_next)
        a = a_next
    yield helper.make_node("ArgMax", [a], [LABEL], axis=1, keepdims=0)


def _activate(activation: str, z: str, a: str) -> Iterator[NodeProto]:
    """a = Q(z), as in `nnfang.core.activations`."""
    if activation == "leaky_relu":  # LeakyRelu is not everywhere one of 64-bit floats
        yield helper.make_node("Mul", [z, "leak"], [f"{z}.leak"])
        yield helper.make_node("Max", [z, f"{z}.leak"], [a])
    elif activation == "gelu":
        yield helper.make_node("Mul", [z, z], [f"{z}.square"])
        yield helper.make_node("Mul", [f"{z}.square", "gelu.cubic"], [f"{z}.cubic"])
        yield helper.make_node("Add", [f"{z}.cubic", "gelu.scale"], [f"{z}.scale"])
        yield helper.make_node("Mul", [f"{z}.scale", z], [f"{z}.u"])
        yield helper.make_node("Sigmoid", [f"{z}.u"], [f"{z}.gate"])
        yield helper.make_node("Mul", [z, f"{z}.gate"], [a])
    elif activation == "softmax":
        yield helper.make_node("Softmax", [z], [a], axis=1)
    else:
        yield helper.make_node(OPERATORS[activation], [z], [a])


OPERATORS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "linear": "Identity"}
"""The activations that are an operator."""


def _list_constants(network: Network, *, floats: bool) -> Iterator[tuple[str, Array]]:
    """The weights and biases by the names that they have in a checkpoint, and the constants of the activations."""
    for name, array in name_arrays(network, {}).items():
        yield name, np.ascontiguousarray(array)
    used = {layer.activation for layer in network.layers if isinstance(layer, Dense)}
    constants = {} if floats else {"255": 255.0}
    constants |= {"leak": LEAK} if "leaky_relu" in used else {}
    if "gelu" in used:
        constants |= {"gelu.cubic": GELU_CUBIC * GELU_SCALE, "gelu.scale": GELU_SCALE}
    yield from ((name, np.array(value, network.dtype)) for name, value in constants.items())
