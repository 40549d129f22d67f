"""Which shapes are the printed box of a form, around the digit, and which are not."""

import numpy as np
import pytest

from nnfang.images.arrays import Mask
from nnfang.images.components import label_components
from nnfang.images.selection import find_boxes, select_digit

SIDE = 100


def find(mask: Mask) -> list[tuple[int, int, int, int]]:
    """The bounding boxes of what is taken for a printed box."""
    components = label_components(mask, mask.astype(np.uint8))
    found = find_boxes(components, components.mass.astype(np.float64))
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in components.box[found]]


def draw(sides: str, *, width: int = 3, content: int = 30) -> Mask:
    """A square with some of its sides, joined by a diagonal, and something in the middle right of it."""
    page = np.zeros((SIDE + 20, SIDE + 20), bool)
    inner = page[10:-10, 10:-10]
    for side, stroke in (
        ("t", np.s_[:width]),
        ("b", np.s_[-width:]),
        ("l", np.s_[:, :width]),
        ("r", np.s_[:, -width:]),
    ):
        if side in sides:
            inner[stroke] = True
    for offset in range(width):
        inner[np.arange(SIDE - offset), np.arange(offset, SIDE)] = True
    inner[20 : 20 + content // 2, 55 : 55 + content] = True
    return page


def test_ink_along_three_sides_around_something_is_a_box() -> None:
    for sides in ("tblr", "tbl", "tbr", "tlr", "blr"):
        assert find(draw(sides)) == [(10, 10, 110, 110)], sides


@pytest.mark.parametrize("sides", ["tb", "lr", "tl", "br", "t", "l"])
def test_ink_along_fewer_is_not(sides: str) -> None:
    assert find(draw(sides)) == []


def test_a_box_has_something_of_some_size_in_it() -> None:
    assert find(draw("tblr", content=16)) == [(10, 10, 110, 110)]
    assert find(draw("tblr", content=14)) == []
    assert find(draw("tblr", content=0)) == []


def test_what_is_filled_is_no_box() -> None:
    assert find(draw("tblr", width=9)) == [(10, 10, 110, 110)]
    assert find(draw("tblr", width=20)) == []


def test_a_box_has_sixteen_pixels_along_its_shorter_side() -> None:
    for height, is_box in ((16, True), (15, False)):
        page = np.zeros((40, 60), bool)
        page[5 : 5 + height, 5:55] = True
        page[6 : 4 + height, 6:54] = False
        page[9:12, 20:30] = True
        assert find(page) == ([(5, 5, 55, 5 + height)] if is_box else [])


@pytest.mark.parametrize(("dust", "is_kept"), [(1, False), (2, True)])
def test_a_single_pixel_beside_a_small_digit_is_dust(dust: int, is_kept: bool) -> None:
    page = np.zeros((60, 60), bool)
    page[20:40, 30:32] = True
    page[41, 30 : 30 + dust] = True
    selection = select_digit(label_components(page, page.astype(np.uint8)))
    assert selection
    assert selection.mask[41].any() == is_kept
    assert selection.mask[20:40, 30:32].all()
