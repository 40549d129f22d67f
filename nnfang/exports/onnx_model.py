"""A network in an ``.onnx`` file that nnfang wrote: onnxruntime computes what it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from nnfang.core.arrays import Array, Images, Labels, scale_pixels
from nnfang.core.layers import Dense
from nnfang.errors import CheckpointError, DataError
from nnfang.exports.labels import META
from nnfang.exports.onnx_graph import INPUT, build, name_outputs, name_z
from nnfang.runs.checkpoint import Checkpoint, allocate, check_weights
from nnfang.runs.contents import name_arrays
from nnfang.runs.finding import read_file
from nnfang.runs.format import decode_meta
from nnfang.runs.members import refusing_damage
from nnfang.training.evaluation import BLOCK, Evaluation, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onnxruntime import InferenceSession

QUIET = 3
"""Of the runtime's log: errors only, which come as exceptions as well."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class OnnxCheckpoint(Checkpoint):
    """A network whose outputs onnxruntime computes.

    Attributes:
        path: The file, of which errors speak.
        model: What is computed.
    """

    path: Path
    model: ModelProto

    @property
    def takes_floats(self) -> bool:
        """Whether the model takes floats in place of bytes."""
        return bool(self.model.graph.input[0].type.tensor_type.elem_type != TensorProto.UINT8)

    @cached_property
    def session(self) -> InferenceSession:
        """The model in onnxruntime, on one thread as all else here; z of the output layer is an output as well.

        Raises:
            CheckpointError: onnxruntime is not installed.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise CheckpointError("running .onnx needs onnxruntime: pip install 'nnfang[onnx]'", self.path) from error
        model = ModelProto()
        model.CopyFrom(self.model)
        model.graph.output.append(ValueInfoProto(name=self._z))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = QUIET
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    @property
    def _z(self) -> str:
        return name_z(sum(isinstance(layer, Dense) for layer in self.network.layers) - 1)

    def predict(self, images: Images) -> Array:
        """ŷ for each image (m, …), as `Network.predict`.  Returns (m, classes).

        Raises:
            DataError: The images are floats, and the model takes bytes.
        """
        return np.concatenate([a for a, _ in self._run(images, np.arange(len(images)))])

    def judge(self, images: Images, labels: Labels, rows: Labels, outputs: Array) -> Evaluation:
        """Loss and confusion on some of the images, see `nnfang.training.evaluation.evaluate`."""
        tally = Tally(self.network, self.recipe.loss)
        start = 0
        for a, z in self._run(images, rows):
            end = start + len(a)
            with np.errstate(all="ignore"):
                tally.add(z, a, labels[rows[start:end]], np.empty((2, *z.shape), z.dtype))
            outputs[start:end] = a
            start = end
        return tally.evaluation

    def _run(self, images: Images, rows: Labels) -> Iterator[tuple[Array, Array]]:
        """ŷ and z of some of the images, a block of them at a time."""
        if images.dtype != np.uint8 and not self.takes_floats:
            raise DataError("takes bytes, but these images are floats; export the network with --floats", self.path)
        shape, dtype = self.meta.input_shape, self.network.dtype
        for start in range(0, max(len(rows), 1), BLOCK):
            block = images[rows[start : start + BLOCK]]
            x: Any = block.reshape(len(block), *shape)
            if self.takes_floats:
                x = np.empty((len(block), self.network.inputs), dtype)
                scale_pixels(block, x)
                x = x.reshape(len(block), *shape)
            a, z = self.session.run([name_outputs(self.network), self._z], {INPUT: x})
            yield a, z


def read(path: Path) -> OnnxCheckpoint:
    """Read a model that nnfang wrote, and check it against its own description.

    Nothing of a foreign graph ever runs: it must be the one that nnfang draws for the network that is described.

    Raises:
        CheckpointError: There is no such file, it is no model, not one of nnfang, or damaged.
    """
    content = read_file(path)
    with refusing_damage(path):
        model = ModelProto.FromString(content)
    if not model.graph.node:
        raise CheckpointError("not an ONNX model, or damaged: it has no graph", path)
    labels = {entry.key: entry.value for entry in model.metadata_props}
    if META not in labels:
        raise CheckpointError("an ONNX model, but not one that nnfang exported, so it is not known what it takes", path)
    if not isinstance(labels[META], str):  # but bytes, which protobuf makes of what is not UTF-8
        raise CheckpointError("damaged: what it says about itself is no text", path)
    meta = decode_meta(labels[META].encode(), path)
    checkpoint = allocate(meta, path, len(content))
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, target in name_arrays(checkpoint.network, {}).items():
        target[...] = _read_array(name, found, target, path)
    check_weights(checkpoint, path)
    floats = all(given.type.tensor_type.elem_type != TensorProto.UINT8 for given in model.graph.input)
    expected = build(checkpoint, floats=floats)
    if model.graph != expected.graph or model.opset_import != expected.opset_import or model.functions:
        raise CheckpointError(
            "its graph is not the one that nnfang exported, so it is not known what it computes", path
        )
    return OnnxCheckpoint(checkpoint.network, checkpoint.recipe, meta, {}, path=path, model=expected)


def _read_array(name: str, found: Mapping[str, TensorProto], target: Array, path: Path) -> Array:
    """The numbers of a tensor that are in the file itself; those of another file are never looked for."""
    if name not in found:
        raise CheckpointError(f"{name} is missing", path)
    tensor, shape = found[name], target.shape
    kind = helper.np_dtype_to_tensor_dtype(target.dtype)
    if tuple(tensor.dims) != shape or tensor.data_type != kind or len(tensor.raw_data) != target.nbytes:
        raise CheckpointError(f"{name} is not the {target.dtype} {shape} that its config asks for", path)
    array: Array = np.frombuffer(tensor.raw_data, target.dtype.newbyteorder("<")).reshape(shape)
    return array
