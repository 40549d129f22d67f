"""A background with hard edges is told from ink."""

import numpy as np

from nnfang.images import Grey
from nnfang.images.shade import subtract_shade
from tests.images.pages import darken, draw


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
