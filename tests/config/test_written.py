"""How a recipe is written as YAML: in the order in which it is documented, the type first."""

from dataclasses import fields, replace

import yaml

from nnfang.config.sources import to_yaml
from nnfang.core.optimizers import Momentum
from nnfang.training.augment import Augment
from nnfang.training.recipe import EarlyStopping, Recipe


def test_keys_stand_in_the_order_of_the_recipe() -> None:
    recipe = replace(Recipe(), optimizer=Momentum(), augment=Augment(), early_stopping=EarlyStopping())
    tree = yaml.safe_load(to_yaml(recipe))
    assert list(tree) == [field.name for field in fields(Recipe)]
    assert list(tree["optimizer"]) == ["type", "learning_rate", "momentum", "nesterov", "weight_decay"]
    assert list(tree["early_stopping"]) == ["patience", "metric"]
    assert list(tree["layers"][0]) == ["type", "units", "activation", "initializer"]


def test_what_is_deep_stands_on_one_line_and_letters_as_they_are() -> None:
    lines = to_yaml(replace(Recipe(), dataset="zähler/数")).splitlines()
    assert "dataset: zähler/数" in lines
    assert "- {type: dense, units: 128, activation: relu, initializer: glorot_uniform}" in lines
    assert "optimizer: {type: sgd, learning_rate: 0.01, weight_decay: 0.0}" in lines
    assert all(len(line) <= 130 for line in lines)
