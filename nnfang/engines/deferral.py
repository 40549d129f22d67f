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

from dataclasses import dataclass

import numpy as np

from nnfang.core.activations import Activation
from nnfang.core.arrays import Array
from nnfang.core.layers import Parameters

BLOCK = 40
"""Samples a block: enough for matrix-matrix speed in the first layer, few enough to keep S and M small."""

CACHE_LINE = 16
"""Rows are padded with zeros to a multiple of this many numbers."""


@dataclass(frozen=True, slots=True)
class Position:
    """What sample k of a block works with in a layer after the first: views, made once.

    S, M, a and e are those of this module's head. Names that end in ``previous`` belong to the layer before, of width
    p, whose activation is applied and differentiated here. A row of S or e is p numbers, one for the bias, and padding.
    """

    before: Activation  # of the layer before
    S: Array  # (n + k, row)
    M: Array  # (n + k, row of e)
    products: Array  # (n + k,): S a, or M e
    row: Array  # a_k with its 1: the row that S_{k+1} has more than S_k
    z: Array  # (row of e,)
    e: Array  # the row that M_{k+1} has more than M_k
    a_previous: Array  # (p,)
    z_previous: Array  # (p,)
    row_previous: Array  # e of the layer before, with the entry of the bias, and padding
    e_previous: Array  # (p,)
    work: Array  # (2, p)


class DeferredLayer:
    """A layer after the first: its W and b as S and M hold them, and room for the e of a block."""

    def __init__(self, parameters: Parameters, row: int) -> None:
        """Make room.

        Args:
            parameters: W (n, p) and b (n,), changed in place at the end of a block.
            row: Length of a row of e: that of the next layer's S, or n where there is none.
        """
        self.W, self.b = parameters
        self.units, self.inputs = self.W.shape
        self.S = np.zeros((self.units + BLOCK, row_length(self.inputs)), self.W.dtype)
        self.S[self.units :, self.inputs] = 1
        self.M = np.eye(self.units + BLOCK, row, dtype=self.W.dtype)
        self.products = np.empty(self.units + BLOCK, self.W.dtype)
        self.z = np.empty(row, self.W.dtype)
        self.work = np.empty((2, self.inputs), self.W.dtype)
        self.sum = np.empty((self.units, self.S.shape[1]), self.W.dtype)

    def position(self, k: int, before: Activation, z: Array, z_previous: Array, row_previous: Array) -> Position:
        """The views of sample k."""
        head, p = self.units + k, self.inputs
        return Position(
            before=before,
            S=self.S[:head],
            M=self.M[:head],
            products=self.products[:head],
            row=self.S[head],
            z=z,
            e=self.M[head],
            a_previous=self.S[head, :p],
            z_previous=z_previous[:p],
            row_previous=row_previous,
            e_previous=row_previous[:p],
            work=self.work,
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
    """The first layer, whose inputs are known beforehand."""

    def __init__(self, parameters: Parameters, row: int) -> None:
        """Make room; `row` is the length of a row of e."""
        self.W, self.b = parameters
        self.base = np.zeros((BLOCK, row), self.W.dtype)  # X W_0ᵀ + b_0
        self.gram = np.empty((BLOCK, BLOCK), self.W.dtype)  # X Xᵀ + 1
        self.e = np.zeros((BLOCK, row), self.W.dtype)
        self.z = np.empty(row, self.W.dtype)
        self.product = np.empty((BLOCK, len(self.b)), self.W.dtype)
        self.change = np.empty_like(self.W)

    def begin_block(self, x: Array) -> None:
        """S_k a_k for all k of the block."""
        m = len(x)
        np.matmul(x, self.W.T, out=self.product[:m])
        np.add(self.product[:m], self.b, out=self.base[:m, : len(self.b)])
        np.matmul(x, x.T, out=self.gram[:m, :m])
        self.gram[:m, :m] += 1

    def end_block(self, x: Array, c: float) -> None:
        """W := c (W_0 + Eᵀ X)."""
        e = self.e[: len(x), : len(self.b)]
        np.matmul(e.T, x, out=self.change)
        self.W += self.change
        self.b += np.add.reduce(e, axis=0)
        if c != 1:
            self.W *= c
            self.b *= c


def row_length(units: int) -> int:
    """Numbers in a row of S for a layer before of `units` units: those, one for the bias, and padding."""
    return -(-(units + 1) // CACHE_LINE) * CACHE_LINE
