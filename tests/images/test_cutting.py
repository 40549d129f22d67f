"""Cuts go where there is the least ink, lose none of it, and are seen from both sides."""

import itertools

import numpy as np
import pytest

from nnfang.images import VIEW, Grey, Piece, cut_out, find_cuts, join
from nnfang.images.cutting import CUTTING, _accumulate


def draw_bridge(slant: int) -> Piece:
    """Two slanted shapes with a bridge between them."""
    mask = np.zeros((48, 120), bool)
    for row in range(48):
        x = 30 + slant * (row - 24) // 3
        mask[row, x - 12 : x + 12] = mask[row, x + 18 : x + 42] = True
    mask[22:25, 10:70] = True
    return Piece.at(mask, 5, 7)


@pytest.mark.parametrize("slant", [-1, 0, 1])
def test_two_shapes_with_a_bridge_are_cut_at_the_bridge(slant: int) -> None:
    whole = draw_bridge(slant)
    cuts = find_cuts(whole, 48)
    halves = [
        crossed
        for path, crossed in zip(cuts.paths, cuts.crossed, strict=True)
        if (np.arange(whole.width) < path[:, None])[whole.mask].mean() == pytest.approx(0.5, abs=0.03)
    ]
    assert min(halves) < 0.5
    assert (np.diff(cuts.crossed) >= 0).all()


def test_parts_are_all_of_a_piece_and_only_once(digits: Grey) -> None:
    for one, other in itertools.pairwise(digits[:8]):
        large = np.hstack([one, other]).repeat(3, axis=0).repeat(3, axis=1) > 127
        piece = Piece.at(large, 0, 0)
        for path in find_cuts(piece, 60).paths:
            left, right = cut_out(piece, None, path), cut_out(piece, path, None)
            assert left
            assert right
            assert left.mask.sum() + right.mask.sum() == piece.mask.sum()
            again = join([left, right])
            assert again.box == piece.box
            np.testing.assert_array_equal(again.mask, piece.mask)


def test_between_the_same_cut_there_is_nothing() -> None:
    piece = draw_bridge(0)
    path = find_cuts(piece, 48).paths[0]
    assert cut_out(piece, path, path) is None
    assert cut_out(piece, None, None) is not None


def test_cuts_differ_by_the_ink_between_them() -> None:
    piece = draw_bridge(0)
    cuts = find_cuts(piece, 48)
    every = range(len(cuts.paths))
    for one in every:
        differences = cuts.differ(one, [other for other in every if other != one])
        assert (differences > CUTTING.different).all()
    left, right = np.argsort(cuts.paths.mean(axis=1))[[0, -1]]
    assert cuts.cross(int(left), int(right)) == 0
    assert cuts.cross(int(right), int(left)) == pytest.approx(cuts.differ(int(left), [int(right)])[0])


def test_a_view_has_the_ink_to_the_left_above_that_to_the_right() -> None:
    mask = np.zeros((48, 100), bool)
    mask[:24, :40] = mask[24:, 60:] = mask[22:26, 40:60] = True  # the left shape is high, the right one low
    cuts = find_cuts(Piece.at(mask, 0, 0), 48)
    view = cuts.views[np.abs(cuts.paths.mean(axis=1) - 50).argmin()].astype(int)
    assert view.shape == VIEW
    left, right = np.split(view, 2)
    assert left[:9].mean() > 50
    assert left[11:].mean() < 2
    assert right[11:].mean() > 50
    assert right[:9].mean() < 2


def test_what_is_too_small_is_not_cut() -> None:
    assert len(find_cuts(Piece((0, 0, 2, 2), np.ones((2, 2), bool)), 50).paths) == 0


def test_what_a_path_crosses_is_the_least_that_any_path_does() -> None:
    ink = np.random.default_rng(0).random((5, 4))
    crossed = _accumulate(ink[None])[0]
    for x in range(4):
        ways = [(*way, x) for way in itertools.product(range(4), repeat=4)]
        steps = [np.abs(np.diff(way)) for way in ways]
        costs = [
            sum(ink[y, place] for y, place in enumerate(way)) + CUTTING.sideways * step.sum()
            for way, step in zip(ways, steps, strict=True)
            if step.max() <= 1
        ]
        assert crossed[-1, x] == pytest.approx(min(costs))
