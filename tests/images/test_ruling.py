import numpy as np
import pytest

from nnfang.images import Grey
from nnfang.images.ruling import RULING_OF_NUMBERS, remove_ruling
from tests.images.pages import draw


@pytest.mark.parametrize("tilt", [0, 0.02, -0.03])
@pytest.mark.parametrize("is_upright", [False, True])
def test_ruled_lines_are_removed_and_ink_stays(tilt: float, is_upright: bool, digit: Grey) -> None:
    page = draw(digit, (240, 320), 4, (60, 100)) > 127
    y, x = np.indices(page.shape)
    along, across = (y, x) if is_upright else (x, y)
    lines = (across + tilt * along) % 37 < 2
    # But for the edges of the page, where some lines leave it.
    kept, ink = (mask[40:200, 80:260] for mask in (remove_ruling(page | lines), page))
    assert np.count_nonzero(ink & ~kept) < 0.01 * np.count_nonzero(ink)
    assert np.count_nonzero(kept & ~ink) < 0.05 * np.count_nonzero(ink)


def test_a_straight_stroke_is_no_ruled_line() -> None:
    page = np.zeros((200, 200), bool)
    page[10:190, 100:102] = True
    np.testing.assert_array_equal(remove_ruling(page), page)


@pytest.mark.parametrize("shape", [(120, 300), (300, 120)])
@pytest.mark.parametrize("thickness", [1, 2, 3])
def test_lines_are_removed_from_one_side_of_the_page_to_the_other(thickness: int, shape: tuple[int, int]) -> None:
    page = np.zeros(shape, bool)
    for row in range(20, shape[0] - 10, 30):
        page[row : row + thickness] = True
    assert not remove_ruling(page).any()
    assert not remove_ruling(page.T).any()


def test_a_single_line_is_ruling_only_if_it_spans_the_page() -> None:
    whole, most = np.zeros((2, 160, 320), bool)
    whole[80:82] = most[80:82, 20:] = True
    assert not remove_ruling(whole).any()
    np.testing.assert_array_equal(remove_ruling(most), most)


def test_a_small_picture_has_no_ruling() -> None:
    for side, is_ruled in ((100, True), (99, False)):
        page = np.zeros((side, 200), bool)
        page[20:22] = page[60:62] = True
        assert remove_ruling(page).any() != is_ruled


def test_a_line_of_numbers_has_ruling_on_a_picture_that_is_not_high() -> None:
    page = np.zeros((80, 240), bool)
    page[12:14] = page[66:68] = True
    assert not remove_ruling(page, RULING_OF_NUMBERS).any()
    assert remove_ruling(page).any()


def test_a_ruled_line_that_digits_mostly_hide_is_removed_from_between_them() -> None:
    """Two lines, of which one is seen in 6 of 16 strips: beside the ink, which fills the others."""
    page = np.zeros((160, 320), bool)
    page[20:22] = page[80:82] = True
    page[40:120, :200] = True
    expected = np.zeros_like(page)
    expected[40:120, :200] = True
    np.testing.assert_array_equal(remove_ruling(page, RULING_OF_NUMBERS), expected)
    assert remove_ruling(page)[80:82, 210:].any()


def test_ink_that_crosses_a_line_stays_whole() -> None:
    page = np.zeros((160, 320), bool)
    page[40:42] = page[80:82] = True
    page[20:140, 150:160] = True
    expected = np.zeros_like(page)
    expected[20:140, 150:160] = True
    np.testing.assert_array_equal(remove_ruling(page), expected)


def test_lines_near_the_edges_are_removed_too() -> None:
    page = np.zeros((160, 320), bool)
    for row in (4, 40, 80, 153):
        page[row : row + 2] = True
    assert not remove_ruling(page).any()
