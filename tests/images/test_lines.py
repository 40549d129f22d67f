"""The ink on a page is grouped into lines, and what is no writing is left out."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnfang.errors import PictureError
from nnfang.images.arrays import Box, Grey
from nnfang.images.components import label_components
from nnfang.images.lines import LINES, Line, find_lines


def find(*boxes: Box, size: tuple[int, int] = (300, 400)) -> list[Line]:
    page = np.zeros(size, np.uint8)
    for left, top, right, bottom in boxes:
        page[top:bottom, left:right] = 200
    return find_lines(label_components(page > 0, page))


def test_lines_come_from_top_to_bottom_and_their_pieces_from_left_to_right() -> None:
    low, high = [(x, 150, x + 20, 190) for x in (120, 40, 80)], [(x, 50, x + 20, 90) for x in (90, 30)]
    first, second = find(*low, *high)
    assert [piece.box for piece in first.pieces] == sorted(high)
    assert [piece.box for piece in second.pieces] == sorted(low)
    assert first.height == second.height == 40


def test_a_line_may_rise_by_more_than_its_height() -> None:
    (line,) = find(*((20 + 40 * k, 200 - 20 * k, 40 + 40 * k, 240 - 20 * k) for k in range(8)))
    assert len(line.pieces) == 8


def test_a_small_shape_belongs_to_the_line_that_it_is_nearest_to() -> None:
    dot, minus, accent = (62, 85, 68, 91), (5, 68, 22, 73), (100, 42, 106, 48)
    lines = find((30, 50, 55, 90), (75, 50, 95, 90), (30, 150, 55, 190), (75, 150, 95, 190), dot, minus, accent)
    assert [len(line.pieces) for line in lines] == [5, 2]
    assert {dot, minus, accent} < {piece.box for piece in lines[0].pieces}


def test_dust_is_no_writing() -> None:
    (line,) = find((30, 50, 55, 90), (75, 50, 95, 90), (60, 60, 62, 62), (350, 20, 351, 22))
    assert len(line.pieces) == 2


def test_writing_of_another_size_has_lines_of_its_own() -> None:
    large, small = find(
        (30, 20, 90, 140), (110, 20, 170, 140), *((30 + 40 * k, 200, 50 + 40 * k, 240) for k in range(4))
    )
    assert (large.height, small.height) == (120, 40)


def test_a_page_without_ink_has_no_lines() -> None:
    assert find() == []


def test_what_fills_a_page_with_shapes_is_refused() -> None:
    page = np.zeros((400, 400), np.uint8)
    page[::6, ::6] = page[1::6, ::6] = page[::6, 1::6] = 200
    assert page[::6, ::6].size > LINES.most_shapes
    with pytest.raises(PictureError, match=r"^4,489 shapes that lie across each other or are too many for a page"):
        find_lines(label_components(page > 0, page))


def test_what_lies_across_each_other_is_refused() -> None:
    picture = Image.new("L", (600, 600))
    pen = ImageDraw.Draw(picture)
    for k in range(0, 400, 10):  # their boxes are nearly as large as the page
        pen.line((10, 200 + k // 2, 590, 10 + k // 2), fill=200)
    page: Grey = np.asarray(picture)
    with pytest.raises(PictureError, match="lie across each other"):
        find_lines(label_components(page > 0, page))


def test_a_frame_alone_is_no_writing() -> None:
    levels = np.full((60, 80), 200, np.uint8)
    levels[3:-3, 3:-3] = 0
    assert find_lines(label_components(levels > 0, levels)) == []
