"""Paths of values in a tree, such as ``layers[0].units``, and what they lead to."""

import re
from collections.abc import Iterator
from typing import Any

from nnfang.core.constraints import FieldError, format_value

Tree = Any
"""None, bool, int, float, str, and lists and dicts of them: what YAML and JSON hold."""


def split_path(path: str) -> list[str | int]:
    """``layers[0].units`` as its parts: "layers", 0, "units"."""
    return [int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)]


def join_path(path: str, part: str | int) -> str:
    """The path of an item or a key of the value at `path`."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part


def enclosing_paths(path: str) -> Iterator[str]:
    """`path` itself, then those of the values around it, from the inside out; the whole tree, "", is left out."""
    while path:
        yield path
        path = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+|.)$", "", path, flags=re.DOTALL)


def merge(base: Tree, over: Tree) -> Tree:
    """`over` where it says something, otherwise `base`; a mapping of another type replaces the whole mapping."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    if over.get("type", base.get("type")) != base.get("type"):
        return over
    return {**base, **{key: merge(base[key], value) if key in base else value for key, value in over.items()}}


def has_value(tree: Tree, path: str) -> bool:
    """Whether a path leads somewhere."""
    for part in split_path(path):
        is_there = part in tree if isinstance(tree, dict) else isinstance(tree, list) and part in range(len(tree))
        if not is_there:
            return False
        tree = tree[part]
    return True


def set_value(tree: Tree, path: str, value: Tree) -> Tree:
    """A tree with `value` merged in at `path`; mappings on the way there are created where there is nothing.

    Raises:
        FieldError: The path leads through something that has no such part.
    """
    return _set_part(tree, split_path(path), value, "")


def _set_part(tree: Tree, parts: list[str | int], value: Tree, path: str) -> Tree:
    """`tree`, which is at `path`, with `value` merged in where `parts` lead from there."""
    if not parts:
        return merge(tree, value)
    part, *rest = parts
    place = join_path(path, part)
    if isinstance(part, str):
        if isinstance(tree, list):
            raise FieldError(place, "there is no such key; items of a list are written [0], [1] ...")
        if not isinstance(tree, dict | None):
            raise FieldError(place, f"there is no such key in {format_value(tree)}")
        return merge(tree, {part: _set_part((tree or {}).get(part), rest, value, place)})
    if not isinstance(tree, list):
        raise FieldError(place, f"there is no such item in {format_value(tree)}, which is not a list")
    if part >= len(tree):
        raise FieldError(place, f"there is no such item; the list has {len(tree)}, counted from 0")
    return [*tree[:part], _set_part(tree[part], rest, value, place), *tree[part + 1 :]]
