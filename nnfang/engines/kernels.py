"""The loops of `nnfang.engines.compiled`, for numba.

W stands here transposed, V = Wᵀ (inputs, units), which is how it lies in θ. Everything then runs along rows of V, and a
row whose input is 0 is neither read nor changed: four fifths of MNIST's pixels are 0, and so is half of what relu lets
through. That changes no result. Rows are taken eight or four at a time, so that a sum is loaded and stored less often.

The inputs of sample k that are not 0 are at the positions indices[k, :nnz[k]] (nnz: number of nonzeros, as in sparse
matrices). e is -α δ, as in `nnfang.engines.blocked`.
"""

from math import exp, tanh
from typing import Any

from numba import njit

from nnfang.core.activations import GELU_CUBIC, GELU_SCALE, LEAK
from nnfang.core.arrays import Array, Labels

RELU, LEAKY_RELU, SIGMOID, TANH, GELU, LINEAR = range(6)
CODES = {
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "gelu": GELU,
    "linear": LINEAR,
}
"""The hidden activations of `nnfang.core.activations`, by name; the formulas are written there."""

CODE, UNITS = 2, 4
"""Columns of `plan`, see `train_block`."""

FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be taken in another order, and a product and a sum in one; infinities and NaN stay what they are."""

inline = njit(inline="always", error_model="numpy", fastmath=FASTMATH)
"""A function that is compiled into `train_block`, as `nnfang.engines.compilation` compiles it. Functions compiled by
themselves would not give the same result, to the last bit, when they are loaded from the cache as when they were
compiled."""


@inline
def find_nonzero(x: Array, indices: Labels, nnz: Labels) -> None:
    """The positions of the inputs that are not 0.  x (m, p), indices (m, p + 1), nnz (m,)."""
    for k in range(len(x)):
        found = 0
        for i in range(x.shape[1]):
            indices[k, found] = i  # without a branch, which no processor could predict
            found += x[k, i] != 0
        nnz[k] = found


@inline
def find_all(x: Array, indices: Labels, nnz: Labels) -> None:
    """The positions of all inputs: where Q'(z) is not 0, an a of 0 has a δ all the same."""
    for k in range(len(x)):
        for i in range(x.shape[1]):
            indices[k, i] = i
        nnz[k] = x.shape[1]


@inline
def affine(x: Array, indices: Labels, nnz: Labels, V: Array, b: Array, z: Array) -> None:
    """z = W x + b (eq. 1).  x (m, p), V (p, n), z (m, n)."""
    for k in range(len(x)):
        a, i, row, q = x[k], indices[k], z[k], 0
        for j in range(len(b)):
            row[j] = b[j]
        while q + 8 <= nnz[k]:
            i0, i1, i2, i3, i4, i5, i6, i7 = i[q], i[q + 1], i[q + 2], i[q + 3], i[q + 4], i[q + 5], i[q + 6], i[q + 7]
            a0, a1, a2, a3, a4, a5, a6, a7 = a[i0], a[i1], a[i2], a[i3], a[i4], a[i5], a[i6], a[i7]
            for j in range(len(b)):
                row[j] += ((a0 * V[i0, j] + a1 * V[i1, j]) + (a2 * V[i2, j] + a3 * V[i3, j])) + (
                    (a4 * V[i4, j] + a5 * V[i5, j]) + (a6 * V[i6, j] + a7 * V[i7, j])
                )
            q += 8
        while q < nnz[k]:
            i0 = i[q]
            a0 = a[i0]
            for j in range(len(b)):
                row[j] += a0 * V[i0, j]
            q += 1


@inline
def activate(code: int, z: Array, a: Array) -> None:
    """a = Q(z) (eq. 2).  (m, n)."""
    for k in range(len(z)):
        for j in range(z.shape[1]):
            value = z[k, j]
            if code == RELU:
                a[k, j] = max(value, z.dtype.type(0))
            elif code == LEAKY_RELU:
                a[k, j] = max(value, value * z.dtype.type(LEAK))
            elif code == SIGMOID:
                a[k, j] = (1 + tanh(value / 2)) / 2
            elif code == TANH:
                a[k, j] = tanh(value)
            elif code == GELU:
                a[k, j] = value * gate(value)
            else:
                a[k, j] = value


@inline
def gate(z: float) -> float:
    """The s of gelu: sigmoid(2 √(2/π) (z + 0.044715 z³))."""
    return (1 + tanh(GELU_SCALE * (z + GELU_CUBIC * z * z * z) / 2)) / 2


@inline
def differentiate(code: int, z: Array, a: Array, e: Array) -> None:
    """e · Q'(z), in place (the first factor of eq. 38).  (m, n).  Where relu is 0, e is 0 already."""
    for k in range(len(z)):
        for j in range(z.shape[1]):
            value = a[k, j]
            if code == LEAKY_RELU:
                e[k, j] *= z.dtype.type(1) if z[k, j] > 0 else z.dtype.type(LEAK)
            elif code == SIGMOID:
                e[k, j] *= value * (1 - value)
            elif code == TANH:
                e[k, j] *= 1 - value * value
            elif code == GELU:
                s = gate(z[k, j])
                t = value * GELU_SCALE * (1 + 3 * GELU_CUBIC * z[k, j] * z[k, j])
                e[k, j] *= s + t * (1 - s)


@inline
def differentiate_output(z: Array, labels: Labels, rate: Any, e: Array) -> None:
    """e = -rate (ŷ - y), for softmax and cross-entropy (eq. 32).  z, e (m, n)."""
    for k in range(len(z)):
        largest = z[k].max()
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            e[k, j] = exp(z[k, j] - largest)
            total += e[k, j]
        for j in range(z.shape[1]):
            e[k, j] *= -rate / total
        e[k, labels[k]] += rate


@inline
def propagate(V: Array, e: Array, indices: Labels, nnz: Labels, e_previous: Array) -> None:
    """Wᵀ e (the matrix product of eq. 38), where the unit before is in `indices`; elsewhere 0.

    e (m, n), e_previous (m, p).
    """
    for k in range(len(e)):
        d, i, row, q = e[k], indices[k], e_previous[k], 0
        row[:] = 0
        while q + 4 <= nnz[k]:
            i0, i1, i2, i3 = i[q], i[q + 1], i[q + 2], i[q + 3]
            s0 = s1 = s2 = s3 = e.dtype.type(0)
            for j in range(len(d)):
                s0 += V[i0, j] * d[j]
                s1 += V[i1, j] * d[j]
                s2 += V[i2, j] * d[j]
                s3 += V[i3, j] * d[j]
            row[i0], row[i1], row[i2], row[i3] = s0, s1, s2, s3
            q += 4
        while q < nnz[k]:
            i0 = i[q]
            s0 = e.dtype.type(0)
            for j in range(len(d)):
                s0 += V[i0, j] * d[j]
            row[i0] = s0
            q += 1


@inline
def update(x: Array, indices: Labels, nnz: Labels, e: Array, V: Array, b: Array) -> None:
    """V += x eᵀ, b += e, summed over the samples: eq. 39, 40, 44 and 45 in one.  x (m, p), e (m, n)."""
    for k in range(len(x)):
        a, i, d = x[k], indices[k], e[k]
        for j in range(len(b)):
            b[j] += d[j]
        for q in range(nnz[k]):
            i0 = i[q]
            a0 = a[i0]
            for j in range(len(b)):
                V[i0, j] += a0 * d[j]


@inline
def forward(rows: Array, theta: Array, plan: Labels, z: Array, a: Array, indices: Labels, nnz: Labels) -> None:
    """Algorithm 2.  rows (m, inputs); the others as for `train_block`."""
    m, size = len(rows), nnz.shape[1]
    previous = rows
    for i in range(len(plan)):
        p, n, code, weights, units, index_start = plan[i]
        V, b = as_matrix(theta, weights, p, n), theta[weights + p * n : weights + (p + 1) * n]
        z_i, a_i, inputs = (
            as_matrix(z, size * units, m, n),
            as_matrix(a, size * units, m, n),
            as_matrix(indices, size * index_start, m, p + 1),
        )
        if i == 0 or plan[i - 1, CODE] == RELU:
            find_nonzero(previous, inputs, nnz[i])
        else:
            find_all(previous, inputs, nnz[i])
        affine(previous, inputs, nnz[i], V, b, z_i)
        if i < len(plan) - 1:
            activate(code, z_i, a_i)
        previous = a_i


@inline
def backward(
    rows: Array, theta: Array, plan: Labels, z: Array, a: Array, e: Array, indices: Labels, nnz: Labels
) -> None:
    """Algorithm 1 from the output layer's e on.  rows (m, inputs); the others as for `train_block`."""
    m, size = len(rows), nnz.shape[1]
    for i in range(len(plan) - 1, -1, -1):
        p, n, _, weights, units, index_start = plan[i]
        V, b = as_matrix(theta, weights, p, n), theta[weights + p * n : weights + (p + 1) * n]
        e_i, inputs = as_matrix(e, size * units, m, n), as_matrix(indices, size * index_start, m, p + 1)
        if i == 0:
            update(rows, inputs, nnz[i], e_i, V, b)
        else:
            before = size * plan[i - 1, UNITS]
            z_before, a_before, e_before = (
                as_matrix(z, before, m, p),
                as_matrix(a, before, m, p),
                as_matrix(e, before, m, p),
            )
            propagate(V, e_i, inputs, nnz[i], e_before)  # with W as it was in the forward pass: now, not later
            differentiate(plan[i - 1, CODE], z_before, a_before, e_before)
            update(a_before, inputs, nnz[i], e_i, V, b)


def train_block(
    x: Array,
    labels: Labels,
    rates: Array,
    theta: Array,
    plan: Labels,
    z: Array,
    a: Array,
    e: Array,
    indices: Labels,
    nnz: Labels,
    logits: Array,
) -> None:
    """Algorithm 3 over the rows of x, a mini-batch of `size` at a time.

    Args:
        x: (m, inputs).
        labels: (m,).
        rates: α of each step.
        theta: Changed in place.
        plan: (layers, 6); for each layer p, n, the code of its activation (not used for the last), and where its
            numbers begin in θ, in z, a and e, and in `indices`.
        z: (size · all units,), scratch, as are a and e.
        a: The same.
        e: The same.
        indices: (size · all (p + 1),), scratch.
        nnz: (layers, size), scratch.
        logits: (m, outputs), receives each row's logits.
    """
    size, outputs, units = nnz.shape[1], plan[-1, 1], plan[-1, UNITS]
    for step in range(len(rates)):
        start, end = step * size, min((step + 1) * size, len(x))
        m = end - start
        forward(x[start:end], theta, plan, z, a, indices, nnz)
        z_last, e_last = as_matrix(z, size * units, m, outputs), as_matrix(e, size * units, m, outputs)
        logits[start:end] = z_last
        differentiate_output(z_last, labels[start:end], theta.dtype.type(rates[step] / m), e_last)
        backward(x[start:end], theta, plan, z, a, e, indices, nnz)


@inline
def as_matrix(numbers: Any, start: int, rows: int, columns: int) -> Any:
    """A part of a flat array as a matrix: numba would not know that a slice of a matrix is contiguous."""
    return numbers[start : start + rows * columns].reshape(rows, columns)
