"""Digits begin and end between pieces, and where a cut is likely to part two of them."""

import itertools

import numpy as np
import pytest

from nnfang.images import Piece
from nnfang.runs.edges import EDGES, Edge, between, find_edges, load_network
from tests.images.shapes import enlarge, load_test_split


def write_two(first: int, second: int) -> tuple[Piece, int]:
    """Two digits, the second of which begins where the first one ends, and the column where that is."""
    images, labels = load_test_split()
    inks = [enlarge(images[np.flatnonzero(labels == digit)[0]])[::2, ::2] > 127 for digit in (first, second)]
    one, other = (ink[:, ink.any(axis=0)] for ink in inks)
    mask = np.zeros((one.shape[0], one.shape[1] + other.shape[1] - 4), bool)
    mask[:, : one.shape[1]] |= one
    mask[:, one.shape[1] - 4 :] |= other
    return Piece.at(mask, 3, 2), one.shape[1] - 2


def test_the_likeliest_cut_mostly_parts_the_digits() -> None:
    is_near = []
    for pair in itertools.product((0, 2, 3, 5, 6), (2, 3, 5, 6, 8)):
        piece, column = write_two(*pair)
        cut = max((edge for edge in find_edges([piece], [True], 80) if edge.cuts), key=lambda edge: edge.odds)
        assert cut.path is not None
        is_near.append(cut.path.mean() == pytest.approx(column, abs=12))
    assert np.mean(is_near) >= 0.8


def test_edges_go_from_left_to_right_and_only_likely_ones_are_kept() -> None:
    pieces = [write_two(0, 3)[0], write_two(6, 2)[0]]
    edges = find_edges(pieces, [True, True], 80)
    assert [edge.piece for edge in edges] == sorted(edge.piece for edge in edges)
    assert [edge.piece for edge in edges if not edge.cuts] == [0, 1, 2]
    for piece in (0, 1):
        cuts = [edge for edge in edges if edge.piece == piece and edge.cuts]
        middles = [edge.path.mean() for edge in cuts if edge.path is not None]
        assert middles == sorted(middles)
        assert min(edge.odds for edge in cuts) >= EDGES.least
    assert all(edge.cuts is None for edge in find_edges(pieces, [False, False], 80))


def test_the_ink_of_all_edges_is_that_of_the_line() -> None:
    pieces = [write_two(0, 3)[0], write_two(6, 2)[0]]
    edges = find_edges(pieces, [True, False], 80)
    whole = sum(int(piece.mask.sum()) for piece in pieces)
    parts = [between(pieces, edges[0], edge) for edge in edges[1:]]
    sizes = [int(part.mask.sum()) for part in parts if part]
    assert sizes[-1] <= whole  # the pieces lie across each other
    cut = next(edge for edge in edges if edge.cuts)
    left, right = between(pieces, edges[0], cut), between(pieces, cut, Edge(1))
    assert left
    assert right
    assert left.mask.sum() + right.mask.sum() == pieces[0].mask.sum()


def test_there_is_nothing_between_cuts_that_cross() -> None:
    piece, _ = write_two(8, 5)
    edges = [edge for edge in find_edges([piece], [True], 80) if edge.cuts]
    first, last = edges[0], edges[-1]
    assert between([piece], first, last) is not None
    assert between([piece], last, first) is None
    for one, other in itertools.pairwise(edges):
        assert one.piece == other.piece


def test_the_network_is_small() -> None:
    network = load_network()
    assert network.class_names == ("wrong", "right")
    assert network.meta.environment == {}


def test_edges_are_apart_where_there_is_ink_between_them() -> None:
    pieces = [write_two(0, 3)[0], write_two(6, 2)[0]]
    edges = find_edges(pieces, [True, True], 80)
    cuts = [edge for edge in edges if edge.piece == 0 and edge.cuts]
    other = next(edge for edge in edges if edge.piece == 1 and edge.cuts)
    assert not cuts[0].is_apart(cuts[0])
    assert cuts[0].is_apart(cuts[-1])
    assert cuts[0].is_apart(other)
    assert cuts[0].is_apart(edges[0])
    assert edges[0].is_apart(cuts[0])
