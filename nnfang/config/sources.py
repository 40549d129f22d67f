"""YAML, environment variables and command-line options -> Recipe, each value traced to where it was written.

Precedence: defaults < file < environment (``NNFANG_EPOCHS``, ``NNFANG_OPTIMIZER__LEARNING_RATE``) < command line.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import yaml

from nnfang.config.schema import Tree, build, check_tree, keys, shorten, split_path, to_tree
from nnfang.config.yaml_tree import Dumper, config_error, parse_yaml
from nnfang.core.constraints import FieldError
from nnfang.errors import ConfigError
from nnfang.names import nearest
from nnfang.training.recipe import Recipe

MAX_LENGTH = 1_000_000
PATH = r"[\w-]+(\[\d+\])*(\.[\w-]+(\[\d+\])*)*"

ENVIRONMENT = {"NNFANG_DATA_DIR", "NNFANG_MIRROR", "NNFANG_OFFLINE"}
"""Variables that are not keys of a recipe."""


@dataclass(frozen=True)
class Override:
    """A value set outside the file.

    Attributes:
        path: Of the key, such as ``optimizer.learning_rate``.
        value: A tree.
        origin: What set it, as its user would write it.
    """

    path: str
    value: Tree
    origin: str


@dataclass(frozen=True)
class Config:
    """A recipe, and where each of its values was written."""

    recipe: Recipe
    origins: Mapping[str, str]

    @property
    def dataset_was_named(self) -> bool:
        """Whether somebody asked for the data set, or it is the default."""
        return "dataset" in self.origins

    def error(self, path: str, reason: str) -> ConfigError:
        """A failure that is the fault of the value at `path`."""
        return config_error(self.origins, path, reason)


def load(
    source: Path | TextIO | None,
    overrides: Sequence[Override],
    environ: Mapping[str, str],
    base: Recipe | None = None,
) -> Config:
    """Read, merge and check.

    Args:
        source: A YAML file, an open stream (standard input), or None for the defaults.
        overrides: From the command line.
        environ: Environment variables; those that begin with ``NNFANG_`` count.
        base: What is overruled by all of these; None means the defaults.

    Raises:
        ConfigError: The first thing that is wrong: where, what was found, what is allowed.
    """
    tree: Tree = to_tree(base or Recipe())
    origins: dict[str, str] = {}
    if source is not None:
        tree = merge(tree, read_yaml(source, origins))
    for level in (environment_overrides(environ), overrides):
        # A new type discards the old type's settings, so it comes first however the options were ordered.
        for override in sorted(level, key=lambda override: not override.path.endswith("type")):
            tree = assign(tree, override, origins)
    try:
        check_tree(Recipe, tree)
        recipe = build(Recipe, tree)
    except FieldError as error:
        raise config_error(origins, error.path, error.reason) from None
    return Config(recipe, origins)


def merge(base: Tree, over: Tree) -> Tree:
    """`over` where it says something, otherwise `base`; a mapping of another type replaces the whole mapping."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    if over.get("type", base.get("type")) != base.get("type"):
        return over
    return {**base, **{key: merge(base[key], value) if key in base else value for key, value in over.items()}}


def assign(tree: Tree, override: Override, origins: dict[str, str]) -> Tree:
    """`tree` with the override's value at its path; `origins` notes it, for all below that path too."""
    for path in [path for path in origins if path.startswith((f"{override.path}.", f"{override.path}["))]:
        del origins[path]
    origins[override.path] = override.origin
    return _put(tree, split_path(override.path), override)


def _put(tree: Tree, parts: list[str | int], override: Override) -> Tree:
    """`tree` with the override's value where `parts` lead."""
    if not parts:
        return merge(tree, override.value)
    part, rest = parts[0], parts[1:]
    if isinstance(part, str):
        if not isinstance(tree, dict | None):
            hint = "; an item of a list is written [0], [1] ..." if isinstance(tree, list) else ""
            raise ConfigError(f"{override.origin}: there is no key {part} in {shorten(tree)}{hint}")
        return merge(tree, {part: _put((tree or {}).get(part), rest, override)})
    if not isinstance(tree, list):
        raise ConfigError(f"{override.origin}: there is no item {part} in {shorten(tree)}, which is no list")
    if part >= len(tree):
        raise ConfigError(f"{override.origin}: there is no item {part}, the list has {len(tree)}, counted from 0")
    return [*tree[:part], _put(tree[part], rest, override), *tree[part + 1 :]]


def parse_override(text: str) -> Override:
    """``optimizer.learning_rate=0.05``, the value written as YAML.

    Raises:
        ConfigError: There is no ``=``, or the value is not YAML.
    """
    path, equals, value = text.partition("=")
    origin = f"--set {' '.join(text.split())}"
    if not equals or not re.fullmatch(PATH, path.strip()):
        raise ConfigError(
            f"{origin}: expected KEY=VALUE, such as --set optimizer.learning_rate=0.05 or --set layers[0].units=64"
        )
    return Override(path.strip(), parse_yaml(value, origin, {}), origin)


def environment_overrides(environ: Mapping[str, str]) -> list[Override]:
    """``NNFANG_OPTIMIZER__LEARNING_RATE`` sets optimizer.learning_rate, and so on.

    Raises:
        ConfigError: A variable that begins with ``NNFANG_`` is no key: a misspelt one must not go unnoticed.
    """
    overrides = []
    for name, text in environ.items():
        if not name.startswith("NNFANG_") or name in ENVIRONMENT or not text:  # many a CI sets variables to nothing
            continue
        path = name.removeprefix("NNFANG_").lower().replace("__", ".")
        origin = f"environment variable {name}"
        first = path.split(".")[0]
        if first not in keys(Recipe) or not re.fullmatch(PATH, path):
            names = [f"NNFANG_{key.upper()}" for key in keys(Recipe)] + sorted(ENVIRONMENT)
            raise ConfigError(f"{origin}: there is no such setting.{nearest(name, names)} Allowed: {', '.join(names)}")
        overrides.append(Override(path, parse_yaml(text, origin, {}), origin))
    return overrides


def read_yaml(source: Path | TextIO, origins: dict[str, str]) -> Tree:
    """The tree in a file or stream; `origins` receives the line of each value.

    Raises:
        ConfigError: It cannot be read, is not YAML, or has a key twice.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
            content = file.read(MAX_LENGTH + 1)
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not a text in UTF-8 (byte {error.start})") from None
    if len(content) > MAX_LENGTH:
        raise ConfigError(f"{name}: longer than {MAX_LENGTH:,} characters, which no config needs")
    tree = parse_yaml(text, name, origins)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: found {shorten(tree)}, expected a mapping such as epochs: 20")
    return tree


def to_yaml(recipe: Recipe) -> str:
    """A recipe as a YAML file that loads to the same recipe."""
    text: str = yaml.dump(
        to_tree(recipe), Dumper=Dumper, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True
    )
    return text
