"""Bounds beside the fields they bound, and messages that say what is allowed."""

import re
from dataclasses import dataclass
from math import inf, nan
from typing import Annotated, Any

import numpy as np
import pytest

from nnfang.core.constraints import (
    Bounds,
    Count,
    FieldError,
    Fraction,
    NonNegative,
    OneOf,
    Positive,
    annotations,
    check_fields,
    describe,
    format_value,
    is_scalar,
    mismatch,
)
from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import Adam, Momentum, RmsProp, Sgd

TEXTS = [
    (Bounds(ge=1), ">= 1"),
    (Bounds(gt=0, le=1), "> 0 and <= 1"),
    (Bounds(ge=0, lt=1), ">= 0 and < 1"),
    (Bounds(ge=0.25), ">= 0.25"),
    (OneOf(["a", "b"]), "one of a, b"),
    (OneOf({"relu": 1, "tanh": 2}), "one of relu, tanh"),
]


@pytest.mark.parametrize(("constraint", "text"), TEXTS)
def test_a_constraint_says_what_it_allows(constraint: Bounds | OneOf, text: str) -> None:
    assert str(constraint) == text


CASES: list[tuple[Bounds | OneOf, list[Any], list[Any]]] = [
    (Bounds(ge=1), [1, 2, 10**9, 1.0, inf], [0, -1, 0.999, nan]),
    (Bounds(gt=0, lt=inf), [1e-300, 1, 1e300, np.float64(1)], [0, -1, inf, nan]),
    (Bounds(ge=0, lt=1), [0, 0.5, 0.999], [1, -1e-9, nan]),
    (Bounds(gt=0, le=1), [1, 1e-9], [0, 1.001]),
    (OneOf(("a", "b")), ["a", "b"], ["c", "A", "", 1, None]),
]


@pytest.mark.parametrize(("constraint", "allowed", "refused"), CASES)
def test_a_constraint_allows_exactly_its_interval_or_names(
    constraint: Bounds | OneOf, allowed: list[Any], refused: list[Any]
) -> None:
    assert [value for value in allowed if not constraint.allows(value)] == []
    assert [value for value in refused if constraint.allows(value)] == []


@dataclass(frozen=True)
class Recipe:
    count: Count = 1
    rate: Positive = 1.0
    decay: NonNegative = 0.0
    share: Fraction = 0.0
    limit: Count | None = None
    name: Annotated[str, OneOf(("a", "b"))] = "a"
    free: int = 0

    def __post_init__(self) -> None:
        check_fields(self)


def test_annotations_keep_their_constraints() -> None:
    assert list(annotations(Recipe)) == ["count", "rate", "decay", "share", "limit", "name", "free"]
    assert annotations(Recipe)["limit"] == Count | None


HINTS: list[tuple[Any, str, list[Any], list[Any]]] = [
    (bool, "true or false", [True, False], [0, 1, "true", None]),
    (int, "an integer", [0, -1, 2**70], [True, 1.0, "1", None, nan]),
    (float, "a number", [0, 1.5, -(2**70), nan, inf, np.float64(1)], [True, 10**400, -(10**400), "1", None]),
    (str, "a string", ["", "x"], [1, None, b"x", ["x"]]),
    (Count, "an integer >= 1", [1, 10**400], [0, True, 1.0, inf]),
    (Positive, "a number > 0 and finite", [1, 5e-324, 1e308], [0, -1, inf, nan, "1", True, 10**400]),
    (Count | None, "an integer >= 1 or null", [1, None], [0, False, "null"]),
    (int | str, "an integer or a string", [1, "x"], [None, 1.5, True]),
    (Annotated[str, OneOf(("a", "b"))], "one of a, b", ["a", "b"], ["", "c", 1, None, ["a"]]),
]


@pytest.mark.parametrize(("hint", "words", "allowed", "refused"), HINTS)
def test_a_scalar_is_judged_by_its_annotation(hint: Any, words: str, allowed: list[Any], refused: list[Any]) -> None:
    assert is_scalar(hint)
    assert describe(hint) == words
    assert [value for value in allowed if mismatch(hint, value)] == []
    assert [mismatch(hint, value) for value in refused] == [
        f"found {format_value(v)}, expected {words}" for v in refused
    ]


@pytest.mark.parametrize("hint", [Recipe, Recipe | None, tuple[int, ...], list, object])
def test_what_is_made_of_other_things_is_no_scalar(hint: Any) -> None:
    assert not is_scalar(hint)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0, "0"),
        (1.0, "1.0"),
        ("a\nb", r"'a\nb'"),
        ("x" * 99, "'" + "x" * 56 + "..."),
        (["x" * 99], "['" + "x" * 55 + "..."),
    ],
)
def test_a_value_in_a_message_takes_one_short_line(value: Any, text: str) -> None:
    assert format_value(value) == text


def test_a_value_that_python_cannot_write_is_named_as_such() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    for value in (nested, -(10**5000)):
        assert mismatch(Count, value) == "found a value too large to show, expected an integer >= 1"


REFUSED: list[tuple[type, dict[str, Any], str]] = [
    (Recipe, {"count": 0}, "count: found 0, expected an integer >= 1"),
    (Recipe, {"limit": 0}, "limit: found 0, expected an integer >= 1"),
    (Recipe, {"share": 1.0}, "share: found 1.0, expected a number >= 0 and < 1"),
    (Recipe, {"rate": "fast"}, "rate: found 'fast', expected a number > 0 and finite"),
    (Recipe, {"count": 2.0}, "count: found 2.0, expected an integer >= 1"),
    (Recipe, {"free": "1"}, "free: found '1', expected an integer"),
    (Recipe, {"name": "c"}, "name: found 'c', expected one of a, b"),
    (Dense, {"units": 0}, "units: found 0, expected an integer >= 1"),
    (
        Dense,
        {"units": 3, "activation": "selu"},
        "activation: found 'selu', expected one of relu, leaky_relu, sigmoid, tanh, gelu, ",
    ),
    (Dense, {"units": 3, "initializer": "ones"}, "initializer: found 'ones', expected one of he_normal, he_uniform, "),
    (Dropout, {"rate": 1.0}, "rate: found 1.0, expected a number >= 0 and < 1"),
    (Dropout, {"rate": -0.1}, "rate: found -0.1, expected a number >= 0 and < 1"),
    (Sgd, {"learning_rate": 0}, "learning_rate: found 0, expected a number > 0"),
    (Sgd, {"learning_rate": nan}, "learning_rate: found nan, expected a number > 0"),
    (Sgd, {"learning_rate": inf}, "learning_rate: found inf, expected a number > 0"),
    (Sgd, {"weight_decay": -1}, "weight_decay: found -1, expected a number >= 0"),
    (Momentum, {"momentum": 1.0}, "momentum: found 1.0, expected a number >= 0 and < 1"),
    (RmsProp, {"epsilon": 0}, "epsilon: found 0, expected a number > 0"),
    (Adam, {"beta2": 1}, "beta2: found 1, expected a number >= 0 and < 1"),
]


@pytest.mark.parametrize(("kind", "fields", "message"), REFUSED)
def test_a_field_out_of_its_bounds_is_named_with_what_was_found(
    kind: type, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        kind(**fields)


def test_none_is_allowed_only_where_the_annotation_says_so() -> None:
    assert Recipe(limit=None).limit is None
    with pytest.raises(FieldError, match="count: found null, expected an integer >= 1"):
        Recipe(count=None)  # type: ignore[arg-type]  # what is tested


def test_a_field_error_is_its_path_and_its_reason() -> None:
    assert str(FieldError("layers[0].units", "too few")) == "layers[0].units: too few"
    assert str(FieldError("", "too few")) == "too few"
