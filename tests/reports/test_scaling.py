"""Pictures in fewer pixels: nothing is lost, and the light on a page is."""

import numpy as np
import pytest

from nnfang.reports.scaling import flatten_light, shrink, strongest


def test_a_small_picture_is_unchanged() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(shrink(image, (2, 3)), image)


def test_pixels_become_the_means_of_equal_parts() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    np.testing.assert_array_equal(shrink(image, (2, 9)), [[2.5, 4.5], [10.5, 12.5]])


@pytest.mark.parametrize("shape", [(480, 640), (1, 1000), (1000, 1), (37, 53), (49, 36)])
def test_no_picture_is_too_large_and_its_sides_keep_their_ratio(shape: tuple[int, int]) -> None:
    image = np.full(shape, 7, np.uint8)
    small = shrink(image, (36, 48))
    assert small.shape[0] <= 36
    assert small.shape[1] <= 48
    assert small.shape[0] == 36 or small.shape[1] == 48
    assert (small == 7).all()


def test_strokes_are_left_of_a_page_in_uneven_light() -> None:
    page = np.linspace(0, 200, 48) * np.ones((36, 1))
    page[10:20, 24] += 50
    flat = flatten_light(page)
    assert flat[10:20, 24].min() > 200
    assert np.median(flat) < 30


def test_a_single_value_does_not_outshine_all_others() -> None:
    values = np.ones(1000)
    values[0] = -1000
    assert strongest(values) == 1
    assert strongest(np.zeros(3)) == 1
