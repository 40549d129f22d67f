"""Distortions of a seed are the same in every version, and how large images may be; the sheet that shows them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from nnfang.core.constraints import FieldError
from nnfang.training import augment
from nnfang.training.augment import Augment, Distortion, Elastic, preview_distortions

EVERYTHING = Augment(15, 0.15, 0.2, 2, Elastic(20, 3), 0.4, mirror=True)


def slopes(n: int, h: int = 12, w: int = 10) -> npt.NDArray[np.uint8]:
    """Images that differ in every pixel."""
    pixels: npt.NDArray[np.uint8] = (np.arange(n * h * w).reshape(n, h, w) * 7 % 256).astype(np.uint8)
    return pixels


def distort(of: Augment, images: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    out = np.empty((len(images), images[0].size), np.float32)
    Distortion(of, images.shape[1:], 5)(images, 2, 64, out)  # type: ignore[arg-type]
    return out


def test_a_seed_stands_for_the_same_distortions_forever() -> None:
    """A run that is resumed with a later version must see the images that it would have seen."""
    out = distort(replace(EVERYTHING, elastic=None), slopes(3))  # whose waves have either sign in another LAPACK
    assert out[:, 13::23] == pytest.approx(np.array(EXPECTED), abs=1e-4)


EXPECTED = [
    [0.76364, 0.53669, 0.03677, 0.50474, 0.03856],
    [0.31172, 0.64355, 0.62320, 0.36122, 0.59402],
    [0.46084, 0.23267, 0.34266, 0.22451, 0.52217],
]


def test_images_may_be_as_large_as_places_in_them_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    assert augment.EXACT == 2**24  # beyond it, not every whole number is a float32
    monkeypatch.setattr(augment, "EXACT", 14 * 12)
    Distortion(Augment(), (12, 10), 0)
    monkeypatch.setattr(augment, "EXACT", 14 * 12 - 1)
    with pytest.raises(FieldError, match=r"^augment: images of 12 x 10 pixels are too large, 167 are possible$"):
        Distortion(Augment(), (12, 10), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_sheet_shows_each_image_as_it_is_and_then_distorted(dtype: npt.DTypeLike) -> None:
    images = slopes(9)
    given = images if dtype == np.uint8 else (images / np.float32(255)).astype(np.float32)
    sheet = preview_distortions(EVERYTHING, given, seed=5, rows=3, columns=4)
    assert (sheet.shape, sheet.dtype.name) == ((3, 4, 12, 10), "uint8")
    np.testing.assert_array_equal(sheet[:, 0], images[[0, 4, 8]])
    for column in range(1, 4):
        out = np.empty((3, 120), np.float32)
        Distortion(EVERYTHING, (12, 10), 5)(given[[0, 4, 8]], column, 0, out)
        np.testing.assert_allclose(sheet[:, column].reshape(3, -1), out * 255, atol=0.51)


def test_a_sheet_has_fewer_rows_where_there_are_fewer_images() -> None:
    assert preview_distortions(Augment(), slopes(2), seed=0, rows=5, columns=2).shape == (2, 2, 12, 10)
