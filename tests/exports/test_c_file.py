"""Exported C computes what nnfang does, compiles without a warning, and is no code but its own."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from nnfang.core.layers import Dense
from nnfang.data import load
from nnfang.errors import NnfangError
from nnfang.exports import Settings, encode
from nnfang.exports.c_file.literals import LONGEST_NAME, write_comment, write_string
from nnfang.exports.c_file.source import select, to_double
from nnfang.exports.int8 import round_weights
from nnfang.names import escape
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.c_programs import Library, build_library, needs_cc
from tests.exports.networks import make_checkpoint as make_plain
from tests.exports.variety import VARIETY, make_checkpoint, make_images

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}

HOSTILE = (
    '*/ int main(void) { return 1; } /* "); abort(); ("',
    "??/\n??/",
    "a\\",
    '\\"',
    "\x1b[2J\a\0\r\n",
    "é1ÿ2",
    "\u202eabc",
    "%s%n",
    "*" + "/" * 5,
    "é" * 5000,
)


def make_hostile() -> Checkpoint:
    """A network with such names of its classes and of its data set."""
    checkpoint = make_plain((Dense(10, "softmax"),), (3, 3), HOSTILE)
    name = "".join(HOSTILE)[:4000]
    dataset = msgspec.structs.replace(checkpoint.meta.dataset, name=name)
    environment = {"processor*/": "*/ #error ??/"}
    meta = msgspec.structs.replace(checkpoint.meta, dataset=dataset, environment=environment)
    return Checkpoint(checkpoint.network, checkpoint.recipe, meta, {})


def make_wide() -> Checkpoint:
    """A network with so many inputs that sums of integers need 64 bits."""
    checkpoint = make_plain((Dense(2, "linear"),), (260, 260), ("x", "y"), dtype="float64", loss="mean_squared_error")
    W, _ = checkpoint.network.parameters[0]
    W[...] = np.array([[1], [-1]])
    return checkpoint


CHECKPOINTS = {
    **{kind: make_checkpoint(kind) for kind in VARIETY if kind != "paper"},  # of which the bundled network is one
    "bundled": load_checkpoint(NETWORK),
    "hostile": make_hostile(),
}


ROUNDED = ("relu float32", "gelu float64", "dropout", "features", "scores", "bundled")
"""Those that are exported with weights of 8 bits as well."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    sources = {name: encode(checkpoint, "c", Settings()) for name, checkpoint in CHECKPOINTS.items()}
    for name, checkpoint in [*((name, CHECKPOINTS[name]) for name in ROUNDED), ("wide", make_wide())]:
        sources[f"{name}, int8"] = encode(checkpoint, "c", Settings(int8=round_weights(checkpoint, None)))
    return build_library(sources, tmp_path_factory.mktemp("library"))


def prepare(checkpoint: Checkpoint, images: np.ndarray) -> np.ndarray:
    """Images as the function takes them: bytes, and rows as floats."""
    is_picture = len(checkpoint.meta.input_shape) == 2
    return images if is_picture else (images / 255).astype(checkpoint.network.dtype)


@needs_cc
@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_whatever_the_network_c_computes_the_same(kind: str, library: Library) -> None:
    checkpoint = CHECKPOINTS[kind]
    images = prepare(checkpoint, make_images(40, checkpoint.meta.input_shape))
    expected = checkpoint.predict(images)
    outputs, labels = library.predict(kind, images, expected)
    assert np.abs(outputs - expected).max() < TOLERANCE[checkpoint.recipe.dtype]
    np.testing.assert_array_equal(labels, expected.argmax(axis=1))


@needs_cc
@pytest.mark.parametrize("kind", ROUNDED)
def test_weights_of_8_bits_compute_what_was_measured_with_them(kind: str, library: Library) -> None:
    checkpoint = CHECKPOINTS[kind]
    images = prepare(checkpoint, make_images(40, checkpoint.meta.input_shape))
    expected = round_weights(checkpoint, None).network.predict(images)
    outputs, labels = library.predict(f"{kind}, int8", images, expected)
    assert np.abs(outputs - expected).max() < TOLERANCE[checkpoint.recipe.dtype]
    np.testing.assert_array_equal(labels, expected.argmax(axis=1))


@needs_cc
def test_a_thousand_digits_are_read_alike(library: Library) -> None:
    images = load("mnist-sample").x_test[:1000]
    checkpoint = CHECKPOINTS["bundled"]
    for kind, network in (
        ("bundled", checkpoint.network),
        ("bundled, int8", round_weights(checkpoint, None).network),
    ):
        expected = network.predict(images)
        outputs, labels = library.predict(kind, images, expected)
        assert np.abs(outputs - expected).max() < 1e-5
        np.testing.assert_array_equal(labels, expected.argmax(axis=1))


@needs_cc
def test_a_sum_of_very_many_bytes_does_not_overflow(library: Library) -> None:
    assert 260 * 260 * 127 * 255 > 2**31
    images = np.full((1, 260, 260), 255, np.uint8)
    outputs, _ = library.predict("wide, int8", images, np.empty((1, 2)))
    np.testing.assert_allclose(outputs, [[260 * 260, -260 * 260]])


@needs_cc
def test_names_of_classes_come_through_without_control_characters(library: Library) -> None:
    for kind, checkpoint in CHECKPOINTS.items():
        names = library.class_names(kind, checkpoint.network.outputs)
        assert names[:9] == [escape(name) for name in checkpoint.class_names[:9]]
        assert max(map(len, names)) <= LONGEST_NAME


def test_what_strangers_wrote_stays_in_strings_and_comments() -> None:
    source = encode(make_hostile(), "c", Settings()).decode()
    head = source[: source.index("#include <math.h>")]
    assert head.count("/*") == head.count("*/") == 1
    assert head.rstrip().endswith("*/")
    assert "trained with processor* / * / #error ? ?/" in head
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]|\\?\\?[=/'()!<>-]", source)


def test_literals_of_text() -> None:
    assert write_string("é1") == r'"\303\2511"'
    assert write_string('a"\\?\n') == r'"a\"\\\?\\n"'
    assert write_comment("*/*/ ???/ // /*") == "* / * / ? ? ?/ // / *"


def test_the_file_says_what_it_is_and_nothing_of_its_maker() -> None:
    source = encode(load_checkpoint(NETWORK), "c", Settings()).decode()
    head, _, rest = source.partition("*/")
    for fact in ("784-128-64-10 (relu, relu, softmax)", "99.58% of the 10,000 test images of mnist", "prepared as"):
        assert fact in head
    assert "437,544 bytes of constants, such as flash; 768 bytes of the stack" in head
    assert "trained with" not in head
    assert rest.index("Eq. 1") < rest.index("int main(") < rest.index("W1[100352] = {")
    assert max(map(len, source.splitlines())) <= 120


def test_the_interface_says_whether_outputs_are_probabilities_and_of_which_type() -> None:
    for kind, prototype, is_probability in (
        ("paper", "const unsigned char pixels[784], float probabilities[10]", 1),
        ("features", "const float features[12], float probabilities[10]", 1),
        ("scores", "const double features[12], double scores[3]", 0),
        ("gelu float64", "const unsigned char pixels[20], double probabilities[3]", 1),
    ):
        source = encode(make_checkpoint(kind), "c", Settings()).decode()
        assert source.count(f"int nnfang_predict({prototype})") == 3
        assert f"#define NNFANG_IS_PROBABILITY {is_probability}\n" in source


def test_numbers_are_those_of_the_network_to_the_bit() -> None:
    for kind in ("paper", "gelu float64"):
        checkpoint = make_checkpoint(kind)
        source = encode(checkpoint, "c", Settings()).decode()
        W, _ = checkpoint.network.parameters[0]
        found = re.search(r" W1\[\d+\] = \{\n(.*?)\}", source, re.DOTALL)
        assert found
        numbers = np.array(found[1].replace("f", "").replace("\n", "").rstrip(",").split(","), W.dtype)
        np.testing.assert_array_equal(numbers, W.T.ravel())


def test_weights_that_are_no_numbers_are_refused() -> None:
    checkpoint = make_checkpoint("output alone")
    checkpoint.network.theta[3] = np.nan
    with pytest.raises(NnfangError, match="infinite or not a number"):
        encode(checkpoint, "c", Settings())


def test_the_same_network_gives_the_same_bytes() -> None:
    assert len({encode(make_checkpoint("gelu float32"), "c", Settings()) for _ in range(3)}) == 1


def test_code_for_doubles_has_no_word_for_floats() -> None:
    assert to_double("const float a = expf(0.5f * x) + strtof(s) - FLT_EPSILON; /* of */") == (
        "const double a = exp(0.5 * x) + strtod(s) - DBL_EPSILON; /* of */"
    )
    source = encode(make_checkpoint("gelu float64"), "c", Settings()).decode()
    assert not re.search(
        r"\bfloat\b|(?<!%)\b\d\.\d+f\b|\b(exp|tanh|strto)f\b|FLT_", source.partition("*/")[2].replace("<float.h>", "")
    )


def test_only_what_is_called_is_in_the_file() -> None:
    functions = "/* One. */\nstatic int one(void)\n{\n    return two();\n}\n\nstatic int two(void)\n{\n    return 2;\n}"
    assert select(functions, "/* one */ two()") == "static int two(void)\n{\n    return 2;\n}"
    assert select(functions, "one()") == functions
    assert "gelu" not in encode(make_checkpoint("paper"), "c", Settings()).decode()
