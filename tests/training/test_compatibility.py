"""What does not fit together is refused before the first step, and the key at fault is named."""

from dataclasses import replace

import pytest

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.errors import NnfangWarning
from nnfang.training.compatibility import size_output_layer
from nnfang.training.loop import train
from nnfang.training.recipe import Recipe
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)


@pytest.mark.parametrize(
    ("recipe", "network", "path", "reason"),
    [
        (
            replace(RECIPE, layers=(Dense(4, "tanh"), Dense(5, "softmax"))),
            Network.initialize((Dense(4, "tanh"), Dense(5, "softmax")), 4),
            "layers[1].units",
            "found 5, but shades has 3 classes",
        ),
        (
            RECIPE,
            Network.initialize((Dense(7, "tanh"), Dense(3, "softmax")), 4),
            "layers",
            "the network has other layers: Network",
        ),
        (
            replace(RECIPE, dtype="float64"),
            Network.initialize(RECIPE.layers, 4),
            "dtype",
            "found float64, but the network's numbers are float32",
        ),
        (
            RECIPE,
            Network.initialize(RECIPE.layers, 9),
            "dataset",
            "the images of shades are 2 x 2, but the network takes 9",
        ),
        (
            replace(RECIPE, engine="online"),
            Network.initialize(RECIPE.layers, 4),
            "engine",
            "the online engine runs batch_size 1, found 8",
        ),
        (
            replace(RECIPE, validation_split=0.999),
            Network.initialize(RECIPE.layers, 4),
            "validation_split",
            "0.999 of 60 images leaves none to train on",
        ),
    ],
)
def test_what_does_not_fit_is_refused(recipe: Recipe, network: Network, path: str, reason: str) -> None:
    before = network.digest()
    with pytest.raises(FieldError) as caught:
        train(network, DATA, recipe)
    assert caught.value.path == path
    assert caught.value.reason.startswith(reason)
    assert network.digest() == before


def test_a_network_for_a_recipe_fits() -> None:
    recipe = replace(RECIPE, dtype="float64", seed=3)
    network = Network.for_recipe(recipe, DATA)
    assert (network.dtype.name, network.inputs, network.layers) == ("float64", 4, recipe.layers)
    assert network.digest() == Network.initialize(recipe.layers, 4, seed=3, dtype="float64").digest()
    train(network, DATA, recipe)


def test_an_output_layer_is_sized_from_the_data_and_says_so() -> None:
    with pytest.warns(NnfangWarning, match="the output layer has 3 units instead of 10, one per class of shades"):
        sized = size_output_layer(Recipe(), DATA)
    assert sized.layers == (*Recipe().layers[:-1], Dense(3, "softmax"))
    assert size_output_layer(sized, DATA) is sized
