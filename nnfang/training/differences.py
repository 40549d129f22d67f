"""Derivatives as limits of differences, of a function that may have kinks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING

import numpy as np

from nnfang.training.objective import Side

if TYPE_CHECKING:
    from nnfang.core.arrays import Array

Index = tuple[int, ...] | EllipsisType
Evaluate = Callable[[], tuple[float, Side]]
"""The value of a function, and on which side of its kinks it is."""

STEPS = (1e-4, 1e-5, 1e-6)
"""h, and what is tried instead where a kink lies within it, or the function bends too much."""

STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
"""The central difference of order 4: f'(x) = Σ c f(x + kh) / h, but for h⁴ f⁽⁵⁾ / 30."""

BENT = 0.1
"""h is small enough where the differences of order 2 and 4 agree to this fraction of the tolerance, or to rounding.

That asks of order 2 what only order 4 has to fulfil: where L is e^kx with kh near 1, order 4 is hardly the better."""

ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""What rounding does to L, relative to max(1, |L|): a few units in the last place of sums of some hundred terms."""


@dataclass(frozen=True)
class Direction:
    """A change of an array: array[index] moves by `change`, which is 1 for a coordinate."""

    index: Index
    change: Array | float

    def along(self, gradient: Array) -> float:
        """The slope along this direction by a gradient."""
        return float(np.sum(gradient[self.index] * self.change))


@dataclass(frozen=True)
class Slope:
    """A slope, and the uncertainty that rounding leaves it with."""

    value: float
    uncertainty: float


def central_difference(array: Array, direction: Direction, evaluate: Evaluate, tolerance: float) -> Slope | None:
    """The slope of a function of `array`, which is changed on the way and then as it was.

    Whether h is small enough is judged by the differences alone, never by the gradient that they are compared with.

    Args:
        array: What the function depends on.
        direction: In which it moves.
        evaluate: The function.
        tolerance: The relative error that matters.

    Returns:
        None where a kink is nearer than the smallest h: there the difference is no derivative.
    """
    before = np.copy(array[direction.index])
    value, side = evaluate()
    found = None
    try:
        for h in STEPS:
            values = {}
            for k, _ in STENCIL:
                array[direction.index] = before + k * h * direction.change
                values[k], other = evaluate()
                if not all(map(np.array_equal, side, other)):
                    break
            else:
                order_4 = sum(coefficient * values[k] for k, coefficient in STENCIL) / h
                order_2 = (values[1] - values[-1]) / (2 * h)
                found = Slope(order_4, ROUNDING * max(1.0, abs(value)) / h)
                if abs(order_4 - order_2) <= max(BENT * tolerance * abs(order_4), found.uncertainty / 2):
                    break
    finally:
        array[direction.index] = before
    return found
