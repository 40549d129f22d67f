"""YAML read safely into plain trees, each value traced to its line, and written so that it reads the same again."""

import re

import yaml
from yaml.reader import ReaderError

from nnfang.config.origins import Origin, Origins
from nnfang.config.paths import Tree, join_path
from nnfang.core.constraints import format_value

MAX_NODES = 10_000
"""Values in one file, aliases counted as often as they are used: a small file can stand for an endless tree."""

MAX_KEY = 100
"""Characters of a key, which messages repeat."""

MAX_DIGITS = 100
"""Characters of a number: the time to read 1:1:1, a number to base 60, grows with the square of its length."""

TAB = "a tab, where spaces are needed"
"""What PyYAML calls a "character '\\t' that cannot start any token"."""

TAG = "tag:yaml.org,2002:"
SCALARS = {f"{TAG}{name}" for name in ("str", "int", "float", "bool", "null")}
NUMBERS = {f"{TAG}int", f"{TAG}float"}


class Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it safely, except that 1e-3 is a number, as everywhere else, and a date is a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own table
        first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class Dumper(yaml.SafeDumper):
    """Writes YAML that `Loader` reads: the string "1e-3" needs quotes."""


for loader_or_dumper in (Loader, Dumper):
    loader_or_dumper.add_implicit_resolver(
        f"{TAG}float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


def write_yaml(tree: Tree) -> str:
    """A tree as a YAML text of which `parse_yaml` makes the same tree."""
    text: str = yaml.dump(tree, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=120, allow_unicode=True)
    return text


def parse_yaml(text: str, whole: Origin, origins: Origins, path: str = "") -> Tree:
    """The tree of a YAML text.

    Args:
        text: One YAML document.
        whole: The origin of the text.
        origins: Receives the line of each value; and the faults of single values, which are None in the tree.
        path: Of the tree, if it is part of another.

    Raises:
        ConfigError: The text is not YAML, nested too deeply, or too large.
    """
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        return None if node is None else _TreeBuilder(loader, whole, origins).build(node, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = whole.at(mark.line + 1) if mark else whole
        problem = TAB if "'\\t'" in str(error.problem) else error.problem or error.context
        raise origins.failure(f"not valid YAML: {problem}", place) from error
    except ReaderError as error:
        reason = f"not valid YAML: the character #x{ord(text[error.position]):04x} is not allowed"
        raise origins.failure(reason, whole.at(text.count("\n", 0, error.position) + 1)) from error
    except RecursionError as error:
        raise origins.failure("nested too deeply", whole) from error


class _TreeBuilder:
    """Builds a tree of YAML nodes and goes on after a fault, with None in place of what cannot be read."""

    def __init__(self, loader: Loader, whole: Origin, origins: Origins) -> None:
        self.loader, self.whole, self.origins = loader, whole, origins
        self.nodes = 0

    def build(self, node: yaml.Node, path: str) -> Tree:
        """The value of a node and of all below it."""
        self.origins.record(path, self.origin_of(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            return self.build_mapping(node, path)
        self.count_node()
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            return [self.build(item, join_path(path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in SCALARS:
            return self.build_scalar(node, path)
        return self.add_unreadable(node, path, f"the tag {node.tag} is not allowed")

    def build_scalar(self, node: yaml.ScalarNode, path: str) -> Tree:
        found = f"found {format_value(node.value)}"
        if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            return self.add_unreadable(node, path, f"{found}, a number of {len(node.value)} digits, which is too long")
        try:
            return self.loader.construct_object(node)
        except (ValueError, LookupError, OverflowError):  # such as !!bool maybe
            return self.add_unreadable(node, path, f"{found}, which is not a valid {node.tag.removeprefix(TAG)}")

    def build_mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Tree]:
        """A mapping; a duplicate key is a fault, where plain YAML would let the last one win."""
        self.count_node()
        lines: dict[str, int] = {}
        merged: dict[str, Tree] = {}
        own: list[tuple[str, yaml.Node]] = []
        for key, value in node.value:
            if reason := find_key_fault(key):
                self.add_fault(key, "", reason)
                continue
            if key.value in lines:
                reason = f"duplicate key, first on line {lines[key.value]}"
                self.add_fault(key, join_path(path, key.value), reason)
                continue
            lines[key.value] = key.start_mark.line + 1
            if key.tag == f"{TAG}merge":
                merged = self.build_merged(value, path)
            else:
                own.append((key.value, value))
        return merged | {key: self.build(value, join_path(path, key)) for key, value in own}

    def build_merged(self, node: yaml.Node, path: str) -> dict[str, Tree]:
        """What ``<<`` merges into the mapping at `path`: a mapping, or a list of them of which the first wins."""
        merged: dict[str, Tree] = {}
        for item in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(item, yaml.MappingNode):
                merged |= self.build_mapping(item, path)
            else:
                self.add_fault(item, "", f"found {format_value(item.value)} to merge, expected a mapping")
        return merged

    def count_node(self) -> None:
        """Refuse a tree that is too large."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.origins.failure(f"more than {MAX_NODES:,} values", self.whole)

    def add_fault(self, node: yaml.Node, path: str, reason: str) -> None:
        self.count_node()  # so that the number of faults is limited too
        self.origins.add_fault(path, reason, self.origin_of(node))

    def add_unreadable(self, node: yaml.Node, path: str, reason: str) -> None:
        self.origins.add_unreadable(path, reason, self.origin_of(node))

    def origin_of(self, node: yaml.Node) -> Origin:
        return self.whole.at(node.start_mark.line + 1)


def find_key_fault(key: yaml.Node) -> str:
    """Why a node is no key of a config; "" if it is one."""
    if not isinstance(key, yaml.ScalarNode):
        return "found a list or mapping as a key, expected a name"
    found = f"found the key {format_value(key.value)}"
    if key.tag not in {f"{TAG}str", f"{TAG}merge"}:
        return f"{found}, which YAML reads as {key.tag.removeprefix(TAG)}, expected a name"
    if not 0 < len(key.value) <= MAX_KEY or not key.value.isprintable():
        return f"{found}, expected a name"
    return ""
