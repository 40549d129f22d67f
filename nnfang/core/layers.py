"""Layer kinds: frozen descriptions without arrays. Parameters, workspaces and random generators are passed in.

m is the number of rows (samples), n the layer's units, p the units of the layer before (or the network's inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import numpy as np

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import Array
from nnfang.core.constraints import Count, Fraction, OneOf, check_fields
from nnfang.core.initializers import INITIALIZERS
from nnfang.core.workspace import LayerWorkspace

if TYPE_CHECKING:
    from numpy.random import Generator

Parameters = tuple[Array, ...]
"""A layer's arrays in the order of `Layer.shapes`, for Dense W (n, p) and b (n,); or dW and db, of the same shapes."""


class Layer(Protocol):
    """What `nnfang.core.backprop` needs of a layer."""

    def width(self, inputs: int) -> int:
        """The layer's n when the layer before has `inputs` units."""

    def shapes(self, inputs: int) -> tuple[tuple[int, ...], ...]:
        """The shapes of the layer's parameters; empty if it has none."""

    def initialize(self, parameters: Parameters, rng: Generator) -> None:
        """Write the first values of the parameters."""

    def allocate(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerWorkspace:
        """The uninitialized workspace for `rows` samples."""

    def affine(
        self, a_previous: Array, parameters: Parameters, workspace: LayerWorkspace, rng: Generator | None
    ) -> None:
        """Write workspace.z.  a_previous (m, p); `rng` is None outside training."""

    def activate(self, workspace: LayerWorkspace) -> None:
        """Write workspace.a = Q(workspace.z) (eq. 2)."""

    def predict(self, a_previous: Array, parameters: Parameters) -> Array:
        """a, outside training, when nothing has to be kept for the backward pass."""

    def differentiate(self, workspace: LayerWorkspace) -> None:
        """Turn workspace.delta from dL/da into dL/dz: the factor Q'(z) of eq. 38."""

    def parameter_gradients(self, a_previous: Array, workspace: LayerWorkspace, gradients: Parameters) -> None:
        """Write the gradients of the parameters (eq. 39, 40)."""

    def propagate(self, parameters: Parameters, workspace: LayerWorkspace, delta_previous: Array) -> None:
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

    def allocate(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerWorkspace:
        """The uninitialized workspace for `rows` samples."""
        return LayerWorkspace.allocate(rows, self.units, dtype)

    def affine(
        self, a_previous: Array, parameters: Parameters, workspace: LayerWorkspace, rng: Generator | None
    ) -> None:
        """z = W a_previous + b (eq. 1).  (m, p) -> (m, n)."""
        W, b = parameters
        np.matmul(a_previous, W.T, out=workspace.z)
        np.add(workspace.z, b, out=workspace.z)

    def activate(self, workspace: LayerWorkspace) -> None:
        """a = Q(z) (eq. 2)."""
        ACTIVATIONS[self.activation].forward(workspace.z, workspace.a)

    def predict(self, a_previous: Array, parameters: Parameters) -> Array:
        """a = Q(W a_previous + b) (eq. 1, 2).  (m, p) -> (m, n)."""
        W, b = parameters
        z: Array = np.matmul(a_previous, W.T)
        z += b
        a = np.empty_like(z)
        ACTIVATIONS[self.activation].forward(z, a)
        return a

    def differentiate(self, workspace: LayerWorkspace) -> None:
        """dL/dz = dL/da · Q'(z), elementwise (the first factor of eq. 38, 41)."""
        ACTIVATIONS[self.activation].backward(workspace.delta, workspace.z, workspace.a, workspace.scratch)

    def parameter_gradients(self, a_previous: Array, workspace: LayerWorkspace, gradients: Parameters) -> None:
        """dL/dW = dL/dz a_previousᵀ, dL/db = dL/dz (eq. 35, 37, 39, 40, 42, 43), each summed over the m rows."""
        dW, db = gradients
        np.matmul(workspace.delta.T, a_previous, out=dW)
        np.dot(workspace.ones, workspace.delta, out=db)

    def propagate(self, parameters: Parameters, workspace: LayerWorkspace, delta_previous: Array) -> None:
        """dL/da_previous = Wᵀ dL/dz (the matrix product of eq. 38, 41).  (m, n) -> (m, p)."""
        W, _ = parameters
        np.matmul(workspace.delta, W, out=delta_previous)


@dataclass(frozen=True)
class Dropout:
    """While training, each unit is dropped with probability `rate` and the others are scaled by 1/(1 - rate).

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

    def allocate(self, rows: int, inputs: int, dtype: np.dtype[np.floating]) -> LayerWorkspace:
        """The uninitialized workspace for `rows` samples."""
        return LayerWorkspace.allocate(rows, inputs, dtype, activation=False, mask=True)

    def affine(
        self, a_previous: Array, parameters: Parameters, workspace: LayerWorkspace, rng: Generator | None
    ) -> None:
        """z = mask · a_previous, where mask is 0 with probability `rate`, otherwise 1/(1 - rate).

        Without `rng` the mask is 1.
        """
        mask = workspace.mask
        if rng is None:
            mask[...] = 1
            workspace.z[...] = a_previous
            return
        rng.random(out=mask, dtype=mask.dtype)
        np.greater_equal(mask, self.rate, out=mask)
        mask *= 1 / (1 - self.rate)
        np.multiply(a_previous, mask, out=workspace.z)

    def activate(self, workspace: LayerWorkspace) -> None:
        """a is z: the workspace has one array under both names."""

    def predict(self, a_previous: Array, parameters: Parameters) -> Array:
        """Nothing is dropped."""
        return a_previous

    def differentiate(self, workspace: LayerWorkspace) -> None:
        """dL/dz is dL/da."""

    def parameter_gradients(self, a_previous: Array, workspace: LayerWorkspace, gradients: Parameters) -> None:
        """No parameters."""

    def propagate(self, parameters: Parameters, workspace: LayerWorkspace, delta_previous: Array) -> None:
        """dL/da_previous = mask · dL/dz."""
        np.multiply(workspace.delta, workspace.mask, out=delta_previous)


LAYERS: dict[str, type[Layer]] = {
    "dense": Dense,
    "dropout": Dropout,
}
