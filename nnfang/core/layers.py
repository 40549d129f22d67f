"""Layer kinds: frozen descriptions without arrays. Parameters, traces and random generators are passed in.

What backward needs of forward is kept in a `LayerTrace`, one a layer, and nowhere else. m is the number of rows
(samples), n the layer's units, p the units of the layer before (or the network's inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, Self

import numpy as np

from nnfang.core.activations import ACTIVATIONS, OUTPUT_ONLY
from nnfang.core.arrays import Array, aligned_empty
from nnfang.core.constraints import Count, Fraction, OneOf, check_fields
from nnfang.core.initializers import INITIALIZERS

if TYPE_CHECKING:
    from numpy.random import Generator

Parameters = tuple[Array, ...]
"""A layer's arrays in the order of `Layer.shapes`, for Dense W (n, p) and b (n,); or dW and db, of the same shapes."""


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """What one layer computed in the forward process, and room for the backward one; arrays (m, n)."""

    z: Array
    """Before the activation."""
    a: Array
    """After it. A layer without an activation has one array under both names."""
    delta: Array
    """dL/dz."""
    work: Array
    """(2, m, n): scratch of the activation; a dropout layer keeps its mask in work[0]."""
    ones: Array
    """(m,): its product with delta is the sum over the rows, which BLAS takes faster than NumPy adds."""

    @classmethod
    def empty(
        cls, rows: int, units: int, dtype: np.dtype[np.floating], *, activation: bool = True, by_column: bool = False
    ) -> Self:
        """Uninitialised arrays for `rows` samples, each lying in memory row by row or `by_column`."""

        def blank(*count: int) -> Array:
            if by_column:
                return aligned_empty((*count, units, rows), dtype).swapaxes(-1, -2)
            return aligned_empty((*count, rows, units), dtype)

        a = blank()
        return cls(blank() if activation else a, a, blank(), blank(2), np.ones(rows, dtype))

    def head(self, rows: int) -> Self:
        """The same arrays, cut to their first `rows` rows: views, for a last batch that is not full."""
        return type(self)(self.z[:rows], self.a[:rows], self.delta[:rows], self.work[:, :rows], self.ones[:rows])


class Layer(Protocol):
    """What the recursion of `nnfang.core.backprop` asks of a layer."""

    def width(self, inputs: int) -> int:
        """The layer's n when the layer before has `inputs` units."""

    def shapes(self, inputs: int) -> tuple[tuple[int, ...], ...]:
        """The shapes of the layer's parameters; empty if it has none."""

    def initialize(self, parameters: Parameters, rng: Generator) -> None:
        """Write the first values of the parameters."""

    def trace(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerTrace:
        """Room for `rows` samples."""

    def weigh(self, a_previous: Array, parameters: Parameters, trace: LayerTrace, rng: Generator | None) -> None:
        """Write trace.z.  a_previous (m, p); `rng` is None outside training."""

    def activate(self, trace: LayerTrace) -> None:
        """Write trace.a = Q(trace.z) (eq. 2)."""

    def differentiate(self, trace: LayerTrace) -> None:
        """Turn trace.delta from dL/da into dL/dz: the factor Q'(z) of eq. 38."""

    def accumulate(self, a_previous: Array, trace: LayerTrace, gradients: Parameters) -> None:
        """Write the gradients of the parameters (eq. 39, 40)."""

    def propagate(self, parameters: Parameters, trace: LayerTrace, delta_previous: Array) -> None:
        """Write dL/da of the layer before into delta_previous (m, p): the other factors of eq. 38."""


@dataclass(frozen=True)
class Dense:
    """z = W a_previous + b, a = Q(z): every unit sees every unit of the layer before.

    Attributes:
        units: Number of units, n.
        activation: Name of the activation function Q.
        initializer: Name of the distribution from which the initial W is drawn.

    Raises:
        ValueError: A field is out of its bounds.
    """

    units: Count
    activation: Annotated[str, OneOf(ACTIVATIONS)] = "relu"
    initializer: Annotated[str, OneOf(INITIALIZERS)] = "glorot_uniform"

    def __post_init__(self) -> None:
        check_fields(self)

    def width(self, inputs: int) -> int:
        """n, whatever the inputs."""
        return self.units

    def shapes(self, inputs: int) -> tuple[tuple[int, ...], ...]:
        """W (units, inputs) and b (units,)."""
        return (self.units, inputs), (self.units,)

    def initialize(self, parameters: Parameters, rng: Generator) -> None:
        """Draw W; b is zero."""
        W, b = parameters
        INITIALIZERS[self.initializer](W, rng)
        b[...] = 0

    def trace(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerTrace:
        """Room for `rows` samples; for softmax column by column, so that its sums along rows add whole columns."""
        return LayerTrace.empty(rows, self.units, dtype, by_column=self.activation in OUTPUT_ONLY)

    def weigh(self, a_previous: Array, parameters: Parameters, trace: LayerTrace, rng: Generator | None) -> None:
        """z = W a_previous + b (eq. 1).  (m, p) -> (m, n)."""
        W, b = parameters
        np.matmul(a_previous, W.T, out=trace.z)
        np.add(trace.z, b, out=trace.z)

    def activate(self, trace: LayerTrace) -> None:
        """a = Q(z) (eq. 2)."""
        ACTIVATIONS[self.activation].forward(trace.z, trace.a)

    def differentiate(self, trace: LayerTrace) -> None:
        """dL/dz = dL/da · Q'(z), elementwise (the first factor of eq. 38, 41)."""
        ACTIVATIONS[self.activation].backward(trace.delta, trace.z, trace.a, trace.work)

    def accumulate(self, a_previous: Array, trace: LayerTrace, gradients: Parameters) -> None:
        """dL/dW = dL/dz a_previousᵀ, dL/db = dL/dz (eq. 35, 37, 39, 40, 42, 43), each summed over the m rows."""
        dW, db = gradients
        np.matmul(trace.delta.T, a_previous, out=dW)
        np.dot(trace.ones, trace.delta, out=db)

    def propagate(self, parameters: Parameters, trace: LayerTrace, delta_previous: Array) -> None:
        """dL/da_previous = Wᵀ dL/dz (the matrix product of eq. 38, 41).  (m, n) -> (m, p)."""
        W, _ = parameters
        np.matmul(trace.delta, W, out=delta_previous)


@dataclass(frozen=True)
class Dropout:
    """While training, each unit is silenced with probability `rate` and the others are scaled by 1/(1 - rate).

    The expected value of a unit is the same with and without dropout, so nothing is scaled when predicting.
    Source: Srivastava et al. 2014, section 10 ("inverted" dropout).

    Attributes:
        rate: Probability with which a unit is dropped.

    Raises:
        ValueError: `rate` is not in 0 <= rate < 1.
    """

    rate: Fraction = 0.5

    def __post_init__(self) -> None:
        check_fields(self)

    def width(self, inputs: int) -> int:
        """As wide as the layer before."""
        return inputs

    def shapes(self, inputs: int) -> tuple[tuple[int, ...], ...]:
        """No parameters."""
        return ()

    def initialize(self, parameters: Parameters, rng: Generator) -> None:
        """Nothing to draw."""

    def trace(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerTrace:
        """Room for `rows` samples."""
        return LayerTrace.empty(rows, inputs, dtype, activation=False)

    def weigh(self, a_previous: Array, parameters: Parameters, trace: LayerTrace, rng: Generator | None) -> None:
        """z = mask · a_previous, where mask is 0 with probability `rate`, otherwise 1/(1 - rate).

        Without `rng` the mask is 1.
        """
        mask = trace.work[0]
        if rng is None:
            mask[...] = 1
            trace.z[...] = a_previous
            return
        rng.random(out=mask, dtype=mask.dtype)
        np.greater_equal(mask, self.rate, out=mask)
        mask *= 1 / (1 - self.rate)
        np.multiply(a_previous, mask, out=trace.z)

    def activate(self, trace: LayerTrace) -> None:
        """a is z: the trace has one array under both names."""

    def differentiate(self, trace: LayerTrace) -> None:
        """dL/dz is dL/da."""

    def accumulate(self, a_previous: Array, trace: LayerTrace, gradients: Parameters) -> None:
        """No parameters."""

    def propagate(self, parameters: Parameters, trace: LayerTrace, delta_previous: Array) -> None:
        """dL/da_previous = mask · dL/dz."""
        np.multiply(trace.delta, trace.work[0], out=delta_previous)


LAYERS: dict[str, type[Layer]] = {
    "dense": Dense,
    "dropout": Dropout,
}
