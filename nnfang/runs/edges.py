"""Where on a line a digit may begin or end: between two pieces of ink, and where one may be cut.

Of the cuts that `nnfang.images` finds, most go through a digit. A small network, which comes with nnfang, tells by the
ink on either side how likely a cut parts two digits; `python -m benchmarks.fit_strings cuts` trains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnfang.images import cut_out, find_cuts, join
from nnfang.runs.checkpoint import Checkpoint, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from nnfang.images import Cuts, Piece

NETWORK = Path(__file__).parent / "networks" / "cuts.npz"
"""The network's file."""


@dataclass(frozen=True)
class EdgeLimits:
    """Which cuts are tried.

    Attributes:
        least: Log odds of parting two digits, both of a cut and of the two that a digit would be between together.
        different: By how much ink two of them differ, in squares of the width of a stroke.
        per_height: How many there are at most in a piece as wide as a digit is high.
        crossing: How much ink may lie on the wrong side of both of two cuts that cross, in the same squares.
        apart: From so much ink between them on, in the same squares, a cut is not another way to make the other one.
    """

    least: float = -5
    different: float = 0.5
    per_height: float = 12
    crossing: float = 1.5
    apart: float = 2


EDGES = EdgeLimits()


@dataclass(frozen=True, eq=False)
class Edge:
    """Where a digit may begin or end.

    Attributes:
        piece: The number of the piece to the right of it, or of that which is cut.
        cuts: Of the piece; None between pieces.
        number: Of the cut among them.
        odds: Log odds of parting two digits; 0 between pieces.
    """

    piece: int
    cuts: Cuts | None = None
    number: int = 0
    odds: float = 0.0

    @property
    def path(self) -> npt.NDArray[np.int64] | None:
        """(h,) of the cut."""
        return None if self.cuts is None else self.cuts.paths[self.number]

    def is_apart(self, other: Edge) -> bool:
        """Whether another edge is at another place, rather than another way to cut here."""
        if self.cuts is None or self.cuts is not other.cuts:
            return True
        return bool(self.cuts.differ(self.number, [other.number])[0] > EDGES.apart)


@cache
def load_network() -> Checkpoint:
    """The network that judges cuts, of two classes: wrong, right."""
    return load(NETWORK)


def find_edges(pieces: Sequence[Piece], may_be_cut: Iterable[bool], height: float) -> list[Edge]:
    """The edges of a line, from left to right; the first and the last are its ends.

    Args:
        pieces: Of the line.
        may_be_cut: Of each, whether it may be several digits.
        height: Of a digit, in pixels.
    """
    edges: list[Edge] = []
    for number, (piece, is_several) in enumerate(zip(pieces, may_be_cut, strict=True)):
        edges.append(Edge(number))
        if is_several:
            edges += _choose(find_cuts(piece, height), number, height)
    return [*edges, Edge(len(pieces))]


def _choose(cuts: Cuts, piece: int, height: float) -> Iterator[Edge]:
    """The likeliest cuts of a piece, from left to right."""
    if not len(cuts.paths):
        return
    p = load_network().predict(cuts.views)[:, 1].astype(np.float64)
    tiny = np.finfo(np.float32).tiny
    odds = np.log(np.maximum(p, tiny)) - np.log(np.maximum(1 - p, tiny))
    most = EDGES.per_height * cuts.piece.width / height
    chosen: list[int] = []
    for k in np.argsort(-odds, kind="stable").tolist():
        if odds[k] < EDGES.least or len(chosen) >= most:
            break
        if (cuts.differ(k, chosen) > EDGES.different).all():
            chosen.append(k)
    chosen.sort(key=lambda k: float(cuts.paths[k].mean()))
    yield from (Edge(piece, cuts, k, float(odds[k])) for k in chosen)


def between(pieces: Sequence[Piece], start: Edge, stop: Edge) -> Piece | None:
    """The ink of a line from one edge to another to its right; None where there is none, or they cross in it."""
    if start.piece == stop.piece:
        if start.cuts and stop.cuts and start.cuts.cross(start.number, stop.number) > EDGES.crossing:
            return None
        return cut_out(pieces[start.piece], start.path, stop.path)
    parts = [cut_out(pieces[start.piece], start.path, None), *pieces[start.piece + 1 : stop.piece]]
    if stop.cuts:
        parts.append(cut_out(pieces[stop.piece], None, stop.path))
    return join([part for part in parts if part])
