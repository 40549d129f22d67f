"""What a hyper-parameter may be: declared once, in the annotation of its field, and judged by one function.

A layer, optimizer or schedule is a frozen dataclass whose annotations carry a `Bounds` or a `OneOf`. `mismatch` judges
a value by such an annotation: when an instance is created (`check_fields`), and when `nnfang.config` reads one from a
file. Messages show values as YAML and JSON write them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from math import inf
from sys import float_info
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

SCALARS = {bool: "true or false", int: "an integer", float: "a number", str: "a string", NoneType: "null"}
"""The types that an annotation may consist of, in words."""

UNIONS = {Union, UnionType}
LITERALS = {None: "null", True: "true", False: "false"}

LONGEST = 60
"""Characters of a text that a message shows at most."""


class FieldError(ValueError):
    """A value that is of the wrong type or out of its bounds, or contradicts another.

    Attributes:
        path: Of the value, such as ``layers[0].units``.
        reason: What is wrong with it, and what is allowed.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Bounds:
    """The interval that a number must lie in: greater or less than a limit, or equal to it at most.

    Attributes:
        gt: value > gt.
        ge: value >= ge.
        lt: value < lt; infinity means any finite number.
        le: value <= le.
    """

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def __str__(self) -> str:
        limits = {">": self.gt, ">=": self.ge, "<": self.lt, "<=": self.le}
        words = [f"{sign} {limit:g}" for sign, limit in limits.items() if limit not in {None, inf}]
        return " and ".join([*words, "finite"] if self.lt == inf else words)

    def allows(self, value: float) -> bool:
        """Whether `value` lies in the interval; NaN never does."""
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )


@dataclass(frozen=True)
class OneOf:
    """The names that a string must be one of."""

    names: tuple[str, ...]

    def __init__(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", tuple(names))

    def __str__(self) -> str:
        return "one of " + ", ".join(self.names)

    def allows(self, value: str) -> bool:
        """Whether `value` is one of the names."""
        return value in self.names


Count = Annotated[int, Bounds(ge=1)]
Positive = Annotated[float, Bounds(gt=0, lt=inf)]
NonNegative = Annotated[float, Bounds(ge=0, lt=inf)]
Fraction = Annotated[float, Bounds(ge=0, lt=1)]


@cache
def annotations(cls: type) -> dict[str, Any]:
    """The annotation of each field of the dataclass `cls`, with its constraint."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in fields(cls)}


def check_fields(instance: Any) -> None:
    """Check each field of a dataclass instance against its annotation.

    A field that holds other dataclasses is left to them: they have checked themselves.

    Raises:
        FieldError: A field is of the wrong type or out of its bounds.
    """
    cls: type = type(instance)
    for name, hint in annotations(cls).items():
        if is_scalar(hint) and (reason := mismatch(hint, getattr(instance, name))):
            raise FieldError(name, reason)


def is_scalar(hint: Any) -> bool:
    """Whether an annotation allows nothing but true, false, numbers, strings and null."""
    if get_origin(hint) in UNIONS:
        return all(map(is_scalar, get_args(hint)))
    return get_origin(hint) is Annotated or hint in SCALARS


def mismatch(hint: Any, value: Any) -> str:
    """Why a scalar annotation does not allow a value, such as ``found 0, expected an integer >= 1``; "" if it does."""
    return "" if allows(hint, value) else f"found {format_value(value)}, expected {describe(hint)}"


def allows(hint: Any, value: Any) -> bool:
    """Whether a value is what a scalar annotation allows: true is no integer, but an integer is a number."""
    if get_origin(hint) in UNIONS:
        return any(allows(part, value) for part in get_args(hint))
    if get_origin(hint) is Annotated:
        part, constraint = get_args(hint)
        return allows(part, value) and bool(constraint.allows(value))
    if isinstance(value, bool):
        return hint is bool
    if hint is float and isinstance(value, int):
        return abs(value) <= float_info.max
    return isinstance(value, hint)


def describe(hint: Any) -> str:
    """What a scalar annotation allows, in words."""
    if get_origin(hint) in UNIONS:
        return " or ".join(map(describe, get_args(hint)))
    if get_origin(hint) is Annotated:
        part, constraint = get_args(hint)
        return f"{describe(part)} {constraint}" if isinstance(constraint, Bounds) else str(constraint)
    return SCALARS[hint]


def format_value(value: Any) -> str:
    """A value as a message shows it: on one line, and not too long."""
    if value is None or isinstance(value, bool):
        return LITERALS[value]
    try:
        return shorten(repr(value))
    except (RecursionError, ValueError):  # lists in lists in lists ...; an integer of thousands of digits
        return "a value too large to show"


def shorten(text: str) -> str:
    """A text cut to the length that a message has room for."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
