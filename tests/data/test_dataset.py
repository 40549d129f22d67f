from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest

from nnfang.data import Dataset
from nnfang.errors import DataError

X = np.arange(6 * 2 * 3, dtype=np.uint8).reshape(6, 2, 3)
Y = np.array([0, 1, 2, 0, 1, 2], np.uint8)
GOOD = Dataset("good", X, Y, X[:3], Y[:3], ("a", "b", "c"), "plain", source="memory")


def test_a_good_one() -> None:
    assert GOOD.input_shape == (2, 3)
    flat = replace(GOOD, x_train=X.reshape(6, 6), x_test=X[:3].reshape(3, 6))
    assert flat.input_shape == (6,)
    with pytest.raises(FrozenInstanceError):
        GOOD.name = "other"  # type: ignore[misc]


def test_fingerprint_is_of_values_shapes_and_types() -> None:
    assert len(GOOD.fingerprint) == 64
    assert replace(GOOD, x_train=X.copy(), name="other").fingerprint == GOOD.fingerprint
    assert replace(GOOD, x_train=np.asfortranarray(X)).fingerprint == GOOD.fingerprint
    others = [
        replace(GOOD, x_train=X[::-1]),
        replace(GOOD, y_train=Y.astype(np.int64)),
        replace(GOOD, x_train=X.reshape(6, 3, 2), x_test=X[:3].reshape(3, 3, 2)),
        replace(GOOD, x_test=X[:2], y_test=Y[:2]),
    ]
    assert len({dataset.fingerprint for dataset in [GOOD, *others]}) == 5


def test_fingerprint_stays_the_same_from_version_to_version() -> None:
    assert GOOD.fingerprint == "f63ac5322cdceb2150c715132cc52ec8464a0294f2efc90b0a9686b8cda188bf"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_names": ("a",)}, "memory: there is only the class a; two are needed"),
        ({"y_train": Y[:5]}, "memory: the training part has 6 images, but 5 labels"),
        ({"y_test": Y}, "the test part has 3 images, but 6 labels"),
        ({"x_test": X[:0], "y_test": Y[:0]}, r"the test part is empty: its images have the shape \(0, 2, 3\)"),
        ({"x_train": X[:, :0]}, r"the training part is empty: its images have the shape \(6, 0, 3\)"),
        ({"class_names": ("a", "b")}, r"labels run from 0 to 2, but with 2 classes they must lie within 0\.\.1"),
        ({"y_train": Y.astype(np.int64) - 1}, "labels run from -1 to 1"),
        ({"y_train": Y.reshape(6, 1)}, r"the training labels are uint8 of shape \(6, 1\)"),
        ({"y_train": Y.astype(float)}, "the training labels are float64"),
        ({"x_train": X.astype(float)}, "the training images are float64"),
        ({"x_train": X[..., None]}, r"the training images are uint8 of shape \(6, 2, 3, 1\)"),
        (
            {"x_test": X[:3, :, :2]},
            r"training images are uint8 of shape \(n, 2, 3\), but the test images uint8 of .*2, 2",
        ),
        ({"x_test": X[:3] / np.float32(20)}, "but the test images float32"),
        ({"x_train": X.astype(np.float32)}, r"training images are float32 within 0\.\.35; values within 0\.\.1"),
        ({"x_test": np.full((3, 2, 3), np.nan, np.float32)}, "the test images hold values that are not a number"),
        ({"x_train": X.tolist()}, "the training images are a list; uint8 or float32 of shape"),
        ({"y_test": [0, 1, 2]}, "the test labels are a list; uint8 or int64 of shape"),
    ],
)
def test_what_does_not_belong_together(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(GOOD, **change)


def test_every_fault_names_the_source() -> None:
    with pytest.raises(DataError) as caught:
        replace(GOOD, y_train=Y[:5])
    assert caught.value.path == "memory"
    assert caught.value.reason == "the training part has 6 images, but 5 labels"


def test_a_library_user_needs_arrays_and_class_names_only() -> None:
    dataset = Dataset("mine", X, Y, X[:3], Y[:3], ("a", "b", "c"))
    assert (dataset.preparation, dataset.source) == ("plain", "memory")


def test_repr_is_short_and_says_what_is_there() -> None:
    assert repr(GOOD) == "Dataset('good', 6 training and 3 test images, 2x3 uint8, 3 classes)"
