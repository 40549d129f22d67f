"""The loss of one sample and dL/dz of the output layer (`nnfang.core.losses`)."""

from math import exp, log

from nnfang.engines.kernels.compilation import part
from nnfang.engines.kernels.vectors import get, put

CROSSENTROPY, SQUARES_OF_SOFTMAX, SQUARES = range(3)

LOSSES = {
    ("softmax", "categorical_crossentropy"): CROSSENTROPY,
    ("softmax", "mean_squared_error"): SQUARES_OF_SOFTMAX,
    ("linear", "mean_squared_error"): SQUARES,
}
"""The losses, by the output activation and the name."""


@part
def differentiate_loss(loss, z, start, n, width, label, scale, delta, results):
    """scale · dL/dz of one sample: n logits from `start` on, of which `width` are stored; the rest of delta is 0.

    L is added to results[0], and 1 to results[1] where the largest logit is the label's.
    """
    best = 0
    for j in range(1, n):
        if get(z, start + j) > get(z, start + best):
            best = j
    results[1] += best == label
    for j in range(n, width):
        put(0, delta, start + j)
    if loss == SQUARES:
        results[0] += differentiate_squares(z, start, n, label, scale, delta)
        return
    largest = get(z, start + best)
    total = z.dtype.type(0)
    for j in range(n):
        e = exp(get(z, start + j) - largest)
        put(e, delta, start + j)
        total += e
    if loss == CROSSENTROPY:
        results[0] += log(total) - (get(z, start + label) - largest)
        differentiate_crossentropy(start, n, label, total, scale, delta)
    else:
        results[0] += differentiate_squares_of_softmax(start, n, label, total, scale, delta)


@part
def differentiate_crossentropy(start, n, label, total, scale, delta):
    """scale (ŷ - y) (eq. 32), where delta holds ŷ · total."""
    factor = scale / total
    for j in range(n):
        put(get(delta, start + j) * factor, delta, start + j)
    put(get(delta, start + label) - scale, delta, start + label)


@part
def differentiate_squares(z, start, n, label, scale, delta):
    """scale · 2 (z - y) / n, for ŷ = z.  Returns L = Σ (z_j - y_j)² / n."""
    squares = z.dtype.type(0)
    for j in range(n):
        error = get(z, start + j) - (j == label)
        squares += error * error
        put(error * (2 * scale / n), delta, start + j)
    return squares / n


@part
def differentiate_squares_of_softmax(start, n, label, total, scale, delta):
    """scale · ŷ_j (g_j - Σ g_i ŷ_i) with g = 2 (ŷ - y) / n (eq. 6), where delta holds ŷ · total.  Returns L."""
    mean, squares = delta.dtype.type(0), delta.dtype.type(0)
    for j in range(n):
        y_hat = get(delta, start + j) / total
        error = y_hat - (j == label)
        squares += error * error
        mean += y_hat * error
    for j in range(n):
        y_hat = get(delta, start + j) / total
        put((2 * scale / n) * y_hat * ((y_hat - (j == label)) - mean), delta, start + j)
    return squares / n
