import numpy as np
import pytest

from nnfang.images import Grey
from nnfang.images.ruling import remove_ruling
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
