"""What the formats share: how far a file may expand, and how arrays become a data set that nobody has described."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Dataset, Images, Labels
from nnfang.errors import DataError

FREE_BYTES = 64 * 2**20
"""Bytes that any file may expand to, however small it is."""

MAX_EXPANSION = 50
"""How many times its own size a larger one may expand to. MNIST expands 5 times, a decompression bomb 1000 times."""

MAX_CLASSES = 10_000

EMPTY_BORDERS = 0.95
"""Fraction of the images whose outermost ring of pixels must be 0 in order to look like MNIST. In MNIST it is 98.6%,
in Fashion-MNIST, whose articles fill the image, 0.03%."""

TEST_EVERY = 5
"""Where nothing says what is for the test, every fifth image of a class is."""


@dataclass(frozen=True)
class Unreadable:
    """A picture of a folder, or a line of a table, that cannot be read.

    Attributes:
        place: What a person calls it.
        number: Where it stands among the pictures of the folder, or the lines of the table, counted from 0.
        reason: What is wrong.
    """

    place: str
    number: int
    reason: str


OnUnreadable = Callable[[Unreadable], None]
"""Is told of each, which is then left out."""


def check_expansion(path: Path, size: int) -> None:
    """Check how large the contents of a file will be, before they are decompressed.

    Raises:
        DataError: They would be so much larger than the file that they can hardly be data.
    """
    packed = path.stat().st_size
    if size > max(FREE_BYTES, MAX_EXPANSION * packed):
        raise DataError(f"its {packed:,} bytes would expand to {size:,}, more than {MAX_EXPANSION} times as much", path)


def from_arrays(path: Path, x_train: Images, y_train: Labels, x_test: Images, y_test: Labels) -> Dataset:
    """Create a data set of arrays read from a path, whose classes have no names and whose origin is unknown.

    Raises:
        DataError: The arrays are inconsistent.
    """
    class_names = name_by_number(y_train, y_test, path)
    preparation = measure_preparation(x_train)
    return Dataset(str(path), x_train, y_train, x_test, y_test, class_names, preparation, source=str(path))


def name_by_number(y_train: Labels, y_test: Labels, path: Path) -> tuple[str, ...]:
    """Name the classes "0", "1", ... up to the highest label.

    Raises:
        DataError: The highest label is `MAX_CLASSES` or above, so that the labels can hardly be classes.
    """
    highest = max((int(y.max()) for y in (y_train, y_test) if y.size), default=0)
    if highest >= MAX_CLASSES:
        raise DataError(f"the highest label is {highest}; labels are classes, counted from 0", path)
    return tuple(str(label) for label in range(highest + 1))


def measure_preparation(x_train: Images) -> str:
    """Tell images that look like MNIST's, 28x28 with an empty border, from any other.

    Args:
        x_train: Training images, (n, h, w) or (n, features).

    Returns:
        "digit", or "plain" where the images have another size or their border is in use.
    """
    if x_train.shape[1:] != (28, 28) or not len(x_train):
        return "plain"
    used = np.any(x_train[:, (0, -1), :], axis=(1, 2)) | np.any(x_train[:, :, (0, -1)], axis=(1, 2))
    return "digit" if 1 - used.mean() >= EMPTY_BORDERS else "plain"


def mark_test(y: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which images become test images, (n,), by their labels y (n,): every fifth of each class, in their order."""
    order = np.argsort(y, kind="stable")
    _, first, labels = np.unique(y[order], return_index=True, return_inverse=True)
    rank = np.empty(len(y), np.int64)
    rank[order] = np.arange(len(y)) - first[labels]
    is_test: npt.NDArray[np.bool_] = rank % TEST_EVERY == TEST_EVERY - 1
    return is_test
