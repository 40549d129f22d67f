"""Between plain trees (what YAML and JSON hold) and the frozen dataclasses of a recipe.

The dataclasses are declared once, with their constraints in the annotations; a tree is read along them. A mapping that
stands for one of several classes names its class under the key ``type``, by the names in `REGISTRIES`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

from nnfang.config.keys import REGISTRIES, find_key, find_name, find_same, find_type, types_with, unwrap
from nnfang.config.paths import Tree, join_path
from nnfang.core.constraints import (
    UNIONS,
    FieldError,
    OneOf,
    annotations,
    describe,
    format_value,
    is_scalar,
    mismatch,
    shorten,
)
from nnfang.names import did_you_mean

FEW_KEYS = 8
"""Keys that are listed even where it is known which one was meant."""

NO_TYPES: Mapping[str, type] = MappingProxyType({})


def read_tree(hint: Any, tree: Tree) -> Any:
    """The value that a tree stands for; `hint` is a dataclass, or another annotation of a field.

    Raises:
        FieldError: The first fault of the tree.
    """
    value, faults = convert(hint, tree)
    if faults:
        raise faults[0]
    return value


def convert(hint: Any, tree: Tree) -> tuple[Any, list[FieldError]]:
    """The value that a tree stands for, or None and all faults of the tree in the order of its keys.

    Values that are right one by one and contradict each other are a fault too, and are looked for last.
    """
    reader = _Reader(hint)
    value = reader.read(hint, tree, "")
    return (None if reader.faults else value), reader.faults


class _Reader:
    """Reads a tree along annotations and goes on after a fault, with None in place of what cannot be read."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.faults: list[FieldError] = []

    def add_fault(self, path: str, reason: str) -> None:
        self.faults.append(FieldError(path, reason))

    def read(self, hint: Any, tree: Tree, path: str) -> Any:
        """The value at `path`, which an annotation describes."""
        if is_scalar(hint):
            return self.read_scalar(hint, tree, path)
        inner = unwrap(hint)
        if tree is None and inner is not hint:
            return None
        if get_origin(inner) is tuple:
            if isinstance(tree, list):
                return tuple(self.read(get_args(inner)[0], item, join_path(path, i)) for i, item in enumerate(tree))
        elif isinstance(tree, dict):
            if inner in REGISTRIES:
                return self.read_kind(REGISTRIES[inner], tree, path)
            return self.read_fields(inner, tree, path, annotations(inner))
        reason = f"found {format_value(tree)}, expected {describe_tree(hint)}"
        is_type = isinstance(tree, str) and inner in REGISTRIES and find_name(tree, REGISTRIES[inner])
        return self.add_fault(path, f'{reason}. Did you mean "{join_path(path, "type")}"?' if is_type else reason)

    def read_scalar(self, hint: Any, tree: Tree, path: str) -> Any:
        if reason := mismatch(hint, tree):
            close = did_you_mean(find_name(tree, names_of(hint))) if isinstance(tree, str) else ""
            return self.add_fault(path, f"{reason}.{close}" if close else reason)
        return float(tree) if type(tree) is int and is_float(hint) else tree

    def read_kind(self, registry: Mapping[str, type], tree: dict[str, Tree], path: str) -> Any:
        """An instance of the class that the key ``type`` names."""
        hint = Annotated[str, OneOf(registry)]
        if "type" not in tree:
            return self.add_fault(join_path(path, "type"), f"missing, expected {describe(hint)}")
        name = self.read_scalar(hint, tree["type"], join_path(path, "type"))
        if name is None:
            return None
        return self.read_fields(registry[name], tree, path, {"type": hint, **annotations(registry[name])}, registry)

    def read_fields(
        self,
        cls: type,
        tree: dict[str, Tree],
        path: str,
        hints: Mapping[str, Any],
        registry: Mapping[str, type] = NO_TYPES,
    ) -> Any:
        """An instance of a dataclass, maybe one of a registry; `hints` annotates each key that may stand here."""
        faults_before = len(self.faults)
        values: dict[str, Any] = {}
        for key, part in tree.items():
            if key in hints:
                values[key] = self.read(hints[key], part, join_path(path, key))
            else:
                self.add_unknown(str(key), path, hints, registry)
        for field in fields(cls):
            if field.name not in values and field.default is MISSING:
                self.add_fault(join_path(path, field.name), f"missing, expected {describe_tree(hints[field.name])}")
        if len(self.faults) > faults_before:
            return None
        values.pop("type", None)
        try:
            return cls(**values)
        except FieldError as error:
            return self.add_fault(f"{path}.{error.path}".lstrip("."), error.reason)

    def add_unknown(self, key: str, path: str, allowed: Iterable[str], registry: Mapping[str, type]) -> None:
        """Say of a key that there is none such, and which was probably meant: one of another type, or another key."""
        types = [] if find_same(key, allowed) else types_with(key, registry)
        meant = None if path or find_same(key, allowed) else find_type(key, self.root)
        hint = f" {_have(types)} it." if types else did_you_mean(meant or find_key(key, path, allowed, self.root))
        names = list(allowed)
        listed = f" Allowed here: {', '.join(names)}" if not hint or len(names) <= FEW_KEYS else ""
        self.add_fault(join_path(path, shorten(key)), f"there is no such key.{hint}{listed}")


def to_tree(value: Any) -> Tree:
    """The tree that `read_tree` makes `value` of."""
    if isinstance(value, tuple):
        return [to_tree(item) for item in value]
    if not is_dataclass(value):
        return value
    tree = {field.name: to_tree(getattr(value, field.name)) for field in fields(value)}
    names = [name for registry in REGISTRIES.values() for name, cls in registry.items() if type(value) is cls]
    return {"type": names[0], **tree} if names else tree


def describe_tree(hint: Any) -> str:
    """What an annotation allows, in words."""
    if is_scalar(hint):
        return describe(hint)
    if get_origin(hint) in UNIONS:
        return " or ".join(sorted(map(describe_tree, get_args(hint)), key=lambda words: words != "null"))
    if get_origin(hint) is tuple:
        return "a list"
    if hint in REGISTRIES:
        return "a mapping whose type is one of " + ", ".join(REGISTRIES[hint])
    return "a mapping with the keys " + ", ".join(annotations(hint))


def is_float(hint: Any) -> bool:
    """Whether the numbers that an annotation allows are floats."""
    hint = unwrap(hint)
    return (get_args(hint)[0] if get_origin(hint) is Annotated else hint) is float


def names_of(hint: Any) -> tuple[str, ...]:
    """The names among which an annotation lets one choose."""
    hint = unwrap(hint)
    constraint = get_args(hint)[1] if get_origin(hint) is Annotated else None
    return constraint.names if isinstance(constraint, OneOf) else ()


def _have(types: Sequence[str]) -> str:
    """``Type adam has``, or ``Types adam and adamw have``."""
    *others, last = types
    return f"Types {', '.join(others)} and {last} have" if others else f"Type {last} has"
