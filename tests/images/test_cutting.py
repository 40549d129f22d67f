"""Cuts go where there is the least ink, and lose none of it."""

import itertools

import numpy as np
import pytest

from nnfang.images import Grey, Piece, cut, join
from nnfang.images.cutting import CUTTING, _accumulate


@pytest.mark.parametrize("slant", [-1, 0, 1])
def test_two_shapes_with_a_bridge_are_cut_at_the_bridge(slant: int) -> None:
    mask = np.zeros((48, 120), bool)
    for row in range(48):
        x = 30 + slant * (row - 24) // 3
        mask[row, x - 12 : x + 12] = mask[row, x + 18 : x + 42] = True
    mask[22:25, 10:70] = True  # the bridge
    whole = Piece.at(mask, 5, 7)
    parts, crossed = cut(whole, 48)
    halves = [
        cost
        for k, cost in enumerate(crossed, 1)
        if join(parts[:k]).mask.sum() == pytest.approx(join(parts[k:]).mask.sum(), rel=0.05)
    ]
    assert min(halves) < 0.5


def test_parts_are_all_of_a_piece_and_only_once(digits: Grey) -> None:
    for one, other in itertools.pairwise(digits[:8]):
        large = np.hstack([one, other]).repeat(3, axis=0).repeat(3, axis=1) > 127
        piece = Piece.at(large, 0, 0)
        parts, crossed = cut(piece, 60)
        assert len(crossed) == len(parts) - 1
        assert sum(int(part.mask.sum()) for part in parts) == piece.mask.sum()
        again = join(parts)
        assert again.box == piece.box
        np.testing.assert_array_equal(again.mask, piece.mask)


def test_no_more_cuts_than_there_may_be() -> None:
    piece = Piece((0, 0, 1000, 50), np.ones((50, 1000), bool))
    parts, _ = cut(piece, 50)
    assert len(parts) - 1 <= CUTTING.per_height * 1000 / 50
    assert len(cut(Piece((0, 0, 3, 50), np.ones((50, 3), bool)), 50)[0]) == 1


def test_what_a_path_crosses_is_the_least_that_any_path_does() -> None:
    ink = np.random.default_rng(0).random((5, 4))
    crossed = _accumulate(ink)
    for x in range(4):
        ways = [(*way, x) for way in itertools.product(range(4), repeat=4)]
        steps = [np.abs(np.diff(way)) for way in ways]
        costs = [
            sum(ink[y, place] for y, place in enumerate(way)) + CUTTING.sideways * step.sum()
            for way, step in zip(ways, steps, strict=True)
            if step.max() <= 1
        ]
        assert crossed[-1, x] == pytest.approx(min(costs))
