"""What a hyper-parameter may be: declared once, beside it, and checked wherever it comes from.

A layer, optimizer or schedule is a frozen dataclass whose annotations carry a `Bounds` or a `OneOf`. Constructing one
in Python checks them (`check_fields`); `nnfang.config` reads the same annotations to check YAML and to write its JSON
Schema.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from math import inf
from typing import Annotated, Any, get_args, get_type_hints


class FieldError(ValueError):
    """A value that is out of its bounds, or contradicts another.

    Attributes:
        path: Of the value, such as ``layers[0].units``.
        reason: What is wrong with it and what is allowed.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Bounds:
    """The interval a number must lie in."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def __str__(self) -> str:
        signs = {">": self.gt, ">=": self.ge, "<": self.lt, "<=": self.le}
        limits = [f"{sign} {limit:g}" for sign, limit in signs.items() if limit not in {None, inf}]
        return " and ".join([*limits, "finite"] if self.lt == inf else limits)

    def allow(self, value: Any) -> bool:
        """Whether `value` is a number inside the interval; NaN never is."""
        return (
            isinstance(value, int | float)
            and (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )


@dataclass(frozen=True)
class OneOf:
    """The names a string must be one of."""

    names: tuple[str, ...]

    def __init__(self, names: Iterable[str]) -> None:
        object.__setattr__(self, "names", tuple(names))

    def __str__(self) -> str:
        return "one of " + ", ".join(self.names)

    def allow(self, value: Any) -> bool:
        """Whether `value` is one of the names."""
        return value in self.names


Count = Annotated[int, Bounds(ge=1)]
Positive = Annotated[float, Bounds(gt=0, lt=inf)]
NonNegative = Annotated[float, Bounds(ge=0, lt=inf)]
Fraction = Annotated[float, Bounds(ge=0, lt=1)]


@cache
def constraints(cls: type) -> dict[str, Bounds | OneOf]:
    """The constraint of each field of the dataclass `cls` that has one, also under "or None"."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        field.name: mark
        for field in fields(cls)
        for hint in (hints[field.name], *get_args(hints[field.name]))
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Bounds | OneOf)
    }


def check_fields(instance: Any) -> None:
    """Check each field of a dataclass instance against its annotation.

    Raises:
        FieldError: A field is out of its bounds.
    """
    cls: type = type(instance)
    for name, constraint in constraints(cls).items():
        value = getattr(instance, name)
        if value is not None and not constraint.allow(value):
            raise FieldError(name, f"must be {constraint}, found {value!r}")
