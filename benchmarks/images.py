"""The images that are trained on: all of MNIST where it is in the cache, otherwise the sample, as often as it takes."""

from functools import cache

import numpy as np

import nnfang
from nnfang.core.arrays import Array, Images, Labels, scale_pixels
from nnfang.data import Dataset, find_available

EPOCH = 60_000


@cache
def load() -> Dataset:
    """MNIST, or what there is of it."""
    return nnfang.load_data("mnist" if "mnist" in find_available() else "mnist-sample")


@cache
def pixels(count: int) -> tuple[Images, Labels]:
    """Bytes (count, 784), and labels (count,)."""
    data = load()
    numbers = np.arange(count) % len(data.x_train)
    return data.x_train[numbers].reshape(count, -1), data.y_train[numbers].astype(np.int64)


@cache
def rows(count: int) -> tuple[Array, Labels]:
    """The same as numbers from 0 to 1."""
    images, labels = pixels(count)
    return as_floats(images), labels


def as_floats(images: Images) -> Array:
    """Bytes divided by 255."""
    x = np.empty(images.shape, np.float32)
    scale_pixels(images, x)
    return x
