"""The one shape in which every data set, wherever it comes from, reaches the rest of the program."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from nnfang.errors import DataError

Images = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8] | npt.NDArray[np.int64]

Preparation = Literal["digit", "negative", "plain"]
"""What must be done to a person's picture so that it looks like the images of a data set.

digit     ink light on black, cropped, scaled into a 20x20 box and centred by mass: as in MNIST
negative  light on black, resized to fill the image: as in Fashion-MNIST and KMNIST
plain     grey and resized, nothing else
"""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels, split into a training and a test part; one that exists is consistent.

    Attributes:
        name: what the data set is called on the command line, or the path it was read from.
        x_train: training images, uint8 (n, h, w) or (n, features) within 0..255, or float32 within 0..1.
        y_train: training labels, uint8 or int64 (n,), counted from 0.
        x_test: test images, of the type and shape of the training images but for their number.
        y_test: test labels, as the training labels.
        class_names: what each label stands for.
        preparation: how a person's picture is made to look like these images.
        source: where the arrays came from, for humans.

    Raises:
        DataError: the arrays do not belong together; the message says which and why.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    class_names: tuple[str, ...]
    preparation: Preparation
    source: str

    def __post_init__(self) -> None:
        check_part("training", self.x_train, self.y_train, len(self.class_names), self.source)
        check_part("test", self.x_test, self.y_test, len(self.class_names), self.source)
        train, test = _image_type(self.x_train), _image_type(self.x_test)
        if train != test:
            raise DataError(f"{self.source}: the training images are {train}, but the test images {test}")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image: (h, w) or (features,)."""
        return self.x_train.shape[1:]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, over the shapes, types and bytes of the four arrays."""
        digest = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def check_part(part: str, x: Images, y: Labels, n_classes: int, source: str) -> None:
    """Check the images x (n, ...) and labels y (n,) of one part, named `part` in messages.

    Raises:
        DataError: the part is empty, has the wrong type or dimensions, or x and y do not fit together.
    """
    if x.ndim not in (2, 3) or x.dtype not in (np.uint8, np.float32):
        raise DataError(
            f"{source}: the {part} images are {x.dtype} of shape {x.shape}; "
            "uint8 or float32 of shape (n, height, width) or (n, features) is needed"
        )
    if y.ndim != 1 or y.dtype not in (np.uint8, np.int64):
        raise DataError(
            f"{source}: the {part} labels are {y.dtype} of shape {y.shape}; uint8 or int64 of shape (n,) is needed"
        )
    if x.size == 0:
        raise DataError(f"{source}: the {part} part is empty: its images have the shape {x.shape}")
    if len(x) != len(y):
        raise DataError(f"{source}: the {part} part has {len(x)} images, but {len(y)} labels")
    lowest, highest = int(y.min()), int(y.max())
    if lowest < 0 or highest >= n_classes:
        raise DataError(
            f"{source}: the {part} labels run from {lowest} to {highest}, "
            f"but with {n_classes} classes they must lie within 0..{n_classes - 1}"
        )


def name_by_number(y_train: Labels, y_test: Labels, source: str, limit: int = 10_000) -> tuple[str, ...]:
    """Name the classes "0", "1", ... up to the highest label, where nothing better is known.

    Raises:
        DataError: the highest label is `limit` or above, so that these can hardly be classes.
    """
    highest = max((int(y.max()) for y in (y_train, y_test) if y.size), default=0)
    if highest >= limit:
        raise DataError(f"{source}: the highest label is {highest}; labels are classes, counted from 0")
    return tuple(str(label) for label in range(highest + 1))


def measure_preparation(x_train: Images, share: float = 0.95) -> Preparation:
    """Tell MNIST's look from any other: 28x28 with an empty border.

    Args:
        x_train: training images, (n, h, w) or (n, features).
        share: the share of images whose outermost ring of pixels must be 0. In MNIST 98.6 % are so, in
            Fashion-MNIST, whose articles fill the image, 0.03 %.

    Returns:
        "digit", or "plain" where the images have another size or the border is in use.
    """
    if x_train.shape[1:] != (28, 28):
        return "plain"
    used = np.any(x_train[:, (0, -1), :], axis=(1, 2)) | np.any(x_train[:, :, (0, -1)], axis=(1, 2))
    return "digit" if 1 - used.mean() >= share else "plain"


def _image_type(x: Images) -> str:
    return f"{x.dtype} of shape ({', '.join(['n', *map(str, x.shape[1:])])})"
