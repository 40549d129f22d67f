"""YAML read safely into plain trees, each value traced to its line."""

import re
from collections.abc import Mapping

import yaml

from nnfang.config.schema import Tree, shorten
from nnfang.errors import ConfigError

MAX_NODES = 10_000
"""Values in one file, aliases counted as often as they are used: a small file can stand for an endless tree."""

MAX_KEY = 100
"""Characters of a key, which messages repeat."""

MAX_DIGITS = 100
"""Characters of a number: to read 1:1:1 and so on, a number to base 60, takes the square of its length."""

TAG = "tag:yaml.org,2002:"
SCALARS = {f"{TAG}{name}" for name in ("str", "int", "float", "bool", "null")}
NUMBERS = {f"{TAG}int", f"{TAG}float"}


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
            if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
                reason = f"found {shorten(node.value)}, which is no valid number: it has {len(node.value)} digits"
                raise config_error(self.origins, path, reason)
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
            if key.tag not in {f"{TAG}str", f"{TAG}merge"} or not 0 < len(key.value) <= MAX_KEY or "`" in key.value:
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


def config_error(origins: Mapping[str, str], path: str, reason: str) -> ConfigError:
    """Say where the value at `path` (or what it stands in) was written, then what is wrong with it."""
    place = path
    while place and place not in origins:
        place = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", place)
    return ConfigError(reason, path, origins.get(place))
