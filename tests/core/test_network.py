"""A network: views of θ, the forward pass, prediction in blocks, and what it refuses."""

import copy
import hashlib
import pickle
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnfang.core.activations import OUTPUT_ONLY
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.network import PREDICTION_ROWS, Network, check_order, output_layer
from nnfang.core.workspace import head
from nnfang.data import load
from nnfang.training.recipe import Recipe
from tests import oracle
from tests.core.problems import HIDDEN, random_network, random_rows

PAPER = (Dense(128), Dense(64), Dense(10, "softmax"))


@pytest.mark.parametrize("images", [np.zeros(4, np.uint8), np.zeros((3, 5), np.uint8), [[1.0, 2.0, 3.0, 4.0]]])
def test_images_of_another_shape_are_refused_in_words(images: Any) -> None:
    with pytest.raises(ValueError, match=r"must be an array \(m, ...\) with 4 numbers each, found shape"):
        Network.initialize((Dense(2, "softmax"),), 4).predict(images)


def test_the_papers_network_has_the_papers_widths_and_shapes() -> None:
    network = Network.initialize(PAPER, 784)
    assert network.widths == (784, 128, 64, 10)
    assert network.shapes == (((128, 784), (128,)), ((64, 128), (64,)), ((10, 64), (10,)))
    assert network.theta.shape == (784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10,)
    assert (network.outputs, network.output_activation, network.dtype.name) == (10, "softmax", "float32")


def test_every_weight_and_bias_is_a_view_of_theta_in_order() -> None:
    network = Network.initialize((Dense(3), Dropout(), Dense(2, "softmax")), 4)
    network.theta[...] = np.arange(network.theta.size)
    (W_0, b_0), nothing, (W_1, b_1) = network.parameters
    assert nothing == ()
    assert [*W_0.T.ravel(), *b_0, *W_1.T.ravel(), *b_1] == list(range(network.theta.size))
    assert all(np.shares_memory(array, network.theta) for array in (W_0, b_0, W_1, b_1))
    W_1[1, 2] = -1
    assert -1 in network.theta


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_the_parameters_of_a_copy_are_views_of_the_copys_theta(duplicate: object) -> None:
    network = Network.initialize((Dense(3), Dense(2, "softmax")), 4)
    assert len(network.parameters) == 2  # they exist before the copy is made
    assert callable(duplicate)
    twin: Network = duplicate(network)
    twin.theta[...] = 0
    assert not twin.parameters[0][0].any()
    assert network.parameters[0][0].any()


def test_another_theta_makes_another_network_of_the_same_layers() -> None:
    network = Network.initialize((Dense(3), Dense(2, "softmax")), 4)
    other = replace(network, theta=np.zeros_like(network.theta))
    assert other.layers == network.layers
    assert not other.parameters[0][0].any()


@pytest.mark.parametrize("size", [0, 22, 24])
def test_a_theta_of_another_size_is_refused_with_both_sizes(size: int) -> None:
    with pytest.raises(ValueError, match=re.escape(f"theta must have shape (23,) for these layers, found ({size},)")):
        Network((Dense(3), Dense(2, "softmax")), 4, np.zeros(size))


def test_first_weights_depend_on_the_seed_and_the_place_of_the_layer_only() -> None:
    layers = (Dense(4), Dense(4), Dense(2, "softmax"))
    network = Network.initialize(layers, 4, seed=5)
    np.testing.assert_array_equal(network.theta, Network.initialize(layers, 4, seed=5).theta)
    first, second, last = (W for W, _ in network.parameters)
    assert (first != second).all()
    other = Network.initialize((Dense(6), *layers[1:]), 4, seed=5)
    np.testing.assert_array_equal(other.parameters[2][0], last)
    assert (Network.initialize(layers, 4, seed=6).parameters[0][0] != first).all()


def test_both_dtypes_start_from_the_same_network() -> None:
    single = Network.initialize(PAPER, 784, seed=1)
    double = Network.initialize(PAPER, 784, seed=1, dtype=np.float64)
    assert double.dtype == np.float64
    np.testing.assert_array_equal(single.theta, double.theta.astype(np.float32))


@pytest.mark.parametrize("output", ["softmax", "linear"])
@pytest.mark.parametrize("activation", HIDDEN)
def test_prediction_is_the_forward_pass_on_paper(activation: str, output: str) -> None:
    network = random_network((Dense(4, activation), Dense(3, activation), Dense(2, output)), 5)
    x, _ = random_rows(6, 5, 2)
    net = oracle.Net.of(network)
    expected = [oracle.forward(net, row)[1][-1] for row in x.tolist()]
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-12, atol=1e-15)


def test_a_layer_without_hidden_layers_before_it_sees_x() -> None:
    network = random_network((Dense(3, "softmax"),), 5)
    x, _ = random_rows(2, 5, 3)
    np.testing.assert_allclose(
        network.predict(x), [oracle.forward(oracle.Net.of(network), row)[1][-1] for row in x.tolist()], rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bytes_and_floats_over_255_are_the_same_images(dtype: type) -> None:
    network = Network.initialize((Dense(8), Dense(3, "softmax")), 28 * 28, dtype=dtype)
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8)
    floats = images.astype(dtype) / dtype(255)
    np.testing.assert_array_equal(network.predict(images), network.predict(floats))
    np.testing.assert_array_equal(network.predict(images), network.predict(floats.reshape(5, -1)))


def test_images_need_not_lie_in_one_piece() -> None:
    network = Network.initialize((Dense(3, "softmax"),), 16)
    images = np.random.default_rng(0).integers(0, 256, (4, 4, 6), np.uint8).transpose(2, 0, 1)
    np.testing.assert_array_equal(network.predict(images), network.predict(images.copy()))


def test_many_rows_are_predicted_as_each_row_alone() -> None:
    network = random_network((Dense(8), Dense(3, "softmax")), 6)
    x, _ = random_rows(PREDICTION_ROWS + 88, 6, 3)
    together = network.predict(x)
    assert together.shape == (600, 3)
    np.testing.assert_allclose(together, np.concatenate([network.predict(row[None]) for row in x]), rtol=1e-13)
    assert network.predict(x[:0]).shape == (0, 3)


def test_prediction_takes_no_notice_of_dropout() -> None:
    network = random_network((Dense(8), Dropout(0.9), Dense(3, "softmax")), 6)
    plain = Network((Dense(8), Dense(3, "softmax")), 6, network.theta)
    x, _ = random_rows(20, 6, 3)
    np.testing.assert_array_equal(network.predict(x), plain.predict(x))


def test_the_digest_is_the_hash_of_the_bits_of_theta() -> None:
    network = Network.initialize((Dense(3, "softmax"),), 2, seed=1)
    digest = network.digest()
    assert network.theta_sha256 == hashlib.sha256(network.theta.tobytes()).hexdigest()
    assert digest == network.theta_sha256[:16]
    assert Network.initialize((Dense(3, "softmax"),), 2, seed=1).digest() == digest
    network.theta[-1] = np.nextafter(network.theta[-1], np.float32(1))
    assert network.digest() != digest


def test_the_head_of_a_workspace_is_made_of_views() -> None:
    network = Network.initialize((Dense(3), Dropout(), Dense(2, "softmax")), 4)
    workspace = network.allocate(5)
    first = head(workspace, 2)
    assert [at.a.shape for at in first] == [(2, 3), (2, 3), (2, 2)]
    assert all(np.shares_memory(one.a, other.a) for one, other in zip(workspace, first, strict=True))


REFUSED: list[tuple[tuple[Layer, ...], str]] = [
    ((), "layers: a network needs at least one layer"),
    ((Dense(3), Dropout()), "layers[1]: the last layer must be dense, with one unit per class"),
    ((Dropout(),), "layers[0]: the last layer must be dense, with one unit per class"),
    *(
        ((Dropout(), Dense(3, name), Dense(2, "softmax")), f"layers[1].activation: {name} is for the last layer only")
        for name in OUTPUT_ONLY
    ),
]


@pytest.mark.parametrize(("layers", "message"), REFUSED)
def test_layers_that_cannot_stand_there_are_refused_by_place(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        check_order(layers)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Network.initialize(layers, 4)


def test_the_output_layer_is_the_last() -> None:
    assert output_layer(PAPER) is PAPER[-1]
    check_order(PAPER)


def test_units_are_those_of_layers_with_parameters() -> None:
    layers = (Dropout(0.2), Dense(8), Dropout(0.5), Dense(3, "softmax"))
    assert Network.initialize(layers, 5).units == (5, 8, 3)


def test_a_network_for_a_recipe_has_its_layers_seed_and_dtype_and_the_inputs_of_the_data() -> None:
    recipe = SimpleNamespace(layers=(Dense(3), Dense(2, "softmax")), seed=7, dtype="float64")
    network = Network.for_recipe(recipe, SimpleNamespace(input_shape=(2, 5)))
    expected = Network.initialize(recipe.layers, 10, seed=7, dtype=np.float64)
    assert (network.layers, network.inputs) == (recipe.layers, 10)
    assert network.dtype == np.float64
    np.testing.assert_array_equal(network.theta, expected.theta)


def test_a_recipe_and_a_data_set_are_what_a_network_is_made_for() -> None:
    network = Network.for_recipe(Recipe(), load("mnist-sample"))
    np.testing.assert_array_equal(network.theta, Network.initialize(PAPER, 784).theta)


def test_the_repr_of_a_network_is_short() -> None:
    assert repr(Network.initialize(PAPER, 784)) == "Network 784-128-64-10, 109,386 parameters, float32"
    small = Network.initialize((Dropout(), Dense(2, "softmax")), 4, dtype=np.float64)
    assert repr(small) == "Network 4-2, 10 parameters, float64"


def test_a_network_keeps_the_theta_that_it_was_given_and_prediction_changes_nothing() -> None:
    theta = np.linspace(-1, 1, 23)
    network = Network((Dense(3), Dense(2, "softmax")), 4, theta)
    x = np.random.default_rng(0).normal(0, 1, (5, 4))
    before = theta.copy(), x.copy()
    network.predict(x)
    assert network.theta is theta
    np.testing.assert_array_equal(theta, before[0])
    np.testing.assert_array_equal(x, before[1])
