"""An exported graph predicts in onnxruntime what nnfang does, and says what it is."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from nnfang.data import load
from nnfang.exports import Settings, encode
from nnfang.exports.onnx_graph import IR_VERSION, OPSET
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.variety import VARIETY, make_checkpoint, make_images

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def run(content: bytes, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, {"images": images})
    return outputs


def compare(checkpoint: Checkpoint, images: np.ndarray, *, floats: bool) -> float:
    """The largest difference of an output; the labels must be the same."""
    given = (images / 255).astype(checkpoint.network.dtype) if floats else images
    outputs, labels = run(encode(checkpoint, "onnx", Settings(floats=floats)), given)
    expected = checkpoint.predict(images)
    assert outputs.dtype == expected.dtype
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, expected.argmax(axis=1))
    return float(np.abs(outputs - expected).max())


@pytest.mark.parametrize("floats", [False, True], ids=["bytes", "floats"])
@pytest.mark.parametrize("kind", VARIETY)
def test_whatever_the_network_onnxruntime_computes_the_same(kind: str, floats: bool) -> None:
    checkpoint = make_checkpoint(kind)
    images = make_images(40, checkpoint.meta.input_shape)
    assert compare(checkpoint, images, floats=floats) < TOLERANCE[checkpoint.recipe.dtype]


def test_a_thousand_digits_are_read_alike() -> None:
    assert compare(load_checkpoint(NETWORK), load("mnist-sample").x_test[:1000], floats=False) < 1e-5


def test_the_model_is_clean_and_needs_nothing_new() -> None:
    for kind in VARIETY:
        content = encode(make_checkpoint(kind), "onnx", Settings())
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)] == [("", 9)]
        assert model.ir_version == IR_VERSION == 4
        assert {node.domain for node in model.graph.node} == {""}
        assert not onnx.external_data_helper.uses_external_data(model.graph.initializer[0])
        batch, *shape = model.graph.input[0].type.tensor_type.shape.dim
        assert batch.dim_param == "batch"
        assert tuple(each.dim_value for each in shape) == VARIETY[kind][1]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_any_number_of_images_goes_in(rows: int) -> None:
    content = encode(make_checkpoint("paper"), "onnx", Settings())
    probabilities, labels = run(content, make_images(3, (28, 28))[:rows])
    assert (probabilities.shape, labels.shape) == ((rows, 10), (rows,))


def test_the_outputs_of_a_linear_layer_are_called_scores() -> None:
    for kind, name in (("paper", "probabilities"), ("scores", "scores")):
        model = onnx.load_model_from_string(encode(make_checkpoint(kind), "onnx", Settings()))
        assert [output.name for output in model.graph.output] == [name, "label"]


def test_the_file_says_what_it_is_and_nothing_of_its_maker() -> None:
    checkpoint = load_checkpoint(NETWORK)
    model = onnx.load_model_from_string(encode(checkpoint, "onnx", Settings()))
    labels = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(labels["class_names"]) == list("0123456789")
    assert json.loads(labels["input_shape"]) == [28, 28]
    assert labels["preparation"] == "digit"
    assert labels["digest"] == checkpoint.network.digest()
    assert json.loads(labels["test"])["images"] == 10_000
    assert model.producer_name == "nnfang"
    assert model.producer_version == labels["nnfang"]
    assert json.loads(labels["meta"])["environment"] == {}


def test_the_same_network_gives_the_same_bytes() -> None:
    assert len({encode(make_checkpoint("gelu float32"), "onnx", Settings()) for _ in range(3)}) == 1
