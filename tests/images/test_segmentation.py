import numpy as np
import pytest

from nnfang import data
from nnfang.images import Grey, prepare
from nnfang.images.segmentation import HAS_RIVALS, LOW_CONTRAST, TOUCHES_BORDER, segment_digit
from tests.images.pages import MNIST_SHAPE, darken, difference, draw


def test_a_detached_stroke_belongs_to_its_digit() -> None:
    page = np.full((200, 200), 240, np.uint8)
    page[60:160, 60:70] = page[150:160, 60:120] = 20
    page[40:50, 70:120] = 20
    ink = segment_digit(page)
    assert ink.box == (60, 40, 120, 160)
    assert ink.warnings == ()


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom", "is_stroke"),
    [
        (107, 60, 113, 160, False),  # as tall as the digit, and 7% of its height beside it
        (107, 95, 113, 150, True),  # 55% as tall
        (107, 95, 113, 160, False),  # 65%
        (103, 60, 113, 160, True),  # 3% beside it
        (92, 167, 98, 260, True),  # below it, the other half of a digit that is broken
        (127, 95, 137, 125, True),  # 27% beside it
        (133, 95, 143, 125, False),  # 33%
        (109, 95, 119, 105, False),  # 9%, but no more than a fragment
        (104, 95, 114, 105, True),
    ],
)
def test_what_is_beside_a_stroke_is_of_its_digit_where_it_is_near_or_not_tall(
    left: int, top: int, right: int, bottom: int, is_stroke: bool
) -> None:
    page = np.full((300, 200), 240, np.uint8)
    page[60:160, 90:100] = 20
    page[top:bottom, left:right] = 20
    box = (90, 60, max(100, right), max(160, bottom)) if is_stroke else (90, 60, 100, 160)
    assert segment_digit(page).box == box


def test_two_digits_are_not_read_as_one(digits: Grey) -> None:
    page = np.hstack([draw(digits[0], (150, 160), 4, (20, 20)), draw(digits[1], (150, 160), 3, (30, 30))])
    ink = segment_digit(darken(page, 230))
    assert ink.box[2] < 170
    assert ink.warnings == (HAS_RIVALS,)


def test_digits_that_nearly_touch_are_not_read_as_one(digits: Grey) -> None:
    page = np.zeros((200, 400), np.uint8)
    left = 30
    for digit in digits[:2]:
        drawn = draw(digit, (150, 170), 5, (5, 15))
        y, x = np.nonzero(drawn > 100)
        ink = drawn[y.min() : y.max() + 1, x.min() : x.max() + 1]
        page[30 : 30 + ink.shape[0], left : left + ink.shape[1]] = ink
        left += ink.shape[1] + 7  # 7% of the height
    found = segment_digit(darken(page, 230))
    assert found.box[2] - found.box[0] < 110
    assert found.warnings == (HAS_RIVALS,)


def test_a_digit_that_is_cut_off_is_read_with_a_warning(digit: Grey) -> None:
    page = darken(draw(digit, (150, 160), 5, (5, 10)), 230)
    y, _ = np.nonzero(page < 100)
    assert segment_digit(page[(y.min() + y.max()) // 2 :]).warnings == (TOUCHES_BORDER,)


@pytest.mark.parametrize("label", [0, 6, 8, 9])
@pytest.mark.parametrize("sides", [(0, 30, 30, 30), (30, 0, 30, 30), (30, 30, 0, 30), (30, 30, 30, 0), (0, 30, 0, 30)])
def test_a_digit_with_a_hole_that_touches_the_border_is_not_read_by_its_hole(
    label: int, sides: tuple[int, int, int, int]
) -> None:
    sample = data.load("mnist-sample")
    page = draw(np.asarray(sample.x_test[sample.y_test == label][3], np.uint8), (300, 300), 8, (30, 30))
    y, x = np.nonzero(page > 127)
    top, right, bottom, left = sides
    ink = page[y.min() - top : y.max() + 1 + bottom, x.min() - left : x.max() + 1 + right]
    for picture in (darken(ink, 230), ink):
        found = segment_digit(picture)
        assert TOUCHES_BORDER in found.warnings
        assert found.ink.shape[0] > 0.95 * np.ptp(y)


def test_faint_ink_is_read_with_a_warning(digit: Grey) -> None:
    page = darken(draw(digit), 230, 212)
    assert segment_digit(page).warnings == (LOW_CONTRAST,)
    assert difference(prepare(page, MNIST_SHAPE, "digit"), digit) < 14


def test_levels_of_the_ink_are_stretched_so_that_full_ink_is_255() -> None:
    page = np.zeros((200, 200), np.uint8)
    page[40:160, 100:106] = 200
    page[40:50, 100:106] = [110, 120, 140, 150, 170, 190]
    page[150:160, 100:106] = 201  # brighter than most
    ink = segment_digit(page).ink
    assert ink.shape == (120, 6)
    assert (ink[20:] == 255).all()
    np.testing.assert_array_equal(ink[5], np.rint(page[45, 100:106] * (255 / 200)))
