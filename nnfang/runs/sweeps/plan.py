"""What a sweep trains: a recipe, the keys that vary, and the points that their values span."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.config.origins import Origin, Origins
from nnfang.config.sources import COMMAND_LINE, Override
from nnfang.config.sources import load as load_config
from nnfang.config.yaml_loader import parse_yaml
from nnfang.core.layers import Dense
from nnfang.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nnfang.config.paths import Tree
    from nnfang.training.recipe import Recipe

SEED = "seed"
WIDTH, DEPTH = "width", "depth"
"""Two keys that only a sweep has: the units of each hidden layer, and how many hidden layers there are."""

MOST_POINTS = 10_000
RANGE = re.compile(r"(\d+)\.\.(\d+)")
KEY = re.compile(r"[\w.\[\]-]+")


@dataclass(frozen=True)
class Axis:
    """A key that varies.

    Attributes:
        path: Of the key, such as ``optimizer.learning_rate``; or width or depth.
        values: What it takes, in this order.
    """

    path: str
    values: tuple[Tree, ...]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Point:
    """One training of a sweep.

    Attributes:
        number: Counted from 1.
        settings: The value of each key that varies.
        recipe: How it is trained.
    """

    number: int
    settings: dict[str, Any]
    recipe: Recipe

    @property
    def setting(self) -> str:
        """``learning_rate=0.01 batch_size=32``, without the seed."""
        return describe_settings({path: value for path, value in self.settings.items() if path != SEED})

    @property
    def label(self) -> str:
        """The same with the seed."""
        return describe_settings(self.settings)


def describe_settings(settings: dict[str, Any]) -> str:
    """``learning_rate=0.01 seed=3``."""
    return " ".join(f"{path.rpartition('.')[2]}={format_setting(value)}" for path, value in settings.items())


def format_setting(value: Any) -> str:
    """A value in one word."""
    if isinstance(value, list):
        return "[" + ",".join(map(format_setting, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{format_setting(part)}" for key, part in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Plan:
    """A whole sweep.

    Attributes:
        recipe: What all trainings have in common.
        axes: The keys that vary.
        random: How many of the points are drawn, without replacement; None takes all.
        halving: Of the settings that are left, one in this many goes on to a longer training; None trains all to the
            end. Source: K. Jamieson, A. Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter
            Optimization".
    """

    recipe: Recipe
    axes: tuple[Axis, ...]
    random: int | None = None
    halving: int | None = None

    def points(self) -> list[Point]:
        """Each training, the last key varying fastest.

        Raises:
            ConfigError: A value is not allowed, or there are too many points.
        """
        size = prod(len(axis.values) for axis in self.axes)
        if size > MOST_POINTS and not self.random:
            raise ConfigError(f"these are {size:,} trainings, more than {MOST_POINTS:,}; --random N draws some of them")
        if len({axis.path for axis in self.axes}) < len(self.axes):
            raise ConfigError("the grid names a key twice")
        chosen: Sequence[int] = range(size)
        if self.random is not None and self.random < size:
            drawn = np.random.Generator(np.random.Philox(self.recipe.seed)).choice(size, self.random, replace=False)
            chosen = sorted(drawn.tolist())
        shape = [len(axis.values) for axis in self.axes]
        points = []
        for number, place in enumerate(chosen, 1):
            indices = np.unravel_index(place, shape) if shape else ()
            settings = {axis.path: axis.values[i] for axis, i in zip(self.axes, indices, strict=True)}
            points.append(Point(number, settings, apply(self.recipe, settings)))
        return points

    def rungs(self, settings: int) -> list[int]:
        """The epochs to which those that are left are trained, from the first rung of halving to the end.

        Args:
            settings: How many settings there are at first.
        """
        epochs = [self.recipe.epochs]
        while self.halving and settings > 1 and epochs[0] > 1:
            settings = -(-settings // self.halving)
            epochs.insert(0, max(epochs[0] // self.halving, 1))
        return epochs


def apply(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with other values of some keys.

    Raises:
        ConfigError: There is no such key, or a value is not allowed.
    """
    overrides = [Override(path, value, f"grid {path}={format_setting(value)}") for path, value in settings.items()]
    shape = {override.path: override for override in overrides if override.path in (WIDTH, DEPTH)}
    if shape:
        for override in shape.values():
            if not isinstance(override.value, int) or override.value < (override.path == WIDTH):
                raise ConfigError(f"expected a whole number, found {override.value!r}", origin=override.origin)
        recipe = reshape(recipe, settings.get(WIDTH), settings.get(DEPTH))
    return load_config(None, [override for override in overrides if override.path not in shape], {}, recipe).recipe


def reshape(recipe: Recipe, width: int | None, depth: int | None) -> Recipe:
    """The recipe with hidden layers of another width, or with another number of them, each like its first."""
    *hidden, output = recipe.layers
    if depth is not None:
        first = next((layer for layer in hidden if isinstance(layer, Dense)), Dense(128, "relu"))
        hidden = [first] * depth
    if width is not None:
        hidden = [replace(layer, units=width) if isinstance(layer, Dense) else layer for layer in hidden]
    return replace(recipe, layers=(*hidden, output))


def parse_axis(text: str) -> Axis:
    """An axis such as ``optimizer.learning_rate=0.01,0.1`` or ``seed=0..4``: values as YAML, or a range with its end.

    Raises:
        ConfigError: There is no ``=``, no value, or a value is not YAML.
    """
    path, equals, values = (part.strip() for part in text.partition("="))
    origin = Origin(COMMAND_LINE, 0, f"--grid {' '.join(text.split())}")
    if not equals or not values or not KEY.fullmatch(path):
        raise ConfigError("expected KEY=VALUE,VALUE, such as optimizer.learning_rate=0.01,0.1", origin=origin.source)
    origins = Origins()
    tree = parse_yaml(f"[{values}]", origin, origins, path)
    origins.raise_faults()
    return make_axis(path, tree if isinstance(tree, list) else [tree], origin.source)


def make_axis(path: str, values: Iterable[Tree], origin: str) -> Axis:
    """An axis of which ranges such as ``0..4`` are written out.

    Raises:
        ConfigError: There is no value, or one comes twice.
    """
    found: list[Tree] = []
    for value in values:
        ends = RANGE.fullmatch(value) if isinstance(value, str) else None
        found += [value] if ends is None else range(int(ends[1]), min(int(ends[2]), int(ends[1]) + MOST_POINTS) + 1)
    if not found or any(value in found[:i] for i, value in enumerate(found)):
        raise ConfigError("has no value" if not found else "has a value twice", origin=origin)
    return Axis(path, tuple(found))


def group_points(points: Sequence[Point]) -> dict[str, list[Point]]:
    """The points that differ by nothing but their seed, by their setting."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.setting, []).append(point)
    return groups
