"""An exported Python file, imported: it computes and prepares what nnfang does, and no name of a class becomes code."""

from __future__ import annotations

import ast
import importlib.util
import io
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from nnfang.core.layers import Dense
from nnfang.data import load
from nnfang.errors import NnfangError
from nnfang.exports import Settings, encode
from nnfang.exports.reading import load_model
from nnfang.images import SAMPLES, Prepared, find_sample, load_prepared
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports import networks
from tests.exports.variety import VARIETY, make_checkpoint, make_images
from tests.images.accuracy import take_samples
from tests.images.kinds import KINDS

if TYPE_CHECKING:
    from types import ModuleType

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}

HOSTILE = (
    '"""\nimport os; os.abort()\n"""',
    "'''",
    "\\",
    'ends with \\"',
    'it\'s "both"',
    "\n# ruff: noqa",
    "\r\n\x00\x1b[31m",
    "\u2028\u2029\x85\x0c",
    "\udc80\ud800",
    "\u202egnp.exe",
    "# -*- coding: utf-7 -*-",
    "{0} %s $x",
    "猫😀",
    "",
    " ",
    "x" * 3000,
)
"""Names of classes that a stranger may have chosen."""


def write(content: bytes, folder: Path) -> Path:
    """The file, under a name that can be imported."""
    path = folder / "digits.py"
    path.write_bytes(content)
    return path


def read(content: bytes, folder: Path) -> Any:
    """The file as a module; warnings, such as those of the compiler, are errors."""
    spec = importlib.util.spec_from_file_location("digits", write(content, folder))
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def export(checkpoint: Checkpoint) -> bytes:
    return encode(checkpoint, "py", Settings())


@pytest.fixture(scope="module")
def bundled() -> bytes:
    """The file of the network that comes with nnfang."""
    return export(load_checkpoint(NETWORK).for_inference())


@pytest.fixture(scope="module")
def digits(bundled: bytes, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The network that comes with nnfang, as a module."""
    return read(bundled, tmp_path_factory.mktemp("module"))


@pytest.mark.parametrize("kind", VARIETY)
def test_whatever_the_network_the_file_computes_the_same(kind: str, tmp_path: Path) -> None:
    checkpoint = make_checkpoint(kind)
    module = read(export(checkpoint), tmp_path)
    images = make_images(600, checkpoint.meta.input_shape)
    floats = (images / 255).astype(checkpoint.network.dtype)
    for given in (images, floats, images[:1], images[:0]):
        found, expected = module.predict(given), checkpoint.predict(given)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[checkpoint.recipe.dtype])
    assert checkpoint.class_names == module.CLASS_NAMES
    assert checkpoint.meta.input_shape == module.INPUT_SHAPE
    assert module.IS_PROBABILITY is (checkpoint.network.output_activation == "softmax")
    assert module.check() == 0


@pytest.mark.parametrize("kind", ["paper", "features"])
def test_a_network_from_an_onnx_file_gives_the_same_file(kind: str, tmp_path: Path) -> None:
    """The graph takes bytes alone, and onnxruntime rounds otherwise; neither matters here."""
    checkpoint = make_checkpoint(kind)
    (tmp_path / "digits.onnx").write_bytes(encode(checkpoint, "onnx", Settings()))
    assert export(load_model(tmp_path / "digits.onnx")) == export(checkpoint)


def test_five_hundred_digits_are_read_alike(digits: Any) -> None:
    images = load("mnist-sample").x_test[:500]
    found, expected = digits.predict(images), load_checkpoint(NETWORK).predict(images)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))


def test_images_of_another_size_are_refused(digits: Any) -> None:
    for shape in ((3, 27, 28), (784,), ()):
        with pytest.raises(
            ValueError, match=r"images must be an array \(m, \.\.\.\) with 784 numbers each, found shape"
        ):
            digits.predict(np.zeros(shape, np.uint8))


def same(found: Any, expected: Prepared) -> bool:
    """Whether two images, and all that is said of how they were made, are equal."""
    is_same_image: bool = np.array_equal(found.image, expected.image)
    return is_same_image and vars(found) | {"image": 0} == vars(expected) | {"image": 0}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_prepared_to_the_same_28_by_28_bytes(name: str, digits: Any) -> None:
    path = find_sample(f"sample:{name}")
    y_hat, prepared = digits.predict_picture(path)
    assert same(prepared, load_prepared(path, (28, 28), "digit"))
    assert digits.most_likely(y_hat)[0] == name
    np.testing.assert_array_equal(digits.predict_picture(str(path))[0], y_hat)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_every_kind_are_prepared_to_the_same_bytes(kind: str, digits: Any) -> None:
    rng = np.random.default_rng(3)
    for sample in take_samples(2, rng):
        content = KINDS[kind](sample, rng)
        _, prepared = digits.predict_picture(io.BytesIO(content))
        assert same(prepared, load_prepared(io.BytesIO(content), (28, 28), "digit"))


@pytest.mark.parametrize("preparation", ["digit", "negative", "plain"])
def test_every_preparation_goes_along(preparation: str, tmp_path: Path) -> None:
    checkpoint = networks.make_checkpoint((Dense(2, "softmax"),), (9, 14), ("a", "b"), preparation=preparation)
    module = read(export(checkpoint), tmp_path)
    for name in SAMPLES:
        path = find_sample(f"sample:{name}")
        assert same(module.predict_picture(path)[1], load_prepared(path, (9, 14), preparation))


def test_a_preparation_that_nobody_knows_is_refused_rather_than_written() -> None:
    names = {"preparation": "x}; import os #"}
    with pytest.raises(NnfangError, match="no preparation"):
        export(networks.make_checkpoint((Dense(2, "softmax"),), (9, 14), ("a", "b"), **names))


@pytest.mark.parametrize("shape", [(4, 5), (12,)], ids=["pictures", "rows"])
def test_no_name_of_a_class_becomes_code(shape: tuple[int, ...], tmp_path: Path) -> None:
    """But for the literals of the names, the file is the one that harmless names get."""

    def parse(names: tuple[str, ...]) -> str:
        content = export(networks.make_checkpoint((Dense(len(names), "softmax"),), shape, names))
        assert names == read(content, tmp_path).CLASS_NAMES
        tree = ast.parse(content)
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CLASS_NAMES":
                assert ast.literal_eval(node.value) == names
                node.value = ast.Constant(0)
        return ast.dump(tree)

    assert parse(HOSTILE) == parse(tuple(f"class {number}" for number in range(len(HOSTILE))))


def test_comments_hold_no_character_that_hides_or_ends_something() -> None:
    names = HOSTILE[:-1]
    checkpoint = networks.make_checkpoint((Dense(len(names), "softmax"),), (12,), names)
    dataset = msgspec.structs.replace(checkpoint.meta.dataset, name="\n\u2028\u202e\x1b[2J.npz")
    meta = msgspec.structs.replace(checkpoint.meta, dataset=dataset)
    head = export(replace(checkpoint, meta=meta)).decode().partition("\nimport ")[0]
    assert r"\n\u2028\u202e\x1b[2J.npz" in head
    assert all(character.isprintable() or character == "\n" for character in head)


def test_the_file_is_read_from_the_top(bundled: bytes) -> None:
    text = bundled.decode()
    order = [
        "# network      784-128-64-10 (relu, relu, softmax), 109,386 parameters, float32",
        "CLASS_NAMES = ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')",
        "z = a @ W.T + b  # eq. 1",
        "UNITS = ((128, relu), (64, relu), (10, softmax))",
        "# nnfang/images/background.py",
        "def prepare_digit(",
        "# nnfang/images/__init__.py",
        "def main() -> int:",
        'WEIGHTS = """',
        'if __name__ == "__main__":',
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text[: text.index("z = a @ W.T + b")].count("\n") < 80
    assert max(map(len, text.splitlines())) <= len("# ") + 120
    assert "def sigmoid" not in text
    assert "def prepare_plain" in text  # which prepare_digit needs
    assert "from nnfang" not in text
    assert "noqa: " not in text.replace("# ruff: noqa: BLE001", "")


def test_linters_find_nothing_in_it(bundled: bytes) -> None:
    options = ("--isolated", "--no-cache", "--line-length", "120", "--stdin-filename", "digits.py", "-")
    for content in (bundled, export(make_checkpoint("features")), export(make_checkpoint("scores of pictures"))):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "check", *options], input=content, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, b"All checks passed!\n")


def test_it_is_small_and_always_the_same(bundled: bytes) -> None:
    assert len(bundled) < 800_000
    assert export(load_checkpoint(NETWORK).for_inference()) == bundled


def test_it_tells_of_its_maker_only_where_that_was_asked_for() -> None:
    checkpoint = make_checkpoint("features")
    secret = {"processor": "a very fast one", "platform": platform.platform()}
    told = replace(checkpoint, meta=msgspec.structs.replace(checkpoint.meta, environment=secret))
    assert b"# trained with processor a very fast one" in export(told.for_inference(origin=True))
    for content in (export(told.for_inference()), export(load_checkpoint(NETWORK).for_inference())):
        for word in ("trained with", "a very fast one", platform.platform(), str(Path.cwd()), str(Path.home())):
            assert word.encode() not in content
