import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfang import data
from nnfang.errors import DataError

X = np.random.default_rng(2).integers(0, 256, (12, 28, 28), np.uint8)
Y = np.arange(12) % 4
GOOD = {"x_train": X, "y_train": Y, "x_test": X[:5], "y_test": Y[:5]}


def save(path: Path, **changes: Any) -> Path:
    np.savez_compressed(path, **{**GOOD, **changes})
    return path


def test_a_good_one(tmp_path: Path) -> None:
    path = save(tmp_path / "good.npz", more=np.arange(3))
    dataset = data.load(path)
    np.testing.assert_array_equal(dataset.x_train, X)
    np.testing.assert_array_equal(dataset.y_test, Y[:5])
    assert dataset.class_names == ("0", "1", "2", "3")
    assert dataset.preparation == "plain"
    assert dataset.name == dataset.source == str(path)


def test_an_empty_border_makes_it_digits(tmp_path: Path) -> None:
    x = np.pad(X[:, 1:-1, 1:-1], ((0, 0), (1, 1), (1, 1)))
    assert data.load(save(tmp_path / "digits.npz", x_train=x, x_test=x[:5])).preparation == "digit"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", ">i4"])
def test_integers_become_uint8(dtype: str, tmp_path: Path) -> None:
    dataset = data.load(save(tmp_path / "x.npz", x_train=X.astype(dtype), x_test=X[:5].astype(dtype)))
    assert dataset.x_train.dtype == np.uint8
    np.testing.assert_array_equal(dataset.x_train, X)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_within_0_and_1_become_float32(dtype: str, tmp_path: Path) -> None:
    x = (X / 255).astype(dtype)
    dataset = data.load(save(tmp_path / "x.npz", x_train=x, x_test=x[:5]))
    assert dataset.x_train.dtype == np.float32
    np.testing.assert_array_equal(dataset.x_train, x.astype(np.float32))


def test_shapes_that_say_the_same(tmp_path: Path) -> None:
    changes = {"x_train": X[..., None], "x_test": X[:5][..., None], "y_train": Y[:, None], "y_test": Y[:5, None]}
    assert data.load(save(tmp_path / "x.npz", **changes)).fingerprint == data.load(save(tmp_path / "y.npz")).fingerprint


def test_features_instead_of_pixels(tmp_path: Path) -> None:
    dataset = data.load(save(tmp_path / "x.npz", x_train=X.reshape(12, -1), x_test=X[:5].reshape(5, -1)))
    assert dataset.input_shape == (784,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": np.zeros((12, 28, 28, 3), np.uint8)}, r"x_train: colour images of shape \(12, 28, 28, 3\)"),
        ({"x_test": np.zeros((5, 3, 28, 28), np.uint8)}, r"the test images are uint8 of shape \(5, 3, 28, 28\)"),
        ({"x_train": np.zeros((0, 28, 28), np.uint8)}, "the training part is empty"),
        ({"x_train": X.astype(int) + 1}, r"x_train: int64 within 1\.\.256 found"),
        ({"x_train": X.astype(int) - 1}, r"x_train: int64 within -1\.\.254 found"),
        ({"x_train": X.astype(float)}, r"training images are float32 within 0\.\.255; values within 0\.\.1 are needed"),
        ({"x_train": np.full((12, 28, 28), np.nan)}, "the training images hold values that are not a number"),
        ({"x_train": np.where(X > 0, 0.5, np.inf)}, r"training images are float32 within 0\.5\.\.inf"),
        ({"x_train": np.where(X > 0, 0.5, 1e300)}, r"training images are float32 within 0\.5\.\.inf"),
        ({"x_train": X > 0}, "x_train: bool found"),
        ({"x_train": X.astype(str)}, "x_train: <U3 found"),
        ({"x_train": X / 255}, "training images are float32 .* but the test images uint8"),
        ({"x_train": X[:, :20]}, r"\(n, 20, 28\), but the test images"),
        ({"y_train": Y.astype(float)}, "y_train: float64 of shape"),
        ({"y_train": np.eye(4, dtype=int)[Y]}, r"training labels are int64 of shape \(12, 4\)"),
        ({"y_train": Y[:-1]}, "12 images, but 11 labels"),
        ({"y_test": Y[:5] - 1}, "labels run from -1 to 2"),
        ({"y_test": Y[:5] + 10**6}, "the highest label is 1000003"),
        ({"x_train": np.array([None, {}], object)}, "cannot be read as .npz: Object arrays"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = save(tmp_path / "bad.npz", **changes)
    with pytest.raises(DataError, match=message) as caught:
        data.load(path)
    assert caught.value.path == str(path)


def test_missing_members_are_named_with_what_is_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_train=X, labels=Y)
    with pytest.raises(DataError, match="missing: y_train, x_test, y_test; found: x_train, labels"):
        data.load(tmp_path / "x.npz")


def test_broken_archives(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz")
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        data.load(path)


def test_a_member_that_claims_more_than_there_is(tmp_path: Path) -> None:
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (10**15, 28, 28)})
    with zipfile.ZipFile(save(tmp_path / "x.npz"), "w") as archive:
        for name in GOOD:
            archive.writestr(f"{name}.npy", member.getvalue())
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        data.load(tmp_path / "x.npz")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_bomb_is_refused_before_it_is_unpacked(compression: int, tmp_path: Path) -> None:
    member = io.BytesIO()
    np.save(member, np.zeros((25 << 20, 1, 1), np.uint8))
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", compression, compresslevel=1) as archive:
        for name in GOOD:
            archive.writestr(f"{name}.npy", member.getvalue())
    with pytest.raises(DataError, match=r"bytes would expand to 104,858,112, more than 50 times as much"):
        data.load(tmp_path / "bomb.npz")


def test_a_large_one_that_can_hardly_be_packed_is_data(tmp_path: Path) -> None:
    x = np.random.default_rng(1).integers(0, 256, (70_000, 1000), np.uint8)
    np.savez(tmp_path / "x.npz", x_train=x, y_train=np.arange(70_000) % 2, x_test=x[:5], y_test=np.zeros(5, int))
    assert data.load(tmp_path / "x.npz").x_train.nbytes == 70_000_000


def test_a_member_that_stands_twice_is_counted_twice(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train", bytes(65 << 20))
    with pytest.raises(DataError, match="would expand to"):
        data.load(path)


@pytest.mark.parametrize("change", [lambda c: b"\x93NUMPY" + c[6:], lambda c: b"junk" * 10 + c[4:]])
def test_what_is_an_archive_from_its_end_only_is_refused(change: Any, tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError):
        data.load(path)


def test_an_archive_that_begins_as_an_array_is_refused(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.arange(3))
    path = save(tmp_path / "x.npz")
    path.write_bytes(array.getvalue() + path.read_bytes())
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        data.load(path)


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz")
    with zipfile.ZipFile(path, "w") as archive:
        for name in GOOD:
            archive.writestr(f"{name}.npy", b"cbuiltins\nexec\n(Vraise SystemExit(9)\ntR.")
    with pytest.raises(DataError, match=r"x_train: \S+ found"):
        data.load(path)
