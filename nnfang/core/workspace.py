"""The memory of the forward and the backward pass: the backward pass finds here what the forward pass computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from nnfang.core.arrays import Array, aligned_empty


@dataclass(frozen=True, slots=True)
class LayerWorkspace:
    """The arrays of one layer of n units, for m rows (samples)."""

    z: Array
    """(m, n): before the activation."""
    a: Array
    """(m, n): after the activation. A layer without an activation has one array under both names."""
    delta: Array
    """(m, n): dL/dz."""
    scratch: Array
    """(2, m, n): intermediate results of an activation or a loss; (0, m, n) in a layer without an activation."""
    mask: Array
    """(m, n): what dropout multiplied each unit by; (m, 0) in other layers."""
    ones: Array
    """(m,): 1s. BLAS computes their product with delta, the sum over the rows, faster than NumPy adds."""

    @classmethod
    def allocate(
        cls, rows: int, units: int, dtype: np.dtype[np.floating], *, activation: bool = True, mask: bool = False
    ) -> Self:
        """Uninitialized arrays for `rows` samples of a layer with an activation, a dropout mask or both."""
        a = aligned_empty((rows, units), dtype)
        return cls(
            z=aligned_empty((rows, units), dtype) if activation else a,
            a=a,
            delta=aligned_empty((rows, units), dtype),
            scratch=aligned_empty((2 if activation else 0, rows, units), dtype),
            mask=aligned_empty((rows, units if mask else 0), dtype),
            ones=np.ones(rows, dtype),
        )

    def head(self, rows: int) -> Self:
        """Views of the first `rows` rows, for a batch that is not full."""
        return type(self)(
            self.z[:rows],
            self.a[:rows],
            self.delta[:rows],
            self.scratch[:, :rows],
            self.mask[:rows],
            self.ones[:rows],
        )


Workspace = tuple[LayerWorkspace, ...]
"""The workspace of each layer of a network, from `Network.allocate`."""


def head(workspace: Workspace, rows: int) -> Workspace:
    """Views of the first `rows` rows of a workspace."""
    return tuple(layer.head(rows) for layer in workspace)
