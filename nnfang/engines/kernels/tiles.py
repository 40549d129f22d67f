"""Products of dense matrices by tiles: four rows and 64 columns of the result at a time, summed in registers.

A tile takes each number that it loads into four products or 64, so that the processor multiplies and adds as fast as it
can. The matrix on the left may be read along rows or down columns: A[r, i] = A.flat[a + r row + i step].
"""

from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.layout import for_narrow_columns
from nnfang.engines.kernels.moves import transpose
from nnfang.engines.kernels.updates import update
from nnfang.engines.kernels.vectors import LANES, get, load, multiply_add, store


@part
def four_rows(zero, inner, A, a, row, step, M, m, width):
    """Four rows of A M, of as many columns as `zero` has."""
    c0 = c1 = c2 = c3 = zero
    for _ in range(inner):
        v = load(M, m, zero)
        c0 = multiply_add(get(A, a), v, c0)
        c1 = multiply_add(get(A, a + row), v, c1)
        c2 = multiply_add(get(A, a + 2 * row), v, c2)
        c3 = multiply_add(get(A, a + 3 * row), v, c3)
        a += step
        m += width
    return c0, c1, c2, c3


@part
def add_product(rows, inner, A, a, ld, M, m, width, out, o):
    """out += A M: out (rows, width) from `o` on, A (rows, ld) from `a` on, M (inner, width) from `m` on."""
    for_narrow_columns(_add_columns, 0, width, M, (rows, inner, A, a, ld, M, m, width, out, o))


@part
def _add_columns(zero, column, rest):
    rows, inner, A, a, ld, M, m, width, out, o = rest
    for r in range(0, rows, 4):
        c0, c1, c2, c3 = four_rows(zero, inner, A, a + r * ld, ld, 1, M, m + column, width)
        at = o + r * width + column
        store(load(out, at, zero) + c0, out, at)
        store(load(out, at + width, zero) + c1, out, at + width)
        store(load(out, at + 2 * width, zero) + c2, out, at + 2 * width)
        store(load(out, at + 3 * width, zero) + c3, out, at + 3 * width)


@part
def update_product(rows, inner, A, a, M, m, width, of, start, rate):
    """Take the step of V (rows, width), whose gradient is Aᵀ M (eq. 39): A (inner, rows) and M (inner, width)."""
    for_narrow_columns(_update_columns, 0, width, M, (rows, inner, A, a, M, m, width, of, start, rate))


@part
def _update_columns(zero, column, rest):
    rows, inner, A, a, M, m, width, of, start, rate = rest
    for r in range(0, rows, 4):
        c0, c1, c2, c3 = four_rows(zero, inner, A, a + r, 1, rows, M, m + column, width)
        at = start + r * width + column
        update(of, c0, at, rate)
        update(of, c1, at + width, rate)
        update(of, c2, at + 2 * width, rate)
        update(of, c3, at + 3 * width, rate)


@part
def transpose_matrix(V, start, p, n, out):
    """out (n, p) := Vᵀ, for V (p, n); p and n are multiples of 16."""
    for i in range(0, p, LANES):
        for j in range(0, n, LANES):
            transpose(V, start + i * n + j, n, out, j * p + i, p)
