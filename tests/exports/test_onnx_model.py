"""An exported graph is read again, and onnxruntime computes what nnfang then predicts; a foreign one never runs."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

import nnfang
from nnfang.data import Dataset, load
from nnfang.errors import CheckpointError, DataError
from nnfang.exports import Settings, encode
from nnfang.exports.onnx_model import OnnxCheckpoint
from nnfang.exports.reading import load_model
from nnfang.runs import finding
from nnfang.runs.bundled import BUNDLED
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.variety import VARIETY, make_checkpoint, make_images


def write(path: Path, kind: str = "paper", *, floats: bool = False) -> Path:
    path.write_bytes(encode(make_checkpoint(kind), "onnx", Settings(floats=floats)))
    return path


@pytest.mark.parametrize("floats", [False, True], ids=["bytes", "floats"])
@pytest.mark.parametrize("kind", VARIETY)
def test_whatever_the_network_it_is_read_again(kind: str, floats: bool, tmp_path: Path) -> None:
    expected, found = make_checkpoint(kind), load_model(write(tmp_path / "x.onnx", kind, floats=floats))
    assert isinstance(found, OnnxCheckpoint)
    assert found.network.digest() == expected.network.digest()
    assert found.class_names == expected.class_names
    assert found.recipe == expected.recipe
    images = make_images(600, expected.meta.input_shape)
    np.testing.assert_allclose(found.predict(images), expected.predict(images), atol=1e-5)


def test_onnxruntime_predicts_and_evaluates(tmp_path: Path) -> None:
    """Where NumPy computed it, a network that is not that of the graph would be noticed."""
    found = nnfang.load(write(tmp_path / "x.onnx"))
    data = load("mnist-sample")
    expected = make_checkpoint("paper").evaluate(data)
    found.network.theta[...] = 0
    result = found.evaluate(data)
    assert result.loss == pytest.approx(expected.loss, rel=1e-5)
    np.testing.assert_array_equal(result.confusion, expected.confusion)
    assert found.predict_pictures(["sample:7"])[0].outputs.max() > 0.2


def test_the_loss_is_that_of_z_even_where_a_probability_is_0(tmp_path: Path) -> None:
    original = make_checkpoint("features")
    original.network.theta[...] *= 1000
    (tmp_path / "x.onnx").write_bytes(encode(original, "onnx", Settings()))
    images, labels = make_images(20, (12,)), np.arange(20) % 10
    data = Dataset("mine", images, labels, images, labels, original.class_names)
    assert load_model(tmp_path / "x.onnx").evaluate(data).loss == pytest.approx(original.evaluate(data).loss, rel=1e-5)
    assert original.evaluate(data).loss > 200


def test_floats_go_into_a_graph_that_takes_them(tmp_path: Path) -> None:
    images = (make_images(20, (12,)) / 255).astype(np.float32)
    expected = make_checkpoint("features").predict(images)
    found = load_model(write(tmp_path / "x.onnx", "features", floats=True)).predict(images)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(DataError, match=r"b.onnx: takes bytes, but these images are floats; .*--floats"):
        load_model(write(tmp_path / "b.onnx", "features")).predict(images)


def test_whatever_its_name_a_folder_is_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.onnx").mkdir()
    finding.load_model(BUNDLED).save(tmp_path / "run.onnx" / "best.npz")
    assert load_model(tmp_path / "run.onnx").network.digest() == load_model(BUNDLED).network.digest()


def of_model(change: Callable[[ModelProto], object]) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        model = onnx.load_model_from_string(content)
        change(model)
        return bytes(model.SerializeToString())

    return changed


def drop_labels(model: ModelProto) -> None:
    del model.metadata_props[:]


def relabel(old: str, new: str) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        meta = next(entry for entry in model.metadata_props if entry.key == "meta")
        assert old in meta.value
        meta.value = meta.value.replace(old, new)

    return change


def point_outside(model: ModelProto) -> None:
    bias = model.graph.initializer[1]
    bias.raw_data = b""
    bias.data_location = TensorProto.EXTERNAL
    bias.external_data.add(key="location", value="/etc/passwd")


def point_outside_as_well(model: ModelProto) -> None:
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def flip(model: ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.raw_data = bytes([weight.raw_data[0] ^ 1]) + weight.raw_data[1:]


def call_a_function(model: ModelProto) -> None:
    model.functions.add(name="Gemm", domain="")


CRAFTED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "it has no graph"),
    "text": (lambda _: b"not a model" * 9, "not a checkpoint, or damaged"),
    "cut": (lambda content: content[:1000], "not a checkpoint, or damaged"),
    "foreign": (of_model(drop_labels), "not one that nnfang exported"),
    "newer": (of_model(relabel('"format":2', '"format":3')), "checkpoint format 3"),
    "no JSON": (of_model(relabel("{", "[")), "damaged"),
    "a run": (of_model(relabel('"is_final":true', '"is_final":false')), "only a checkpoint can be more"),
    "larger than the file": (of_model(relabel('"units":128', '"units":999999999')), "more than the file holds"),
    "another network": (of_model(relabel('"units":128', '"units":127')), "layers.0.weight is not the float32"),
    "another dtype": (of_model(relabel("float32", "float64")), "more than the file holds"),
    "another digest": (of_model(relabel('theta_sha256":"', 'theta_sha256":"0')), "damaged"),
    "a flipped bit": (of_model(flip), "the weights are not those that were saved"),
    "outside": (of_model(point_outside), "layers.0.bias is not the float32"),
    "outside as well": (of_model(point_outside_as_well), "its graph is not the one"),
    "no bias": (of_model(lambda model: model.graph.initializer.pop(1)), "layers.0.bias is missing"),
    "another operator": (
        of_model(lambda m: setattr(m.graph.node[4], "op_type", "Sigmoid")),
        "its graph is not the one",
    ),
    "a custom operator": (of_model(lambda m: setattr(m.graph.node[4], "domain", "evil")), "its graph is not the one"),
    "another input": (of_model(lambda m: m.graph.input.append(m.graph.output[0])), "its graph is not the one"),
    "a newer opset": (of_model(lambda m: setattr(m.opset_import[0], "version", 13)), "its graph is not the one"),
    "a function": (of_model(call_a_function), "its graph is not the one"),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_a_crafted_file_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    craft, message = CRAFTED[case]
    path = write(tmp_path / "x.onnx")
    path.write_bytes(craft(path.read_bytes()))
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_model_of_others_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy")
    (tmp_path / "x.onnx").write_bytes(helper.make_model(helper.make_graph([node], "g", [x], [y])).SerializeToString())
    with pytest.raises(CheckpointError, match="an ONNX model, but not one that nnfang exported"):
        load_model(tmp_path / "x.onnx")


def test_random_damage_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    content = write(tmp_path / "x.onnx", "features").read_bytes()
    expected = load_model(tmp_path / "x.onnx").network.digest()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        damaged[rng.integers(len(damaged))] ^= int(rng.integers(1, 256))
        (tmp_path / "x.onnx").write_bytes(damaged)
        try:
            assert load_model(tmp_path / "x.onnx").network.digest() == expected
        except CheckpointError:
            refused += 1
    assert refused > 75


@pytest.mark.parametrize(("library", "reads"), [("onnx", False), ("onnxruntime", True)])
def test_a_missing_library_is_named(library: str, reads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.onnx", "features")
    for module in [name for name in sys.modules if name.startswith("nnfang.exports.onnx")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CheckpointError, match=f"{library}: pip install 'nnfang\\[onnx\\]'"):
        load_model(path).predict(make_images(2, (12,)))
    if reads:
        assert load_model(path).network.units == (12, 7, 10)


def test_an_exported_network_is_exported_again(tmp_path: Path) -> None:
    found = load_model(write(tmp_path / "x.onnx"))
    assert encode(found.for_inference(), "onnx", Settings()) == (tmp_path / "x.onnx").read_bytes()
    (tmp_path / "x.npz").write_bytes(encode(found.for_inference(), "npz", Settings()))
    assert load_checkpoint(tmp_path / "x.npz").network.digest() == found.network.digest()
