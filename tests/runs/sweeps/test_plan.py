"""The points of a grid, what is drawn of them, and the YAML that describes a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.errors import ConfigError
from nnfang.runs.sweeps.folder import SweepFolder, read_plan, to_yaml
from nnfang.runs.sweeps.plan import Axis, Plan, group_points, parse_axis, reshape
from nnfang.training.recipe import Recipe

RATES = Axis("optimizer.learning_rate", (0.01, 0.1))
SEEDS = Axis("seed", (3, 4, 5))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=0..4", (0, 1, 2, 3, 4)),
        ("optimizer.learning_rate=1e-3,0.01", (0.001, 0.01)),
        ("batch_size = 1, 8,16..18", (1, 8, 16, 17, 18)),
        ("optimizer.type=sgd,adam", ("sgd", "adam")),
        ("early_stopping=null,{patience: 3}", (None, {"patience": 3})),
    ],
)
def test_values_are_yaml_and_ranges_include_their_end(text: str, values: tuple[object, ...]) -> None:
    axis = parse_axis(text)
    assert (axis.path, axis.values) == (text.partition("=")[0].strip(), values)


@pytest.mark.parametrize("text", ["seed", "seed=", "=1", "seed=1,1", "seed=0..2,1", "seed=[1", "a b=1"])
def test_what_is_no_axis_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--grid"):
        parse_axis(text)


def test_the_last_key_varies_fastest() -> None:
    points = Plan(Recipe(), (RATES, SEEDS)).points()
    assert [point.number for point in points] == [1, 2, 3, 4, 5, 6]
    assert [point.settings["seed"] for point in points] == [3, 4, 5, 3, 4, 5]
    assert [point.recipe.optimizer.learning_rate for point in points] == [0.01] * 3 + [0.1] * 3
    assert [point.recipe.seed for point in points] == [3, 4, 5, 3, 4, 5]
    assert {name: len(some) for name, some in group_points(points).items()} == {
        "learning_rate=0.01": 3,
        "learning_rate=0.1": 3,
    }


def test_points_that_are_drawn_are_different_and_the_same_each_time() -> None:
    axes = (Axis("batch_size", tuple(range(1, 51))), SEEDS)
    drawn = [[p.settings for p in Plan(Recipe(seed=seed), axes, random=20).points()] for seed in (0, 0, 1)]
    assert len(drawn[0]) == len({tuple(settings.values()) for settings in drawn[0]}) == 20
    assert drawn[0] == drawn[1] != drawn[2]
    everything = [point.settings for point in Plan(Recipe(), axes).points()]
    assert all(settings in everything for settings in drawn[0])
    assert len(Plan(Recipe(), (SEEDS,), random=20).points()) == 3


def test_too_many_points_are_refused_unless_some_are_drawn() -> None:
    axes = (Axis("seed", tuple(range(200))), Axis("batch_size", tuple(range(1, 201))))
    with pytest.raises(ConfigError, match="40,000 trainings, more than 10,000; --random"):
        Plan(Recipe(), axes).points()
    assert len(Plan(Recipe(), axes, random=3).points()) == 3


def test_a_key_that_is_not_there_names_the_grid() -> None:
    with pytest.raises(ConfigError, match=r"grid optimizer\.lr=1: optimizer\.lr: there is no such key"):
        Plan(Recipe(), (Axis("optimizer.lr", (1,)),)).points()


def test_width_and_depth_shape_the_hidden_layers() -> None:
    layers = (Dense(20, "tanh"), Dropout(0.1), Dense(10, "softmax"))
    recipe = Recipe(layers=layers)
    assert reshape(recipe, 7, None).layers == (Dense(7, "tanh"), Dropout(0.1), layers[-1])
    assert reshape(recipe, None, 3).layers == (*[Dense(20, "tanh")] * 3, layers[-1])
    assert reshape(recipe, 8, 2).layers == (*[Dense(8, "tanh")] * 2, layers[-1])
    assert reshape(recipe, None, 0).layers == layers[-1:]
    grid = Plan(recipe, (Axis("width", (4, 8)), Axis("depth", (0, 2)))).points()
    assert [len(point.recipe.layers) for point in grid] == [1, 3, 1, 3]
    for axis in (Axis("width", (0,)), Axis("depth", ("deep",)), Axis("width", (2.5,)), Axis("depth", (-1,))):
        with pytest.raises(ConfigError, match="expected a whole number"):
            Plan(recipe, (axis,)).points()


def test_halving_trains_the_rest_longer_each_time() -> None:
    assert Plan(Recipe(epochs=27), (), halving=3).rungs(9) == [3, 9, 27]
    assert Plan(Recipe(epochs=20), (), halving=2).rungs(5) == [2, 5, 10, 20]
    assert Plan(Recipe(epochs=2), (), halving=3).rungs(100) == [1, 2]
    assert Plan(Recipe(epochs=20), ()).rungs(9) == [20]
    assert Plan(Recipe(epochs=20), (), halving=3).rungs(1) == [20]


def test_a_sweep_is_the_same_when_it_is_read_again(tmp_path: Path) -> None:
    plan = Plan(Recipe(epochs=7), (RATES, Axis("augment", (None, {"rotate": 5}))), random=3, halving=2)
    (tmp_path / "sweep.yaml").write_text(to_yaml(plan))
    assert read_plan(tmp_path / "sweep.yaml") == plan


def test_a_sweep_names_a_recipe_or_a_file_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("recipe: tiny\ngrid: {seed: 0..2}")
    assert read_plan(file).recipe.dataset == "mnist-sample"
    assert read_plan(file).axes == (Axis("seed", (0, 1, 2)),)
    (tmp_path / "other.yaml").write_text("epochs: 3")
    file.write_text("recipe: other.yaml\ngrid: {seed: [1]}")
    assert read_plan(file).recipe.epochs == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("grid: {seed: []}", "has no value"),
        ("gird: {seed: [1]}", "gird"),
        ("random: 0", ">= 1"),
        ("halving: 1", ">= 2"),
        ("recipe: nonsense", "nonsense"),
        ("recipe: {epochs: -1}", "epochs"),
        ("- 1", "Expected `object`"),
        ("{", "not valid YAML"),
    ],
)
def test_what_is_no_sweep_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=reason):
        read_plan(file)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    plan, other = Plan(Recipe(), (RATES,)), Plan(Recipe(), (SEEDS,))
    with SweepFolder(tmp_path / "new").open(plan):
        pass
    with SweepFolder(tmp_path / "new").open(plan):
        pass
    with pytest.raises(ConfigError, match="holds a sweep of something else"), SweepFolder(tmp_path / "new").open(other):
        pass
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("")
    with pytest.raises(ConfigError, match="is not empty"), SweepFolder(tmp_path / "letters").open(plan):
        pass
