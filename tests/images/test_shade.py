"""A background with hard edges is told from ink."""

import numpy as np
import pytest

from nnfang.images import Grey
from nnfang.images.shade import _extreme_filter, subtract_shade
from tests.images.pages import darken, draw


@pytest.mark.parametrize("side", [1, 2, 3, 6, 7, 16])
def test_the_background_is_the_closing_with_a_square(side: int) -> None:
    """For every square that holds a pixel the largest level in it, and of these the smallest."""
    levels = np.random.default_rng(side).integers(0, 256, (20, 24)).astype(np.uint8)
    padded = np.pad(levels, side, mode="edge")
    rows, columns = (range(length - side + 1) for length in padded.shape)
    largest = np.array([[padded[y : y + side, x : x + side].max() for x in columns] for y in rows])
    y, x = side + 3, side + 5
    expected = [largest[y + i - side + 1 : y + i + 1, x + 7 - side + 1 : x + 7 + 1].min() for i in range(12)]
    closed = _extreme_filter(_extreme_filter(levels, side, np.maximum), side, np.minimum)
    assert closed.shape == levels.shape
    inside = slice(side, 20 - side)  # elsewhere squares reach beyond the picture
    np.testing.assert_array_equal(closed[3:15, 12][inside], np.array(expected)[inside])


def test_an_edge_of_shadow_is_no_ink_and_ink_is_as_dark_in_the_shadow_as_beside_it() -> None:
    page = np.full((200, 300), 220, np.uint8)
    page[40:160, 100:112] = page[40:160, 200:212] = 55
    page[:, 150:] = page[:, 150:] // 2
    darkness = subtract_shade(page, 30)
    expected = 255 * (1 - 55 / 220)
    assert abs(int(darkness[100, 106]) - expected) < 2
    assert abs(int(darkness[100, 206]) - expected) < 3
    darkness[38:162, 98:114] = darkness[38:162, 198:214] = 0
    assert not darkness.any()


def test_wide_and_dark_is_background_and_black_is_no_reason_to_divide_by_zero(digit: Grey) -> None:
    page = darken(draw(digit), 230)
    page[:, :30] = page[-12:] = 0
    darkness = subtract_shade(page, 10)
    assert darkness[:, :28].max() < 10
    assert darkness[-10:].max() < 10


def test_a_square_larger_than_the_picture_is_cut() -> None:
    assert not subtract_shade(np.full((5, 9), 200, np.uint8), 100).any()
