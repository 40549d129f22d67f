"""The one shape in which every data set, wherever it comes from, reaches the rest of the program."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfang.errors import DataError

Images = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8] | npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels, split into a training and a test part; checked once, when it is created.

    Attributes:
        name: What users call the data set, or the path it was read from.
        x_train: Training images, uint8 (n, h, w) or (n, features) within 0..255, or float32 within 0..1.
        y_train: Training labels, uint8 or int64 (n,), counted from 0.
        x_test: Test images, of the type and shape of the training images but for their number.
        y_test: Test labels, as the training labels.
        class_names: What each label stands for.
        preparation: The name of a preparation of nnfang.images, which makes any picture look like these images.
        source: Where the arrays came from, for people; error messages begin with it.
        train_places: What a person calls each training image, such as its file; empty where it has only its number.
        test_places: The same of the test images.

    Raises:
        DataError: The arrays are not of these types and shapes, or do not fit together.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    class_names: tuple[str, ...]
    preparation: str = "plain"
    source: str = "memory"
    train_places: tuple[str, ...] = ()
    test_places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.class_names) == 1:
            raise DataError(f"there is only the class {', '.join(self.class_names)}; two are needed", self.source)
        for part, x, y in (("training", self.x_train, self.y_train), ("test", self.x_test, self.y_test)):
            reason = _find_wrong_type(part, x, y) or _find_wrong_value(part, x, y, len(self.class_names))
            if reason:
                raise DataError(reason, self.source)
        train, test = _describe_images(self.x_train), _describe_images(self.x_test)
        if train != test:
            raise DataError(f"the training images are {train}, but the test images {test}", self.source)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        return (
            f"Dataset({self.name!r}, {len(self.x_train):,} training and {len(self.x_test):,} test images, "
            f"{shape} {self.x_train.dtype}, {len(self.class_names)} classes)"
        )

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


def _find_wrong_type(part: str, x: Any, y: Any) -> str | None:
    """What is wrong with the types and dimensions of one part, or None."""
    if not isinstance(x, np.ndarray) or x.ndim not in (2, 3) or x.dtype not in (np.uint8, np.float32):
        needed = "uint8 or float32 of shape (n, height, width) or (n, features)"
        return f"the {part} images are {_describe(x)}; {needed} is needed"
    if not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype not in (np.uint8, np.int64):
        return f"the {part} labels are {_describe(y)}; uint8 or int64 of shape (n,) is needed"
    return None


def _find_wrong_value(part: str, x: Images, y: Labels, n_classes: int) -> str | None:
    """What is wrong with the images x (n, ...) and labels y (n,) of one part, or None."""
    if x.size == 0:
        return f"the {part} part is empty: its images have the shape {x.shape}"
    if len(x) != len(y):
        return f"the {part} part has {len(x)} images, but {len(y)} labels"
    if x.dtype == np.float32 and np.isnan(x.max()):
        return f"the {part} images hold values that are not a number (NaN)"
    if x.dtype == np.float32 and not (x.min() >= 0 and x.max() <= 1):
        return f"the {part} images are float32 within {x.min():g}..{x.max():g}; values within 0..1 are needed"
    if y.min() < 0 or y.max() >= n_classes:
        return (
            f"the {part} labels run from {y.min()} to {y.max()}, "
            f"but with {n_classes} classes they must lie within 0..{n_classes - 1}"
        )
    return None


def _describe(array: Any) -> str:
    return f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"


def _describe_images(x: Images) -> str:
    return f"{x.dtype} of shape ({', '.join(['n', *map(str, x.shape[1:])])})"
