"""The lines of boxes are removed, and the digit that is written over them stays."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnfang.images import Grey
from nnfang.images.printed import _open_rows, remove_lines
from tests.images.pages import draw


def outline(box: tuple[int, int, int, int], angle: float = 0, width: int = 3) -> Grey:
    picture = Image.new("L", (300, 240))
    ImageDraw.Draw(picture).rectangle(box, outline=255, width=width)
    return np.asarray(picture.rotate(angle, Image.Resampling.BICUBIC))


@pytest.mark.parametrize("angle", [-1.5, 0, 1])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_digit_over_a_box_stays_and_the_box_goes(angle: float, width: int, digit: Grey) -> None:
    ink = draw(digit, (240, 300), 7, (20, 60)) > 127
    rows, columns = np.nonzero(ink)
    middle = int(rows.mean()), int(columns.mean())
    box = outline((middle[1], 10, 290, middle[0]), angle, width) > 60
    left = remove_lines(ink | box)
    assert (left & ink).sum() > 0.98 * ink.sum()
    assert (left & ~ink & box).sum() < 0.1 * (box & ~ink).sum()


def test_ink_without_lines_is_unchanged(digits: Grey) -> None:
    for digit in digits[:10]:
        ink = draw(digit, (240, 300), 7, (20, 60)) > 127
        np.testing.assert_array_equal(remove_lines(ink), ink)


def test_a_run_is_kept_if_it_is_long_enough_and_ends_with_its_row() -> None:
    mask = np.array([[1, 1, 0, 1, 1, 1], [1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]], bool)
    expected = np.array([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1]], bool)
    np.testing.assert_array_equal(_open_rows(mask, 3), expected)
    assert not remove_lines(np.zeros((50, 60), bool)).any()
