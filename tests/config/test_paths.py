"""Paths into trees, and values put where they lead."""

from typing import Any

import pytest

from nnfang.config.paths import enclosing_paths, join_path, merge, set_value, split_path
from nnfang.core.constraints import FieldError

PATHS: list[tuple[str, list[str | int]]] = [
    ("", []),
    ("epochs", ["epochs"]),
    ("layers[0].units", ["layers", 0, "units"]),
    ("a[10][2].b", ["a", 10, 2, "b"]),
]


@pytest.mark.parametrize(("path", "parts"), PATHS)
def test_a_path_is_split_into_keys_and_indices_and_joined_again(path: str, parts: list[str | int]) -> None:
    assert split_path(path) == parts
    joined = ""
    for part in parts:
        joined = join_path(joined, part)
    assert joined == path


@pytest.mark.parametrize(
    ("path", "around"),
    [
        ("", []),
        ("epochs", ["epochs"]),
        ("layers[0].units", ["layers[0].units", "layers[0]", "layers"]),
        ("a[10][2].b-c", ["a[10][2].b-c", "a[10][2]", "a[10]", "a"]),
    ],
)
def test_a_path_is_enclosed_by_those_of_the_values_around_it(path: str, around: list[str]) -> None:
    assert list(enclosing_paths(path)) == around


@pytest.mark.parametrize("path", ["a]", "]", "[", "a.", ".", "..", "a[x]", "a\nb", "[]", "a[[0]]"])
def test_what_is_hardly_a_path_has_an_end_too(path: str) -> None:
    around = list(enclosing_paths(path))
    assert around[0] == path
    assert all(path.startswith(shorter) for shorter in around)


def test_merging_changes_neither_side() -> None:
    base, over = {"a": {"b": 1, "c": [1]}}, {"a": {"b": 2}, "d": 3}
    assert merge(base, over) == {"a": {"b": 2, "c": [1]}, "d": 3}
    assert (base, over) == ({"a": {"b": 1, "c": [1]}}, {"a": {"b": 2}, "d": 3})


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"type": "x", "a": 1}, {"a": 2}, {"type": "x", "a": 2}),
        ({"type": "x", "a": 1}, {"type": "x", "b": 2}, {"type": "x", "a": 1, "b": 2}),
        ({"type": "x", "a": 1}, {"type": "y", "b": 2}, {"type": "y", "b": 2}),
        ([1, 2], [3], [3]),
        ({"a": 1}, None, None),
    ],
)
def test_a_mapping_of_another_type_and_whatever_is_no_mapping_is_replaced(base: Any, over: Any, merged: Any) -> None:
    assert merge(base, over) == merged


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        ("", {"a": 2}, {"a": 2, "b": [{"c": 1}, 2]}),
        ("a", 2, {"a": 2, "b": [{"c": 1}, 2]}),
        ("x.y", 2, {"a": None, "b": [{"c": 1}, 2], "x": {"y": 2}}),
        ("a.y", 2, {"a": {"y": 2}, "b": [{"c": 1}, 2]}),
        ("b[0].d", 2, {"a": None, "b": [{"c": 1, "d": 2}, 2]}),
        ("b[1]", {}, {"a": None, "b": [{"c": 1}, {}]}),
    ],
)
def test_a_value_is_set_where_a_path_leads(path: str, value: Any, changed: Any) -> None:
    tree = {"a": None, "b": [{"c": 1}, 2]}
    assert set_value(tree, path, value) == changed
    assert tree == {"a": None, "b": [{"c": 1}, 2]}


@pytest.mark.parametrize(
    ("path", "place", "reason"),
    [
        ("a.x.y", "a.x", "there is no such key in 3"),
        ("a[0]", "a[0]", "there is no such item in 3, which is not a list"),
        ("b.0.c", "b.0", "there is no such key; items of a list are written [0], [1] ..."),
        ("b[1].c", "b[1]", "there is no such item; the list has 1, counted from 0"),
        ("[0]", "[0]", "there is no such item in {'a': 3, 'b': [1]}, which is not a list"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_where_it_ends(path: str, place: str, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        set_value({"a": 3, "b": [1]}, path, 0)
    assert (caught.value.path, caught.value.reason) == (place, reason)
