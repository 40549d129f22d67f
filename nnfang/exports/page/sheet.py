"""Images to learn from, as one PNG: each is a row of it, from which its pixels are read again."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np

from nnfang.errors import DataError
from nnfang.images import encode_png

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Images, Labels
    from nnfang.data import Dataset
    from nnfang.runs.checkpoint import Checkpoint

TRAINING, TESTS = 1000, 200
WIDEST = 16_384
"""Pixels of a row that browsers draw."""


def choose_images(data: Dataset, checkpoint: Checkpoint) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], int]:
    """About as many images of each class: the first of each, in turn.

    Returns:
        Images (m, inputs), labels (m,), and how many of them, at the end, are to test with.

    Raises:
        DataError: They are not of the shape, or of the classes, of the network, or too large for a sheet.
    """
    if data.input_shape != checkpoint.meta.input_shape or data.class_names != checkpoint.class_names:
        raise DataError("its images are not of the shape, or not of the classes, that the network knows", data.source)
    if checkpoint.network.inputs > WIDEST:
        raise DataError(f"its images have more than {WIDEST:,} numbers, which is too much for --learn", data.source)
    parts = (
        (data.x_train, data.y_train, balance(data.y_train, TRAINING)),
        (data.x_test, data.y_test, balance(data.y_test, TESTS)),
    )
    images = np.concatenate([to_bytes(x[rows]) for x, _, rows in parts])
    labels = np.concatenate([y[rows].astype(np.int64) for _, y, rows in parts])
    return images, labels, len(parts[1][2])


def balance(labels: Labels, count: int) -> npt.NDArray[np.int64]:
    """The rows of at most `count` labels, in turn one of each class as long as there are any."""
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rank[rows] = np.arange(len(rows))
    return np.lexsort((labels, rank))[:count].astype(np.int64)


def to_bytes(images: Images) -> npt.NDArray[np.uint8]:
    """Images (m, …), bytes or floats from 0 to 1, as bytes (m, inputs)."""
    rows = images.reshape(len(images), -1)
    return (rows if rows.dtype == np.uint8 else np.rint(255 * rows)).astype(np.uint8)


def encode_sheet(images: npt.NDArray[np.uint8]) -> str:
    """A greyscale PNG of images (m, inputs) in base64."""
    return b64encode(encode_png(images)).decode()
