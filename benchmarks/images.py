"""The images that are trained on: all of MNIST where it is in the cache, otherwise the sample, as often as it takes."""

from functools import cache

import numpy as np

import nnfang
from nnfang.core.arrays import Array, Labels, scale_pixels
from nnfang.data import Dataset, find_available

EPOCH = 60_000


@cache
def load() -> Dataset:
    """MNIST, or what there is of it."""
    return nnfang.load_data("mnist" if "mnist" in find_available() else "mnist-sample")


@cache
def rows(count: int) -> tuple[Array, Labels]:
    """x (count, 784) and labels (count,)."""
    data = load()
    numbers = np.arange(count) % len(data.x_train)
    x = np.empty((count, 784), np.float32)
    scale_pixels(data.x_train[numbers], x)
    return x, data.y_train[numbers].astype(np.int64)
