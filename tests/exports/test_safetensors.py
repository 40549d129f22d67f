"""Exported weights are what PyTorch's Sequential loads, and compute the same there; where it is missing, by hand."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load as load_tensors

from nnfang.core.activations import ACTIVATIONS
from nnfang.exports import Settings, encode
from nnfang.runs.checkpoint import Checkpoint
from tests.exports.variety import VARIETY, make_checkpoint, make_images

BY_MODULE = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "GELU": "gelu",
    "Softmax": "softmax",
}


def export(kind: str, folder: Path) -> tuple[Checkpoint, Path]:
    checkpoint = make_checkpoint(kind)
    path = folder / "digits.safetensors"
    path.write_bytes(encode(checkpoint, "safetensors", Settings()))
    return checkpoint, path


def compute(path: Path, images: np.ndarray) -> np.ndarray:
    """What the modules compute that the file names, with its tensors and NumPy alone."""
    with safe_open(path, "np") as file:
        modules = json.loads(file.metadata()["modules"])
    tensors = load_tensors(path.read_bytes())
    dtype = next(iter(tensors.values())).dtype
    a: np.ndarray = images.reshape(len(images), -1).astype(dtype) / dtype.type(255)
    for index, (name, arguments) in enumerate(modules):
        if name == "Linear":
            weight, bias = tensors.pop(f"{index}.weight"), tensors.pop(f"{index}.bias")
            assert weight.shape == (arguments["out_features"], arguments["in_features"])
            a = a @ weight.T + bias
        elif name != "Dropout":
            z = a
            a = np.empty_like(z)
            ACTIVATIONS[BY_MODULE[name]].forward(z, a)
    assert not tensors
    return a


@pytest.mark.parametrize("kind", VARIETY)
def test_whatever_the_network_the_named_modules_compute_the_same(kind: str, tmp_path: Path) -> None:
    checkpoint, path = export(kind, tmp_path)
    images = make_images(20, checkpoint.meta.input_shape)
    np.testing.assert_allclose(compute(path, images), checkpoint.predict(images), atol=1e-5)


@pytest.mark.parametrize("kind", VARIETY)
def test_whatever_the_network_pytorch_computes_the_same(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the very lines that the documentation shows."""
    torch = pytest.importorskip("torch")
    page = (Path(__file__).parents[2] / "docs/exports.md").read_text(encoding="utf-8")
    recipe = re.search(r"```python\n(import json, torch\n.*?)```", page, re.DOTALL)
    assert recipe
    assert len([line for line in recipe[1].splitlines() if line]) <= 10
    checkpoint, _ = export(kind, tmp_path)
    images = make_images(20, checkpoint.meta.input_shape)
    monkeypatch.chdir(tmp_path)
    names = {"images": images}
    exec(recipe[1], names)
    found = names["outputs"]
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found.numpy(), checkpoint.predict(images), atol=1e-5)


def test_names_count_activations_and_dropout_as_sequential_does(tmp_path: Path) -> None:
    for kind, names in (
        ("paper", {"0", "2", "4"}),
        ("dropout", {"1", "5"}),
        ("scores", {"0", "2"}),
        ("output alone", {"0"}),
        ("linear float32", {"0", "1", "2"}),
    ):
        tensors = load_tensors(export(kind, tmp_path)[1].read_bytes())
        assert tensors.keys() == {f"{index}.{part}" for index in names for part in ("weight", "bias")}


def test_the_file_says_what_it_is_in_strings(tmp_path: Path) -> None:
    checkpoint, path = export("features", tmp_path)
    with safe_open(path, "np") as file:
        labels = file.metadata()
    assert all(isinstance(value, str) for value in labels.values())
    assert labels["format"] == "pt"
    assert tuple(json.loads(labels["class_names"])) == checkpoint.class_names
    assert json.loads(labels["input_shape"]) == [12]
    assert labels["digest"] == checkpoint.network.digest()
    assert json.loads(labels["modules"])[:2] == [["Linear", {"in_features": 12, "out_features": 7}], ["ReLU", {}]]
    assert json.loads(labels["meta"])["environment"] == {}


def test_numbers_keep_their_dtype_and_every_bit(tmp_path: Path) -> None:
    for kind, dtype in (("gelu float64", np.float64), ("paper", np.float32)):
        checkpoint, path = export(kind, tmp_path)
        tensors = load_tensors(path.read_bytes())
        assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(dtype)}
        first, _ = checkpoint.network.parameters[0]
        np.testing.assert_array_equal(tensors["0.weight"], first)
