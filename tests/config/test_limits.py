"""What is exactly as long or as many as is allowed is accepted, and one more is refused."""

import io
from typing import Any

import pytest

from nnfang.config import sources
from nnfang.config.origins import Origin, Origins
from nnfang.config.yaml_loader import MAX_DIGITS, MAX_KEY, MAX_NODES, parse_yaml
from nnfang.errors import ConfigError

WHOLE = Origin(0, 0, "a.yaml")


def parse(text: str) -> Any:
    origins = Origins()
    tree = parse_yaml(text, WHOLE, origins)
    origins.raise_faults()
    return tree


def test_a_file_may_be_a_million_characters_long() -> None:
    text = f"epochs: 3 # {'x' * (sources.MAX_LENGTH - 12)}"
    assert len(text) == sources.MAX_LENGTH == 1_000_000
    assert sources.load(io.StringIO(text), [], {}).recipe.epochs == 3
    with pytest.raises(ConfigError, match=r"^standard input: longer than 1,000,000 characters, which no config needs$"):
        sources.load(io.StringIO(f"{text}x"), [], {})


def test_a_key_may_have_a_hundred_characters() -> None:
    assert MAX_KEY == 100
    assert parse(f"{'k' * 100}: 1") == {"k" * 100: 1}
    with pytest.raises(ConfigError, match="expected a name"):
        parse(f"{'k' * 101}: 1")
    with pytest.raises(ConfigError, match="expected a name"):
        parse("'': 1")


@pytest.mark.parametrize("start", ["1", "0."])
def test_a_number_may_have_a_hundred_characters(start: str) -> None:
    number = start.ljust(MAX_DIGITS, "1")
    assert len(number) == 100
    assert parse(number) == (int(number) if start == "1" else float(number))
    with pytest.raises(ConfigError, match="a number of 101 digits, which is too long"):
        parse(f"{number}1")
    assert parse(f'"{number}1"') == f"{number}1"


def test_a_tree_may_have_ten_thousand_values() -> None:
    assert MAX_NODES == 10_000
    assert parse(f"[{'1,' * 9_999}]") == [1] * 9_999
    with pytest.raises(ConfigError, match=r"^a\.yaml: more than 10,000 values$"):
        parse(f"[{'1,' * 10_000}]")
    assert len(parse(f"{{{','.join(f'k{i}: 1' for i in range(9_999))}}}")) == 9_999
    with pytest.raises(ConfigError, match="more than 10,000 values"):
        parse(f"{{{','.join(f'k{i}: 1' for i in range(10_000))}}}")


@pytest.mark.parametrize(
    ("text", "tree"),
    [("!!map {a: 1}", {"a": 1}), ("a: !!seq [1]", {"a": [1]}), ("a: !!str 1", {"a": "1"}), ("a: !!int '1'", {"a": 1})],
)
def test_a_tag_may_say_what_a_value_is_anyway(text: str, tree: Any) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "value",
    [
        *("!!map [1]", "!!map x", "!!seq {b: 1}", "!!seq x", "!!str [1]", "!!str {b: 1}", "!!int [1]"),
        *("!!set {b, c}", "!!omap [b: 1]", "!!pairs [b: 1]", "!!binary eA==", "!!timestamp 2024-01-01"),
        *("!mine {b: 1}", "!mine [1]", "!!python/tuple [1]", "!!python/object/apply:os.getcwd []"),
    ],
)
def test_a_tag_of_another_kind_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"^a\.yaml, line 2: a: the tag \S+ is not allowed$"):
        parse(f"c: 1\na: {value}")
