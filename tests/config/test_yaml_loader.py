"""YAML -> trees with the lines of their values; what is refused is in test_sources, as its users see it."""

import math
from typing import Any

import pytest
import yaml

from nnfang.config.origins import Origin, Origins
from nnfang.config.yaml_loader import Dumper, Loader, parse_yaml
from nnfang.errors import ConfigError

WHOLE = Origin(0, 0, "a.yaml")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("# nothing", None),
        ("3", 3),
        ("[1, 2.5, 1e-3, .5E+3, yes, ~, x, '1', 0x10, 1_000]", [1, 2.5, 0.001, 500.0, True, None, "x", "1", 16, 1000]),
        ("2024-01-01", "2024-01-01"),
        ("{a: {b: [1]}, c: }", {"a": {"b": [1]}, "c": None}),
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
        ("<<: [{a: 1}, {a: 2, b: 2}]\nc: 3", {"a": 1, "b": 2, "c": 3}),
    ],
)
def test_a_text_becomes_a_tree(text: str, tree: Any) -> None:
    origins = Origins()
    assert parse_yaml(text, WHOLE, origins) == tree
    origins.raise_faults()


def test_each_value_is_traced_to_its_line() -> None:
    origins = Origins()
    parse_yaml("a: 1\nb:\n  - c: 2\n    d:\n      3\n  - 4\n", WHOLE, origins, "top")
    lines = {path: str(origins.find(path)) for path in ("top.a", "top.b[0].c", "top.b[0].d", "top.b[1]")}
    assert lines == {
        "top.a": "a.yaml, line 1",
        "top.b[0].c": "a.yaml, line 3",
        "top.b[0].d": "a.yaml, line 5",
        "top.b[1]": "a.yaml, line 6",
    }


def test_what_cannot_be_read_is_a_fault_and_the_rest_is_read() -> None:
    origins, text = Origins(), "a: !x 1\nb: [2, !!int x]\n3: 4\nb: 5\nc: 6"
    assert parse_yaml(text, WHOLE, origins) == {"a": None, "b": [2, None], "c": 6}
    with pytest.raises(ConfigError) as caught:
        origins.raise_faults()
    assert [(fault.path, str(fault.origin)[-1]) for fault in caught.value.faults] == [
        *(("a", "1"), ("b[1]", "2"), (None, "3"), ("b", "4")),
    ]


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: [", 2), ("a: 1\n\nb: \x07", 3), ("a: *b", 1), ("a: 1\n--- 2", 2), ("- " * 9999, 0)]
)
def test_a_text_that_cannot_be_read_at_all_is_refused_with_the_cause(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, WHOLE, Origins())
    assert caught.value.origin == str(WHOLE.at(line))
    assert isinstance(caught.value.__cause__, yaml.YAMLError | RecursionError)


STRINGS = ["1e-3", "1E5", "-.5e3", "2024-01-01", "on", "", "<<", "=", "1:30", "0x1", " x", "é", "a: b", "\n", "1_0"]


@pytest.mark.parametrize("value", [*STRINGS, 1e-3, 1e300, 5e-324, -0.0, 10**30, True, None, math.pi])
def test_what_is_written_reads_the_same(value: Any) -> None:
    text = yaml.dump({"a": value}, Dumper=Dumper, allow_unicode=True)
    assert repr(parse_yaml(text, WHOLE, Origins())) == repr({"a": value})
    assert yaml.load(text, Loader=Loader) == {"a": value}
