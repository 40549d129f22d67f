"""Weights of other programs compute in nnfang what they computed there; what does not fit is refused by its name."""

from __future__ import annotations

import io
import pickle
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save_file

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense, Dropout
from nnfang.data import Dataset
from nnfang.errors import CheckpointError, ConfigError, NnfangError
from nnfang.exports import Settings, encode
from nnfang.exports.importing import import_weights
from nnfang.exports.weights import HEADER_BYTES, MOST_ARRAYS, open_weights
from nnfang.runs import checkpoint
from nnfang.training.recipe import Recipe
from tests.exports.variety import VARIETY, make_checkpoint

if TYPE_CHECKING:
    from nnfang.core.network import Network

Arrays = list[npt.NDArray[Any]]

LAYERS = (Dense(5), Dropout(0.2), Dense(4, "tanh"), Dense(3, "softmax"))
RECIPE = Recipe(layers=LAYERS)
X = np.random.default_rng(0).random((9, 2, 3), np.float32)
DATA = Dataset("rows", X, np.arange(9) % 3, X, np.arange(9) % 3, ("a", "b", "c"), "plain")


def draw(*widths: int, dtype: str = "float32") -> Arrays:
    """W (units, inputs) and b of each layer, one after another."""
    rng = np.random.default_rng(1)
    shapes = [shape for inputs, units in pairwise(widths) for shape in ((units, inputs), (units,))]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


ARRAYS = draw(6, 5, 4, 3)


def turned(arrays: Arrays) -> Arrays:
    """The same with matrices (inputs, units)."""
    return [array.T for array in arrays]


def by_layer(names: list[str], arrays: Arrays = ARRAYS) -> dict[str, npt.NDArray[Any]]:
    """The same by PyTorch's names."""
    return {
        f"{name}{part}": np.ascontiguousarray(array) for (name, part), array in zip(_parts(names), arrays, strict=False)
    }


def _parts(names: list[str]) -> list[tuple[str, str]]:
    return [(name, part) for name in names for part in ("weight", "bias")]


def read(path: Path, recipe: Recipe = RECIPE, data: Dataset = DATA, **options: Any) -> Network:
    with open_weights(path) as weights:
        return import_weights(weights, recipe, data, **options).network


def found(network: Network) -> Arrays:
    return [array for parameters in network.parameters for array in parameters]


def refused(path: Path, kind: type[Exception] = CheckpointError, **options: Any) -> str:
    with pytest.raises(kind) as error:
        read(path, **options)
    return str(error.value)


@pytest.mark.parametrize(
    "names",
    [
        ["0.", "3.", "5."],
        ["fc1.", "fc2.", "fc3."],
        ["layers.2.", "layers.9.", "layers.10."],
        ["module.net.0.", "module.net.3.", "module.net.5."],
        ["hidden.", "more.", "classifier."],
    ],
    ids=" ".join,
)
def test_tensors_find_their_layers_whatever_they_are_called(names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(by_layer(names), path)
    assert [a.tolist() for a in found(read(path))] == [a.tolist() for a in ARRAYS]


def test_a_single_linear_layer_has_no_name(tmp_path: Path) -> None:
    path, arrays = tmp_path / "w.safetensors", draw(6, 3)
    save_file(by_layer([""], arrays), path)
    network = read(path, Recipe(layers=(Dense(3, "softmax"),)))
    assert [a.tolist() for a in found(network)] == [a.tolist() for a in arrays]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "names",
    [
        [f"arr_{i}" for i in range(6)],
        [f"{word}_{i}" for i in range(3) for word in ("coefs", "intercepts")],
        [f"{word}{i}" for i in (1, 2, 3) for word in ("W", "b")],
        [f"{word}{i}" for i in (9, 10, 11) for word in ("W", "b")],
    ],
    ids=lambda names: names[0],
)
def test_arrays_are_read_by_their_numbers(names: list[str], save: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    save(path, **dict(zip(names, turned(ARRAYS), strict=True)))
    assert [a.tolist() for a in found(read(path))] == [a.tolist() for a in ARRAYS]


def test_the_network_of_scikit_learn_predicts_the_same(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    x = digits.images / 16
    mlp = MLPClassifier((20, 12), activation="logistic", learning_rate_init=0.02, tol=1e-3, random_state=0)
    mlp.fit(x.reshape(len(x), -1), digits.target)
    np.savez(tmp_path / "w.npz", *(a for pair in zip(mlp.coefs_, mlp.intercepts_, strict=True) for a in pair))
    images = x.astype(np.float32)  # sixteenths, which it holds exactly
    data = Dataset("digits", images, digits.target, images, digits.target, tuple("0123456789"), "plain")
    layers = (Dense(20, "sigmoid"), Dense(12, "sigmoid"), Dense(10, "softmax"))
    network = read(tmp_path / "w.npz", Recipe(layers=layers, dtype="float64"), data)
    expected = mlp.predict_proba(x.reshape(len(x), -1))
    assert expected.max(axis=1).mean() > 0.5
    np.testing.assert_allclose(network.predict(x), expected, atol=1e-12)


def test_the_network_of_pytorch_predicts_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    model = torch.nn.Sequential(
        *(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Dropout(0.2)),
        *(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)),
    ).eval()
    save_torch(model.state_dict(), tmp_path / "w.safetensors")
    expected = model(torch.from_numpy(X.reshape(len(X), -1))).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(read(tmp_path / "w.safetensors").predict(X), expected, atol=1e-6)


@pytest.mark.parametrize("kind", VARIETY)
def test_what_was_exported_comes_back_to_the_bit(kind: str, tmp_path: Path) -> None:
    known = make_checkpoint(kind)
    path = tmp_path / "w.safetensors"
    path.write_bytes(encode(known, "safetensors", Settings()))
    images = np.zeros((len(known.class_names), *known.meta.input_shape), np.uint8)
    labels = np.arange(len(images))
    data = Dataset("mine", images, labels, images, labels, known.class_names)
    with open_weights(path) as weights:
        assert weights.meta == known.meta or (weights.meta and weights.meta.theta_sha256)
        assert import_weights(weights, known.recipe, data).network.theta_sha256 == known.network.theta_sha256


def test_pixels_that_were_shifted_and_divided_are_no_longer(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", *turned(draw(6, 5, 4, 3, dtype="float64")))
    recipe = Recipe(layers=LAYERS, dtype="float64")
    x = X.astype(np.float64)
    expected = read(tmp_path / "w.npz", recipe).predict((x - 0.1307) / 0.3081)
    network = read(tmp_path / "w.npz", recipe, mean=0.1307, deviation=0.3081)
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-12)
    assert "too large for float32" in refused(tmp_path / "w.npz", FieldError, deviation=1e-300)


@pytest.mark.parametrize("dtype", ["float16", ">f4", "float64"])
def test_other_floats_are_converted(dtype: str, tmp_path: Path) -> None:
    arrays = [array.astype(dtype) for array in ARRAYS]
    np.savez(tmp_path / "w.npz", *turned(arrays))
    network = read(tmp_path / "w.npz")
    assert network.dtype == np.float32
    for got, array in zip(found(network), arrays, strict=True):
        np.testing.assert_array_equal(got, array.astype(np.float32))


def test_the_other_layout_is_noticed_and_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, *ARRAYS)
    assert refused(path, FieldError) == "\n".join(
        (
            f"layers: the weights in {path} do not fit:",
            "layers[0]: found arr_0 (5, 6) and arr_1 (5,), expected (6, 5) and (5,)",
            "layers[2]: found arr_2 (4, 5) and arr_3 (4,), expected (5, 4) and (4,)",
            "layers[3]: found arr_4 (3, 4) and arr_5 (3,), expected (4, 3) and (3,)",
            "The other way round they fit: --layout out-in",
        )
    )
    assert [a.tolist() for a in found(read(path, layout="out-in"))] == [a.tolist() for a in ARRAYS]


def test_a_layer_that_does_not_fit_is_named_with_both_shapes(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(by_layer(["0.", "3.", "5."], draw(6, 5, 7, 3)), path)
    message = refused(path, FieldError)
    assert "layers[0]" not in message
    assert "layers[2]: found 3.weight (7, 5) and 3.bias (7,), expected (4, 5) and (4,)" in message
    save_file(by_layer(["0.", "3."]), path)
    assert refused(path, FieldError).endswith("holds 2 dense layers (0.weight, 3.weight), but the recipe has 3")
    many = Recipe(layers=(*(Dense(n) for n in range(2, 11)), Dense(3, "softmax")))
    save_file(by_layer([f"{i}." for i in range(10)], draw(*[4] * 10, 3)), path)
    assert refused(path, FieldError, recipe=many).endswith("and 5 more")


def test_layers_of_one_shape_need_names_in_an_order(tmp_path: Path) -> None:
    path, square = tmp_path / "w.safetensors", Recipe(layers=(Dense(6), Dense(6), Dense(3, "softmax")))
    save_file(by_layer(["inner.", "outer.", "head."], draw(6, 6, 6, 3)), path)
    message = refused(path, FieldError, recipe=square)
    assert "inner.weight and outer.weight have the same shape" in message
    arrays = draw(6, 6, 6, 3)
    save_file(by_layer(["body.9.", "body.10.", "a."], arrays), path)
    assert [a.tolist() for a in found(read(path, square))] == [a.tolist() for a in arrays]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"1.running_mean": np.zeros(5, np.float32)}, "1.running_mean is neither the weight nor the bias"),
        ({"7.weight": np.zeros((3, 3), np.float32)}, "7.weight is there, but not 7.bias; a layer without biases"),
        ({"7.bias": np.zeros(3, np.float32)}, "7.bias is there, but not 7.weight"),
        ({"0.weight": np.zeros((5, 6), np.int8)}, "0.weight is I8; weights are float16, float32, float64"),
        ({"0.weight": np.full((5, 6), np.nan, np.float32)}, "0.weight holds a number that is infinite, or not"),
        ({"0.bias": np.full(5, np.inf)}, "0.bias holds a number that is infinite, or not"),
        ({"0.bias": np.full(5, 1e39)}, "0.bias holds a number too large for float32"),
        ({f"x{i}.bias": np.zeros(1) for i in range(MOST_ARRAYS)}, "it holds 1,006 arrays; at most 1,000 are read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tensors_that_are_no_weights_are_refused(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(by_layer(["0.", "3.", "5."]) | change, path)
    assert refused(path).startswith(f"{path}: {reason}")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_train": X, "y_train": X}, "found the arrays x_train, y_train, expected arr_0, arr_1, … (a matrix"),
        ({"arr_0": X, "arr_2": X}, "found the arrays arr_0, arr_2, expected"),
        ({"arr_0": X}, "found the arrays arr_0, expected"),
        ({"W1": X, "b2": X}, "found the arrays W1, b2, expected"),
        ({"W1": X, "b1": X, "W2": X}, "found the arrays W1, W2, b1, expected"),
        ({"meta": X}, "a checkpoint of nnfang, which needs no import"),
        ({"arr_0": np.zeros((5, 6), np.int64), "arr_1": X}, "arr_0 is int64; weights are"),
        (
            {"arr_0": np.array([{}], object), "arr_1": X},
            "not a checkpoint, or damaged: a member is no array of numbers",
        ),
    ],
)
def test_arrays_that_are_no_weights_are_refused(arrays: dict[str, Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, **arrays)
    message = refused(path)
    assert message.startswith(f"{path}: ")
    assert reason in message


def test_what_is_not_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    assert "there is no such file" in refused(path)
    save_file(by_layer(["0.", "3.", "5."]), path)
    whole = path.read_bytes()
    for content in (b"", whole[:7], whole[:50], whole[:-1], whole + b"x", b"\0" * 100):
        path.write_bytes(content)
        assert re.match(r".*w.safetensors: not a checkpoint, or damaged: ", refused(path))
    path.write_bytes((HEADER_BYTES + 1).to_bytes(8, "little") + whole[8:])
    assert "its header has more than 16,777,216 bytes" in refused(path)
    path.unlink()
    path.mkdir()
    assert "not a file" in refused(path)


def test_what_may_run_code_is_never_opened(tmp_path: Path) -> None:
    for name, hint in (("w.pt", "save_file"), ("w.h5", "get_weights"), ("w.pkl", "coefs_"), ("w.txt", "")):
        (tmp_path / name).write_bytes(pickle.dumps(Trap()))
        message = refused(tmp_path / name, ConfigError)
        assert "weights are read from .safetensors and .npz" in message
        assert hint in message
    file = io.BytesIO()
    np.savez(file, arr_0=np.array([Trap()], object), arr_1=X)
    (tmp_path / "w.npz").write_bytes(file.getvalue())
    assert "no array of numbers" in refused(tmp_path / "w.npz")


class Trap:
    """Fails a test by being unpickled."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("unpickled",)


def test_without_the_library_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(NnfangError, match=r"reading .safetensors needs safetensors: pip install 'nnfang\[safeten"):
        read(tmp_path / "w.safetensors")


def test_a_checkpoint_is_no_weights(tmp_path: Path) -> None:
    known = make_checkpoint("features")
    checkpoint.save(tmp_path / "w.npz", known.network, known.meta, {})
    assert "needs no import" in refused(tmp_path / "w.npz")
    assert load_tensors(encode(known, "safetensors", Settings()))
