"""Blocked (delayed) rank-1 updates: weights change once per block of samples, and the result stays the same.

The paper's Algorithm 3 takes one sample at a time: it multiplies by each weight matrix, and then changes it by a matrix
of rank 1, 60,000 times per epoch. The changes can wait. Take a layer with input a (p) and output z (n); write its bias
as one more column of W, with a 1 as one more entry of a. For sample k of a block let δ_k = dL/dz, η_k be the learning
rate and λ the weight decay. Then eq. 44 and 45, with eq. 42, are

    W_{k+1} = (1 - η_k λ) W_k - η_k δ_k a_kᵀ

With c_0 = 1, c_{k+1} = (1 - η_k λ) c_k and e_k = -(η_k / c_{k+1}) δ_k this recursion unrolls to

    W_k = c_k (W_0 + Σ_{j<k} e_j a_jᵀ) = c_k M_kᵀ S_k,    M_k = [I; e_0; …; e_{k-1}]   (n + k, n)
                                                          S_k = [W_0; a_0; …; a_{k-1}]  (n + k, p + 1)

and sample k needs W_k in products with vectors only:

    forward     z_k = W_k a_k = c_k M_kᵀ (S_k a_k)                                              (eq. 1)
    backward    W_kᵀ δ_k = c_k S_kᵀ (M_k δ_k), without the entry of the bias                    (eq. 38)

The backward pass is linear in δ, so it can carry e in place of δ. Each a_k is written where S_{k+1} has it, each e_k
where M_{k+1} has it, and nothing else changes until the block ends with W := c (W_0 + Eᵀ A), a product of matrices.

The I in M costs n² products for nothing. Where n is small they take less time than one call of NumPy; elsewhere
z_k = c_k (W_0 a_k + E_kᵀ (A_k a_k)) and Wᵀ δ_k = c_k (W_0ᵀ δ_k + A_kᵀ (E_k δ_k)), with E and A for the e_j and a_j.

The first layer's a_k are the images, known in advance. There S_k a_k, for all k of the block, are the products X W_0ᵀ
and X Xᵀ of matrices. The result is Algorithm 3's, sample after sample, up to the order in which sums are rounded.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from nnfang.core.activations import Activation
from nnfang.core.arrays import Array
from nnfang.core.layers import Parameters

Call = Callable[[], object]
"""A function with all its arguments bound: nothing is looked up, sliced or allocated when it is called."""

BLOCK = 40
"""Samples per block: enough for matrix-matrix speed in the first layer, few enough to keep S and M small."""

ROW_MULTIPLE = 16
"""Rows of S are padded with zeros to a multiple of this many numbers."""

MAX_UNITS_WITH_IDENTITY = 128
"""Units up to which products with the I in M are faster than one more call."""


class BlockedLayer:
    """A layer after the first, of n units and p inputs, with its W and b in S and M.

    A vector of p numbers with one more for the bias, and padding, is called a row: those of S, and what Sᵀ gives.
    """

    def __init__(self, parameters: Parameters, before: Activation, row: int, c: Array | None) -> None:
        """Allocate the arrays.

        Args:
            parameters: W (n, p) and b (n,), changed in place at the end of a block.
            before: The activation of the layer before, which is applied and differentiated here.
            row: Length of an e of this layer: of a row of the next layer's S, or n in the last layer.
            c: (), c_k of the current sample; None where it is always 1.
        """
        self.W, self.b = parameters
        self.before, self.c = before, c
        self.units, self.inputs = n, p = self.W.shape
        self.S = np.zeros((n + BLOCK, row_length(p)), self.W.dtype)
        self.S[n:, p] = 1
        self.M = np.eye(n + BLOCK, row, dtype=self.W.dtype) if n <= MAX_UNITS_WITH_IDENTITY else None
        self.E = np.zeros((BLOCK, row), self.W.dtype) if self.M is None else self.M[n:]
        self.products = np.empty(n + BLOCK, self.W.dtype)
        self.scratch = np.empty((2, p), self.W.dtype)
        self.sum = np.empty((n, self.S.shape[1]), self.W.dtype)

    def forward_calls(self, k: int, z_previous: Array, z: Array) -> list[Call]:
        """a = Q(z_previous), then z = c Mᵀ (S a), for sample k."""
        n, p = self.units, self.inputs
        products, row = self.products[: n + k], self.S[n + k]
        calls: list[Call] = [
            partial(self.before.forward, z_previous[:p], row[:p]),
            partial(self.S[: n + k].dot, row, products),
        ]
        if self.M is not None:
            calls.append(partial(products.dot, self.M[: n + k], z))
        else:
            calls.append(partial(products[n:].dot, self.E[:k], z))
            calls.append(partial(np.add, z[:n], products[:n], z[:n]))
        return calls + scaling(z, self.c)

    def backward_calls(self, k: int, z_previous: Array, e_previous: Array) -> list[Call]:
        """e_previous = c Sᵀ (M e) without its entry of the bias, times Q'(z_previous), for sample k."""
        n, p = self.units, self.inputs
        products, e = self.products[: n + k], self.E[k]
        calls: list[Call] = []
        if self.M is not None:
            calls.append(partial(self.M[: n + k].dot, e, products))
        else:
            calls.append(partial(np.copyto, products[:n], e[:n]))
            calls.append(partial(self.E[:k].dot, e, products[n:]))
        return [
            *calls,
            partial(products.dot, self.S[: n + k], e_previous),
            partial(e_previous.__setitem__, p, 0),
            *scaling(e_previous, self.c),
            partial(self.before.backward, e_previous[:p], z_previous[:p], self.S[n + k, :p], self.scratch),
        ]

    def begin_block(self) -> None:
        """S_0 = W_0."""
        self.S[: self.units, : self.inputs] = self.W
        self.S[: self.units, self.inputs] = self.b

    def end_block(self, m: int) -> None:
        """W := c (W_0 + Eᵀ A)."""
        n, p = self.units, self.inputs
        np.matmul(self.E[:m, :n].T, self.S[n : n + m], out=self.sum)
        self.W += self.sum[:, :p]
        self.b += self.sum[:, p]
        if self.c is not None:
            self.W *= self.c
            self.b *= self.c


class BlockedFirstLayer:
    """The first layer, of n units, whose inputs are known in advance."""

    def __init__(self, parameters: Parameters, row: int, c: Array | None) -> None:
        """Allocate the arrays; `row` is the length of an e, and c is as for `BlockedLayer`."""
        self.W, self.b = parameters
        self.c = c
        self.base = np.zeros((BLOCK, row), self.W.dtype)  # X W_0ᵀ + b_0
        self.gram = np.empty((BLOCK, BLOCK), self.W.dtype)  # X Xᵀ + 1
        self.E = np.zeros((BLOCK, row), self.W.dtype)
        self.change = np.empty_like(self.W)

    def forward_calls(self, k: int, z: Array) -> list[Call]:
        """z = c (base + Σ_{j<k} (x_j · x_k + 1) e_j), for sample k."""
        return [
            partial(self.gram[k, :k].dot, self.E[:k], z),
            partial(np.add, z, self.base[k], z),
            *scaling(z, self.c),
        ]

    def begin_block(self, x: Array) -> None:
        """S_k a_k for all k of the block."""
        base, gram = self.base[: len(x), : len(self.b)], self.gram[: len(x), : len(x)]
        np.matmul(x, self.W.T, out=base)
        np.add(base, self.b, out=base)
        np.matmul(x, x.T, out=gram)
        np.add(gram, 1, out=gram)

    def end_block(self, x: Array) -> None:
        """W := c (W_0 + Eᵀ X)."""
        e = self.E[: len(x), : len(self.b)]
        np.matmul(e.T, x, out=self.change)
        self.W += self.change
        self.b += np.add.reduce(e, axis=0)
        if self.c is not None:
            self.W *= self.c
            self.b *= self.c


def scaling(vector: Array, c: Array | None) -> list[Call]:
    """Multiply by c, where it is not 1."""
    return [] if c is None else [partial(np.multiply, vector, c, vector)]


def row_length(inputs: int) -> int:
    """Numbers in a row of S for a layer with `inputs` inputs: those, one for the bias, and padding."""
    return -(-(inputs + 1) // ROW_MULTIPLE) * ROW_MULTIPLE
