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

from nnfang.errors import ConfigError, nearest
from nnfang.recipe import Recipe
from nnfang.schema import Tree, TreeError, build, check_tree, keys, shorten, split_path, to_tree

MAX_LENGTH = 1_000_000
MAX_NODES = 10_000
"""Values in one file, aliases counted as often as they are used: a small file can stand for an endless tree."""

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


TAG = "tag:yaml.org,2002:"
SCALARS = {f"{TAG}{name}" for name in ("str", "int", "float", "bool", "null")}


class Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it safely, but that 1e-3 is a number, as it is everywhere else, and a date a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own table
        first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Dumper(yaml.SafeDumper):
    """Writes YAML that `Loader` reads: the text "1e-3" needs quotes."""


for reader_or_writer in (Loader, Dumper):
    reader_or_writer.add_implicit_resolver(
        f"{TAG}float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


def parse_yaml(text: str, name: str, origins: dict[str, str]) -> Tree:
    """The tree of a YAML text; `origins` receives ``name, line N`` for the path of each value.

    Raises:
        ConfigError: Not YAML, a key twice, a key that is not a text, a tag, or too many values.
    """
    try:
        loader = Loader(text)
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


class Reader:
    """Turns YAML nodes into a tree and notes the line of each."""

    def __init__(self, loader: Loader, name: str, origins: dict[str, str]) -> None:
        self.loader, self.name, self.origins = loader, name, origins
        self.nodes = 0

    def tree(self, node: yaml.Node, path: str) -> Tree:
        """The value of a node and of all below it."""
        self.origins[path] = self.place(node) if path else self.name
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            return self.mapping(node, path)
        self.count()
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            return [self.tree(item, f"{path}[{i}]") for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in SCALARS:
            try:
                return self.loader.construct_object(node)
            except (ValueError, LookupError, OverflowError):  # such as !!bool maybe
                reason = f"found {shorten(node.value)}, which is no valid {node.tag.removeprefix(TAG)}"
                raise config_error(self.origins, path, reason) from None
        raise config_error(self.origins, path, f"the tag {node.tag} is not allowed")

    def mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Tree]:
        """A mapping; a key that stands twice is an error, where plain YAML would let the last one win."""
        self.count()
        lines: dict[str, int] = {}
        merged: dict[str, Tree] = {}
        for key, value in node.value:
            if key.tag not in {f"{TAG}str", f"{TAG}merge"} or not key.value or "`" in key.value:
                found = f"the key {shorten(key.value)}" if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                kind = key.tag.removeprefix(TAG)
                raise ConfigError(f"{self.place(key)}: found {found} (for YAML: {kind}), expected a name as key")
            if key.value in lines:
                where = f"{path}.{key.value}".lstrip(".")
                raise ConfigError(f"{self.place(key)}: {where}: the key stands twice, first in line {lines[key.value]}")
            lines[key.value] = key.start_mark.line + 1
            if key.tag == f"{TAG}merge":
                merged = self.merged(value, path)
        own = [(key.value, value) for key, value in node.value if key.tag != f"{TAG}merge"]
        return merged | {key: self.tree(value, f"{path}.{key}".lstrip(".")) for key, value in own}

    def merged(self, node: yaml.Node, path: str) -> dict[str, Tree]:
        """What ``<<`` brings into the mapping at `path`: of one mapping, or of several, the first of which wins."""
        merged: dict[str, Tree] = {}
        for item in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(item, yaml.MappingNode):
                raise ConfigError(f"{self.place(item)}: found {shorten(item.value)} to merge, expected a mapping")
            merged |= self.mapping(item, path)
        return merged

    def count(self) -> None:
        """One more value."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ConfigError(f"{self.name}: more than {MAX_NODES} values")

    def place(self, node: yaml.Node) -> str:
        """File and line."""
        return f"{self.name}, line {node.start_mark.line + 1}"


def to_yaml(recipe: Recipe) -> str:
    """A recipe as a YAML file that loads to the same recipe."""
    text: str = yaml.dump(
        to_tree(recipe), Dumper=Dumper, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True
    )
    return text
