"""Pictures as text: each pixel in its place, in colours, in blocks and in ASCII."""

import re

import numpy as np
import pytest

from nnfang.reports import halfblocks
from nnfang.reports.halfblocks import Medium, beside, choose_medium, draw_bar, draw_grey, draw_signed, pad

L = np.array([[255, 0, 0], [255, 0, 0], [255, 255, 200]], np.uint8)


def read_cells(lines: list[str]) -> list[list[tuple[int, int]]]:
    """The colours of the upper and the lower half of each character; -1 for none."""
    rows = []
    for line in lines:
        cells: list[tuple[int, int]] = []
        for fore, back, run, blank in re.findall(r"\x1b\[38;5;(\d+)m(?:\x1b\[48;5;(\d+)m)?([▀▄]+)\x1b\[0m|( +)", line):
            colours = (int(fore), int(back or -1)) if "▀" in run else (-1, int(fore or -1))
            cells += [(-1, -1)] * len(blank) or [colours] * len(run)
        rows.append(cells)
    return rows


def test_a_medium_is_what_a_stream_can_write() -> None:
    assert choose_medium("utf-8", has_colours=True) is Medium.COLOUR
    assert choose_medium("utf-8", has_colours=False) is Medium.BLOCKS
    for encoding in ("ascii", "latin-1", None, "nonsense"):
        assert choose_medium(encoding, has_colours=True) is Medium.ASCII


def test_grey_levels_become_colours_half_by_half() -> None:
    assert read_cells(draw_grey(L, Medium.COLOUR)) == [
        [(231, 231), (16, 16), (16, 16)],
        [(231, -1), (231, -1), (251, -1)],
    ]


def test_without_colours_a_half_is_there_or_not_and_in_ascii_darker_or_lighter() -> None:
    assert draw_grey(L, Medium.BLOCKS) == ["█  ", "▀▀▀"]
    assert draw_grey(L, Medium.ASCII) == ["@  ", "==-"]


@pytest.mark.parametrize("medium", Medium)
def test_a_box_is_drawn_just_outside(medium: Medium) -> None:
    lines = draw_grey(np.zeros((8, 9), np.uint8), medium, (3, 2, 6, 6))
    if medium is Medium.COLOUR:
        edge = np.array(read_cells(lines)) == halfblocks.FRAME
        expected = np.zeros((8, 9), bool)
        expected[1:7, 2:7] = True
        expected[2:6, 3:6] = False
        np.testing.assert_array_equal(edge.transpose(0, 2, 1).reshape(8, 9), expected)
    else:
        assert lines == ["  +++++  ", "  +   +  ", "  +   +  ", "  +++++  "]


def test_a_box_around_everything_is_drawn_at_the_edge() -> None:
    assert draw_grey(np.zeros((4, 3), np.uint8), Medium.ASCII, (0, 0, 3, 4)) == ["+++", "+++"]


def test_signs_have_colours_that_are_told_apart_and_nothing_has_none() -> None:
    values = np.array([[1.0, -1.0, 0.0], [0.3, -0.3, 0.001]])
    ((for_, against, nothing),) = read_cells(draw_signed(values, Medium.COLOUR))
    assert for_ == (halfblocks.BLUES[-1], halfblocks.BLUES[1])
    assert against == (halfblocks.ORANGES[-1], halfblocks.ORANGES[1])
    assert nothing == (-1, -1)
    assert draw_signed(values, Medium.BLOCKS) == draw_signed(values, Medium.ASCII) == ["#= "]
    assert draw_signed(values / 1e6, Medium.ASCII) == ["#= "], "each picture has its own scale"
    assert draw_signed(np.zeros((2, 2)), Medium.ASCII) == ["  "]
    assert draw_signed(np.array([[0.5, -0.5, 1.0]]), Medium.ASCII) == ["+-#"], "the missing row is of 0"


def test_a_bar_is_as_long_as_its_part() -> None:
    assert draw_bar(1, 4, Medium.BLOCKS) == "████"
    assert draw_bar(0.3, 4, Medium.COLOUR) == "█▎"
    assert draw_bar(0.3, 10, Medium.ASCII) == "###"
    assert draw_bar(0, 4, Medium.BLOCKS) == draw_bar(0, 4, Medium.ASCII) == ""


def test_blocks_stand_beside_each_other_where_there_is_room() -> None:
    blocks = [(3, ["aaa", "a"]), (2, ["bb"]), (4, ["cccc", "c", "ccc"])]
    assert beside(13, blocks) == ["aaa  bb  cccc", "a        c", "         ccc"]
    assert beside(12, blocks) == ["aaa  bb", "a", "", "cccc", "c", "ccc"]
    assert beside(1, blocks[:2]) == ["aaa", "a", "", "bb"]


def test_what_chooses_colours_takes_no_room() -> None:
    assert pad("\x1b[38;5;16m▀\x1b[0mm", 4) == "\x1b[38;5;16m▀\x1b[0mm  "
