"""Where values were written, and the order in which faults are told."""

import pytest

from nnfang.config.origins import Origin, Origins
from nnfang.errors import ConfigError

FILE = Origin(0, 0, "a.yaml")
OPTION = Origin(2, 0, "--epochs 3")


def told(origins: Origins) -> list[str]:
    """The lines of the error."""
    with pytest.raises(ConfigError) as caught:
        origins.raise_faults()
    return str(caught.value).splitlines()


def test_origins_compare_by_source_and_line() -> None:
    assert [FILE.at(10), FILE.at(2), OPTION, FILE] != sorted([FILE.at(10), FILE.at(2), OPTION, FILE])
    assert [str(origin) for origin in sorted([OPTION, FILE.at(10), FILE.at(2), FILE])] == [
        *("a.yaml", "a.yaml, line 2", "a.yaml, line 10", "--epochs 3"),
    ]


def test_a_value_was_written_where_the_value_around_it_was() -> None:
    origins = Origins()
    origins.record("layers", FILE.at(1))
    origins.record("layers[1]", FILE.at(3))
    assert origins.find("layers[1].units") == FILE.at(3)
    assert origins.find("layers[0].units") == FILE.at(1)
    assert origins.find("layer") is None
    origins.record("optimizer.lr", OPTION)
    assert origins.find("optimizer") == OPTION
    assert "layers" in origins
    assert "layers[0]" not in origins


def test_what_replaces_a_value_replaces_what_was_in_it() -> None:
    origins = Origins()
    for line, path in enumerate(("a", "a.b", "a[0]", "ab"), 1):
        origins.record(path, FILE.at(line))
    origins.replace("a", OPTION)
    assert [str(origins.find(path)) for path in ("a", "a.b", "a[0]", "ab")] == [*["--epochs 3"] * 3, "a.yaml, line 4"]


def test_without_faults_nothing_is_raised() -> None:
    Origins().raise_faults()


def test_faults_are_told_in_the_order_of_sources_and_lines_and_those_of_defaults_last() -> None:
    origins = Origins()
    origins.record("b", FILE.at(2))
    origins.record("c", OPTION)
    for path in "acb":
        origins.add_fault(path, "wrong")
    origins.add_fault("", "no key", FILE.at(1))
    assert told(origins) == [
        *("a.yaml, line 1: no key", "a.yaml, line 2: b: wrong", "--epochs 3: c: wrong", "a: wrong"),
    ]


def test_what_follows_from_an_unreadable_value_is_not_told_unless_it_was_replaced() -> None:
    origins = Origins()
    origins.record("a", FILE.at(1))
    origins.add_unreadable("a", "unreadable", FILE.at(1))
    origins.add_fault("a.b[0]", "missing")
    origins.add_fault("ab", "wrong")
    assert told(origins) == ["a.yaml, line 1: a: unreadable", "ab: wrong"]
    origins.replace("a", OPTION)
    origins.add_fault("a.b[0]", "missing")
    assert told(origins) == ["a.yaml, line 1: a: unreadable", "--epochs 3: a.b[0]: missing", "ab: wrong"]


def test_a_failure_is_told_with_the_faults_before_it() -> None:
    origins = Origins()
    origins.add_fault("a", "wrong", FILE.at(3))
    error = origins.failure("not valid YAML", FILE.at(2))
    assert [str(fault) for fault in error.faults] == ["a.yaml, line 2: not valid YAML", "a.yaml, line 3: a: wrong"]
    assert (error.path, error.reason, error.origin) == (None, "not valid YAML", "a.yaml, line 2")
