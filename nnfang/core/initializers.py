"""First values of a weight matrix W (units, inputs). Biases start at zero.

Each draws the same numbers for float32 and float64 (rounded), so that both dtypes start from the same network.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from nnfang.core.arrays import Array


def he_normal(W: Array, rng: np.random.Generator) -> None:
    """Normal, variance 2/inputs: keeps the variance through relu layers.  Source: He et al. 2015, eq. 10."""
    W[...] = rng.normal(0.0, sqrt(2 / W.shape[1]), W.shape)


def he_uniform(W: Array, rng: np.random.Generator) -> None:
    """Uniform in ±√(6/inputs), whose variance is 2/inputs.  Source: He et al. 2015."""
    limit = sqrt(6 / W.shape[1])
    W[...] = rng.uniform(-limit, limit, W.shape)


def glorot_normal(W: Array, rng: np.random.Generator) -> None:
    """Normal, variance 2/(inputs + units).  Source: Glorot and Bengio 2010, eq. 12."""
    W[...] = rng.normal(0.0, sqrt(2 / sum(W.shape)), W.shape)


def glorot_uniform(W: Array, rng: np.random.Generator) -> None:
    """Uniform in ±√(6/(inputs + units)).  Source: Glorot and Bengio 2010, eq. 16."""
    limit = sqrt(6 / sum(W.shape))
    W[...] = rng.uniform(-limit, limit, W.shape)


def zeros(W: Array, rng: np.random.Generator) -> None:
    """All zeros: for an output layer; the units of a hidden layer would stay equal to each other forever."""
    W[...] = 0


INITIALIZERS: dict[str, Callable[[Array, np.random.Generator], None]] = {
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "zeros": zeros,
}
