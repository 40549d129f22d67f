"""The paper's derivation, run from the command line on a network of one's own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.config.recipes import list_recipes, locate
from nnfang.config.sources import load
from nnfang.core.activations import ACTIVATIONS, Activation, relu
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.core.optimizers import Sgd
from nnfang.training.checking import check_recipe, draw_images

if TYPE_CHECKING:
    from nnfang.core.arrays import Array
    from tests.commands.conftest import Nnfang, Trained

BATCH = ("--set", "engine=batch")
"""The engine that has nothing to compile."""

SMALL = ("-c", "tiny", "--set", "layers[0].activation=relu", *BATCH)


def test_a_person_sees_a_row_for_each_tensor_and_what_follows(nnfang: Nnfang) -> None:
    result = nnfang.inside("check", *SMALL, "--dataset", "mnist-sample")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["784-32-10, 25,450 parameters, categorical_crossentropy", "8 images: mnist-sample; float64"]
    assert [line.split()[0] for line in lines[4:11]] == [
        *("z", "z", "layers.1.weight", "layers.1.bias", "layers.0.weight", "layers.0.bias", "x")
    ]
    assert lines[-1] == "right: no relative error is above 1e-06"
    assert result.stderr == ""


def test_a_program_gets_one_object(nnfang: Nnfang) -> None:
    (found,) = nnfang.inside("check", *SMALL, "--set", "optimizer.type=adamw", "--json").objects
    assert found["right"] is True
    assert found["largest_error"] <= found["tolerance"] == 1e-6
    assert (found["images"], found["data"]) == (8, "mnist-sample")
    row = next(row for row in found["tensors"] if row["name"] == "layers.0.weight")
    assert (row["equation"], row["shape"], row["checked"], row["right"]) == ("42", [32, 784], 21, True)
    assert [(step["name"], step["steps"]) for step in found["steps"]] == [("adamw", 3), ("batch", 16)]


def wrong_sign(delta: Array, z: Array, a: Array, scratch: Array) -> None:
    delta *= -(a > 0).astype(a.dtype)


def test_a_fault_of_the_maths_exits_with_1_and_is_named(nnfang: Nnfang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "relu", Activation(relu, wrong_sign))
    text = nnfang.inside("check", *SMALL, code=1).stdout
    assert "wrong: dL/dlayers.0.weight (eq. 42)\nwrong: dL/dlayers.0.bias (eq. 43)\nwrong: dL/dx (eq. 38)" in text
    assert "right" not in text
    (found,) = nnfang.inside("check", *SMALL, "--json", code=1).objects
    assert found["right"] is False


def test_a_fault_of_the_optimizer_exits_with_1(nnfang: Nnfang, monkeypatch: pytest.MonkeyPatch) -> None:
    def climb(self: Sgd, theta: Array, gradient: Array, state: object, learning_rate: float, t: int) -> None:
        theta += learning_rate * gradient

    monkeypatch.setattr(Sgd, "update", climb)
    text = nnfang.inside("check", *SMALL, code=1).stdout
    assert "wrong: the step of sgd\nwrong: the step of batch" in text


def test_a_gradient_that_says_nothing_is_not_called_right_without_a_word(nnfang: Nnfang) -> None:
    images, labels = np.zeros((60, 4, 3), np.uint8), np.arange(60) % 5
    np.savez(nnfang.folder / "dark.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    text = nnfang.inside("check", *SMALL, "--set", "layers[1].units=5", "--dataset", "dark.npz").stdout
    assert "not told: dL/dlayers.0.weight, which is 0" in text  # dW = δ xᵀ


def test_a_trained_network_is_checked_at_its_own_weights(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    (own,) = nnfang.inside("check", "-m", "run", *BATCH, "--json").objects
    (fresh,) = nnfang.inside("check", "--dataset", "mnist-sample", *BATCH, "--json").objects
    assert own["right"]
    assert fresh["right"]
    assert [row["largest"] for row in own["tensors"]] != [row["largest"] for row in fresh["tensors"]]
    assert "the network has" in nnfang.inside("check", "-m", "run", "--set", "layers[0].units=9", code=2).stderr


def test_the_seed_decides(nnfang: Nnfang) -> None:
    first, again, other = (nnfang.inside("check", *SMALL, "--json", "--seed", seed).objects for seed in "112")
    assert first == again
    assert first != other


def test_what_is_not_here_is_not_downloaded(nnfang: Nnfang) -> None:
    result = nnfang.inside("check", *SMALL, "--dataset", "kmnist")
    assert "8 images: noise drawn from the seed; float64" in result.stdout
    assert result.stderr == ("kmnist is not on this computer, so noise drawn from the seed stands in for its images.\n")
    assert nnfang.inside("check", "-q", *SMALL, "--dataset", "kmnist").stderr == ""
    assert not list((nnfang.folder / "cache").rglob("*.gz"))


def test_data_of_ones_own_are_taken_and_a_path_that_is_wrong_is_an_error(nnfang: Nnfang) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (60, 4, 3), np.uint8), np.arange(60) % 5
    np.savez(nnfang.folder / "own.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    result = nnfang.inside("check", "--dataset", "own.npz", *BATCH)
    assert result.stdout.startswith("12-128-64-5, ")
    assert "there is no such data set or path" in nnfang.inside("check", "--dataset", "other.npz", code=5).stderr


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_it_fits_a_terminal(columns: int, nnfang: Nnfang) -> None:
    screen = nnfang.on_terminal("check", *SMALL, columns=columns, piped=False).stderr
    lines = screen.replace("\r\n", "\n").splitlines()
    assert max(map(len, lines)) <= columns
    assert any("layers.0.weight" in line and "e-" in line for line in lines)
    assert any(line.startswith("no room for: ") for line in lines) == (columns < 120)


@pytest.mark.parametrize("recipe", [recipe.name for recipe in list_recipes()])
def test_each_recipe_that_comes_with_nnfang_is_right(recipe: str) -> None:
    """With narrow layers: what is checked of a coordinate does not depend on how many there are."""
    found = load(locate(Path(recipe)), [], {}).recipe
    layers = tuple(
        replace(layer, units=min(layer.units, 12)) if isinstance(layer, Dense) else layer for layer in found.layers
    )
    small = replace(found, layers=layers, engine="batch")
    data = draw_images((28, 28), small.layers[-1].width(0), small.seed)
    assert check_recipe(Network.for_recipe(small, data), data, small).is_right
