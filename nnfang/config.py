"""YAML, environment variables and command-line options -> Recipe, each value traced to where it was written.

Precedence: defaults < file < environment (``NNFANG_EPOCHS``, ``NNFANG_OPTIMIZER__LEARNING_RATE``) < command line.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import yaml

from nnfang.errors import ConfigError, nearest
from nnfang.recipe import Recipe
from nnfang.schema import Tree, TreeError, build, check_tree, keys, shorten, split_path, to_tree

MAX_NODES = 10_000
"""Values in one file, aliases counted as often as they are used: a small file can stand for an endless tree."""

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


def config_error(origins: Mapping[str, str], path: str, reason: str) -> ConfigError:
    """Say where the value at `path` (or what it stands in) was written, then what is wrong with it."""
    place = path
    while place and place not in origins:
        place = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", place)
    return ConfigError(": ".join(part for part in (origins.get(place, ""), path, reason) if part))


def load(source: Path | TextIO | None, overrides: Sequence[Override], environ: Mapping[str, str]) -> Config:
    """Read, merge and check.

    Args:
        source: A YAML file, an open stream (standard input), or None for the defaults.
        overrides: From the command line.
        environ: Environment variables; those that begin with ``NNFANG_`` count.

    Raises:
        ConfigError: The first thing that is wrong: where, what was found, what is allowed.
    """
    tree: Tree = to_tree(Recipe())
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
    except TreeError as error:
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
    """`tree` with the override's value at its path; `origins` notes it."""
    parts = split_path(override.path)
    over: Tree = override.value
    for depth, part in reversed(list(enumerate(parts))):
        over = _replace_item(tree, parts[:depth], part, over, override) if isinstance(part, int) else {part: over}
    origins[override.path] = override.origin
    return merge(tree, over)


def _replace_item(tree: Tree, place: list[str | int], index: int, value: Tree, override: Override) -> list[Tree]:
    """The list at `place` with another item at `index`."""
    for part in place:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            tree = None
    if not isinstance(tree, list) or index >= len(tree):
        size = len(tree) if isinstance(tree, list) else 0
        raise ConfigError(f"{override.origin}: there is no item {index}, the list has {size}, counted from 0")
    return [*tree[:index], merge(tree[index], value), *tree[index + 1 :]]


def parse_override(text: str) -> Override:
    """``optimizer.learning_rate=0.05``, the value written as YAML.

    Raises:
        ConfigError: There is no ``=``, or the value is not YAML.
    """
    path, equals, value = text.partition("=")
    origin = f"--set {text}"
    if not equals or not path:
        raise ConfigError(f"{origin}: expected KEY=VALUE, such as --set optimizer.learning_rate=0.05")
    return Override(path.strip(), parse_yaml(value, origin, {}), origin)


def environment_overrides(environ: Mapping[str, str]) -> list[Override]:
    """``NNFANG_OPTIMIZER__LEARNING_RATE`` sets optimizer.learning_rate, and so on.

    Raises:
        ConfigError: A variable that begins with ``NNFANG_`` is no key: a misspelt one must not go unnoticed.
    """
    overrides = []
    for name, text in environ.items():
        if not name.startswith("NNFANG_") or name in ENVIRONMENT:
            continue
        path = name.removeprefix("NNFANG_").lower().replace("__", ".")
        origin = f"environment variable {name}"
        first = path.split(".")[0]
        if first not in keys(Recipe):
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
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source.read()
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not a text in UTF-8 (byte {error.start})") from None
    tree = parse_yaml(text, name, origins)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: found {shorten(tree)}, expected a mapping such as epochs: 20")
    return tree


class Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it safely, but that 1e-3 is a number, as it is everywhere else."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def parse_yaml(text: str, name: str, origins: dict[str, str]) -> Tree:
    """The tree of a YAML text; `origins` receives ``name, line N`` for the path of each value.

    Raises:
        ConfigError: Not YAML, a key twice, a key that is not a text, a tag, or too many values.
    """
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else Reader(loader, name, origins).tree(node, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        raise ConfigError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ConfigError(f"{name}: nested too deeply") from None
    finally:
        loader.dispose()


class Reader:
    """Turns YAML nodes into a tree and notes the line of each."""

    def __init__(self, loader: Loader, name: str, origins: dict[str, str]) -> None:
        self.loader, self.name, self.origins = loader, name, origins
        self.nodes = 0

    def tree(self, node: yaml.Node, path: str) -> Tree:
        """The value of a node and of all below it."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ConfigError(f"{self.name}: more than {MAX_NODES} values")
        self.origins[path] = self.place(node) if path else self.name
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.tree(item, f"{path}[{i}]") for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            try:
                return self.loader.construct_object(node)
            except ValueError as error:
                raise ConfigError(f"{self.place(node)}: {node.value!r} is no valid value: {error}") from None
        raise ConfigError(f"{self.place(node)}: the tag {node.tag} is not allowed")

    def mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Tree]:
        """A mapping; a key that stands twice is an error, where plain YAML would let the last one win."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag not in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}:
                raise ConfigError(f"{self.place(key)}: found the key {key.value!r}, expected a name")
            if key.value in lines:
                where = f"{path}.{key.value}".lstrip(".")
                raise ConfigError(f"{self.place(key)}: {where}: the key stands twice, first in line {lines[key.value]}")
            lines[key.value] = key.start_mark.line + 1
        self.loader.flatten_mapping(node)
        return {key.value: self.tree(value, f"{path}.{key.value}".lstrip(".")) for key, value in node.value}

    def place(self, node: yaml.Node) -> str:
        """File and line."""
        return f"{self.name}, line {node.start_mark.line + 1}"


def to_yaml(recipe: Recipe) -> str:
    """A recipe as a YAML file that loads to the same recipe."""
    return yaml.safe_dump(to_tree(recipe), sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
