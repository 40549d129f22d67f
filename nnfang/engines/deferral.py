"""How every change of a weight can be put off to the end of a block of samples, without changing the result.

The paper's Algorithm 3 takes one sample at a time: it multiplies by each weight matrix, and then changes it by a matrix
of rank 1, 60,000 times an epoch. The changes can wait. Take a layer with input a (p) and output z (n); write its bias
as one more column of W, with a 1 as one more entry of a. For sample k of a block let δ_k = dL/dz, η_k be the learning
rate and λ the weight decay. Then eq. 44 and 45, with eq. 42, are

    W_{k+1} = (1 - η_k λ) W_k - η_k δ_k a_kᵀ

With c_0 = 1, c_{k+1} = (1 - η_k λ) c_k and e_k = -(η_k / c_{k+1}) δ_k this recursion unrolls to

    W_k = c_k (W_0 + Σ_{j<k} e_j a_jᵀ) = c_k M_kᵀ S_k,    M_k = [I; e_0; …; e_{k-1}]   (n + k, n)
                                                          S_k = [W_0; a_0; …; a_{k-1}]  (n + k, p + 1)

and sample k needs W_k in products with vectors only:

    forward     z_k = W_k a_k = c_k M_kᵀ (S_k a_k)                                              (eq. 1)
    backward    W_kᵀ δ_k = c_k S_kᵀ (M_k δ_k), without the entry of the bias                    (eq. 38)

The backward process is linear in δ, so it can carry e in place of δ. Each a_k is written where S_{k+1} has it, each e_k
where M_{k+1} has it, and nothing else changes until the block ends with W := c Mᵀ S, a product of two matrices.

The first layer's a_k are the images, known beforehand. There S_k a_k, for all k of the block, are the products X W_0ᵀ
and X Xᵀ of matrices. The result is Algorithm 3's, sample after sample, up to the order in which sums are rounded.
"""

from typing import Any

import numpy as np

from nnfang.core.activations import Activation
from nnfang.core.arrays import Array
from nnfang.core.layers import Parameters

BLOCK = 40
"""Samples a block: enough for matrix-matrix speed in the first layer, few enough to keep S and M small."""

CACHE_LINE = 16
"""Rows of S are padded with zeros to a multiple of this many numbers."""


class DeferredLayer:
    """A layer after the first, of n units and p inputs: its W and b as S and M hold them.

    A vector of p numbers with one more for the bias, and padding, is called a row: those of S, and what Sᵀ gives.
    """

    def __init__(self, parameters: Parameters, before: Activation, row: int) -> None:
        """Make room.

        Args:
            parameters: W (n, p) and b (n,), changed in place at the end of a block.
            before: Of the layer before, which is applied and differentiated here.
            row: Length of an e of this layer: a row of the next layer's S, or n where there is none.
        """
        self.W, self.b = parameters
        self.before = before
        self.units, self.inputs = n, p = self.W.shape
        self.S = np.zeros((n + BLOCK, row_length(p)), self.W.dtype)
        self.S[n:, p] = 1
        self.M = np.eye(n + BLOCK, row, dtype=self.W.dtype)
        self.products = np.empty(n + BLOCK, self.W.dtype)
        self.work = np.empty((2, p), self.W.dtype)
        self.sum = np.empty((n, self.S.shape[1]), self.W.dtype)

    def forward_views(self, k: int, z_previous: Array, z: Array) -> tuple[Any, ...]:
        """What sample k needs for z = Mᵀ (S a), in the order of its use; a bound method is a look-up saved."""
        head, p = self.units + k, self.inputs
        products, row = self.products[:head], self.S[head]
        activate = self.before.forward
        return activate, z_previous[:p], row[:p], self.S[:head].dot, row, products, products.dot, self.M[:head], z

    def backward_views(self, k: int, z_previous: Array, e_previous: Array) -> tuple[Any, ...]:
        """What sample k needs for Sᵀ (M e), without its entry of the bias, and for the product with Q'(z_previous)."""
        head, p = self.units + k, self.inputs
        products, undo = self.products[:head], self.before.backward
        return (
            *(self.M[:head].dot, self.M[head], products, products.dot, self.S[:head], e_previous, p),
            *(undo, e_previous[:p], z_previous[:p], self.S[head, :p], self.work),
        )

    def begin_block(self) -> None:
        """S_0 = W_0."""
        self.S[: self.units, : self.inputs] = self.W
        self.S[: self.units, self.inputs] = self.b

    def end_block(self, m: int, c: float) -> None:
        """W := c Mᵀ S."""
        head = self.units + m
        np.matmul(self.M[:head, : self.units].T, self.S[:head], out=self.sum)
        np.multiply(self.sum[:, : self.inputs], c, out=self.W)
        np.multiply(self.sum[:, self.inputs], c, out=self.b)


class FirstLayer:
    """The first layer, of n units, whose inputs are known beforehand."""

    def __init__(self, parameters: Parameters, row: int) -> None:
        """Make room; `row` is the length of an e."""
        self.W, self.b = parameters
        self.base = np.zeros((BLOCK, row), self.W.dtype)  # X W_0ᵀ + b_0
        self.gram = np.empty((BLOCK, BLOCK), self.W.dtype)  # X Xᵀ + 1
        self.e = np.zeros((BLOCK, row), self.W.dtype)
        self.change = np.empty_like(self.W)

    def views(self, k: int) -> tuple[Any, ...]:
        """What sample k needs for z = base + Σ_{j<k} (x_j · x_k + 1) e_j."""
        return self.gram[k, :k].dot, self.e[:k], self.base[k]

    def begin_block(self, x: Array) -> None:
        """S_k a_k for all k of the block."""
        base, gram = self.base[: len(x), : len(self.b)], self.gram[: len(x), : len(x)]
        np.matmul(x, self.W.T, out=base)
        np.add(base, self.b, out=base)
        np.matmul(x, x.T, out=gram)
        np.add(gram, 1, out=gram)

    def end_block(self, x: Array, c: float) -> None:
        """W := c (W_0 + Eᵀ X)."""
        e = self.e[: len(x), : len(self.b)]
        np.matmul(e.T, x, out=self.change)
        self.W += self.change
        self.b += np.add.reduce(e, axis=0)
        if c != 1:
            self.W *= c
            self.b *= c


def row_length(inputs: int) -> int:
    """Numbers in a row of S for a layer of so many inputs: those, one for the bias, and padding."""
    return -(-(inputs + 1) // CACHE_LINE) * CACHE_LINE
