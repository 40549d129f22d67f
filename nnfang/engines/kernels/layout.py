"""Where a network's numbers are, and the arrays that the loops work in."""

from typing import Any, NamedTuple

from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.vectors import zeros

P, N, OUTPUTS, CODE, PADDED, START, UNITS, ENTRIES, MASK, PLAN = range(10)
"""Columns of `plan`, which has a row per dense layer: inputs and units, as stored; units without padding; the code of
the activation; whether the layer is in the padded arrays rather than in θ; where it begins there; where its units begin
in z, a and delta, and its entries, for one sample; and where the dropout masks of its units begin, or -1 where there
are none."""


class Layers(NamedTuple):
    """The layers in θ and the padded ones, each as an update of `nnfang.engines.kernels.updates`, and their plan."""

    own: Any
    padded: Any
    plan: Any


class Units(NamedTuple):
    """One number per unit and sample, layer after layer, each (samples, units as stored)."""

    z: Any
    a: Any
    delta: Any


@part
def for_columns(visit, n, like, rest):
    """Call ``visit(zero, column, rest)`` for parts of n columns, 128 where there are as many; `zero` says how many."""
    column = 0
    while n - column >= 128:
        visit(zeros(like, 128), column, rest)
        column += 128
    for_narrow_columns(visit, column, n, like, rest)


@part
def for_narrow_columns(visit, column, n, like, rest):
    """The same from a column on, with at most 64 at a time."""
    while n - column >= 64:
        visit(zeros(like, 64), column, rest)
        column += 64
    if n - column >= 32:
        visit(zeros(like, 32), column, rest)
        column += 32
    if n - column >= 16:
        visit(zeros(like, 16), column, rest)
