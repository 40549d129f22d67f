"""Bounds beside the fields they bound, and messages that say what is allowed."""

import re
from dataclasses import dataclass
from math import inf, nan
from typing import Annotated, Any

import numpy as np
import pytest

from nnfang.core.constraints import Bounds, Count, Fraction, NonNegative, OneOf, Positive, check_fields, constraints
from nnfang.core.layers import LAYERS, Dense, Dropout
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
    (Bounds(ge=1), [1, 2, 10**9, 1.0, inf], [0, -1, 0.999, nan, "1", None]),
    (Bounds(gt=0, lt=inf), [1e-300, 1, 1e300, np.float64(1)], [0, -1, inf, nan]),
    (Bounds(ge=0, lt=1), [0, 0.5, 0.999], [1, -1e-9, nan]),
    (Bounds(gt=0, le=1), [1, 1e-9], [0, 1.001]),
    (OneOf(("a", "b")), ["a", "b"], ["c", "A", "", 1, None]),
]


@pytest.mark.parametrize(("constraint", "allowed", "refused"), CASES)
def test_a_constraint_allows_exactly_its_interval_or_names(
    constraint: Bounds | OneOf, allowed: list[Any], refused: list[Any]
) -> None:
    assert [value for value in allowed if not constraint.allow(value)] == []
    assert [value for value in refused if constraint.allow(value)] == []


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


def test_constraints_are_read_from_the_annotations_also_under_or_none() -> None:
    assert list(constraints(Recipe)) == ["count", "rate", "decay", "share", "limit", "name"]
    assert constraints(Recipe)["limit"] == Bounds(ge=1)
    assert constraints(Recipe)["name"] == OneOf(("a", "b"))


REFUSED: list[tuple[type, dict[str, Any], str]] = [
    (Recipe, {"count": 0}, "count: must be >= 1, found 0"),
    (Recipe, {"limit": 0}, "limit: must be >= 1, found 0"),
    (Recipe, {"share": 1.0}, "share: must be >= 0 and < 1, found 1.0"),
    (Recipe, {"rate": "fast"}, "rate: must be > 0"),
    (Recipe, {"name": "c"}, "name: must be one of a, b, found 'c'"),
    (Dense, {"units": 0}, "units: must be >= 1, found 0"),
    (Dense, {"units": 3, "activation": "selu"}, "activation: must be one of relu, leaky_relu, sigmoid, tanh, gelu, "),
    (Dense, {"units": 3, "initializer": "ones"}, "initializer: must be one of he_normal, he_uniform, "),
    (Dropout, {"rate": 1.0}, "rate: must be >= 0 and < 1, found 1.0"),
    (Dropout, {"rate": -0.1}, "rate: must be >= 0 and < 1, found -0.1"),
    (Sgd, {"learning_rate": 0}, "learning_rate: must be > 0"),
    (Sgd, {"learning_rate": nan}, "learning_rate: must be > 0"),
    (Sgd, {"learning_rate": inf}, "learning_rate: must be > 0"),
    (Sgd, {"weight_decay": -1}, "weight_decay: must be >= 0"),
    (Momentum, {"momentum": 1.0}, "momentum: must be >= 0 and < 1, found 1.0"),
    (RmsProp, {"epsilon": 0}, "epsilon: must be > 0"),
    (Adam, {"beta2": 1}, "beta2: must be >= 0 and < 1, found 1"),
]


@pytest.mark.parametrize(("kind", "fields", "message"), REFUSED)
def test_a_field_out_of_its_bounds_is_named_with_what_was_found(
    kind: type, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as refusal:
        kind(**fields)
    assert repr(next(reversed(fields.values()))) in str(refusal.value)


def test_none_is_no_value_to_check_and_defaults_are_within_bounds() -> None:
    assert Recipe(limit=None).limit is None
    assert {kind.__name__: constraints(kind) for kind in LAYERS.values()}["Dropout"] == {"rate": Bounds(ge=0, lt=1)}
