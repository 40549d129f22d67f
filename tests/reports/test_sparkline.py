"""A curve in one line, in any encoding and width."""

from math import inf, nan

import pytest

from nnfang.reports.sparkline import ASCII, BLOCKS, choose_marks, sparkline


def test_the_lowest_and_the_highest_mark_are_those_of_the_extremes() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == BLOCKS
    assert sparkline([0.7, 0.0, 0.35], 8, ASCII) == "@_+"


def test_values_that_are_alike_are_a_line_on_the_ground() -> None:
    assert sparkline([2.5, 2.5], 9) == "▁▁"
    assert sparkline([], 9) == ""


def test_of_more_values_than_there_is_room_the_last_of_each_part_is_shown() -> None:
    assert sparkline([9, 0, 9, 3, 9, 7], 3) == "▁▄█"
    assert len(sparkline([float(i) for i in range(1001)], 17)) == 17
    assert sparkline([float(i) for i in range(1001)], 17)[-1] == "█"


def test_what_is_not_finite_leaves_a_gap() -> None:
    assert sparkline([0, nan, 1, inf], 9) == "▁ █ "
    assert sparkline([nan], 9) == " "


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII), ("cp437", ASCII), ("no such", ASCII), (None, ASCII)],
)
def test_blocks_are_used_where_they_can_be_written(encoding: str | None, marks: str) -> None:
    assert choose_marks(encoding) == marks
