"""The images that are trained on: all of MNIST where it is in the cache, otherwise the sample, as often as it takes."""

from functools import cache

import numpy as np

import nnfang
from nnfang.core.arrays import Array, Images, Labels, scale_pixels
from nnfang.data import Dataset, find_available

EPOCH = 60_000


@cache
def load(name: str = "mnist") -> Dataset:
    """A data set that was downloaded before; of MNIST, what there is of it.

    Raises:
        DataError: There is nothing of it.
    """
    return nnfang.load_data("mnist-sample" if name == "mnist" and name not in find_available() else name, offline=True)


@cache
def pixels(count: int, name: str = "mnist") -> tuple[Images, Labels]:
    """Bytes (count, 784), and labels (count,)."""
    data = load(name)
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
