"""Which ink of a line is which digit: the choice over the whole string.

A line has more edges than digits. What is between an edge and another one to its right is a hypothesis: one digit. A
string of hypotheses from the first edge of the line to the last has the probability

    P(string) = exp(Σ score) / Z,    score = wᵀ φ

where φ is what the network makes of a hypothesis, how large it is, and how likely its edges are. That is a semi-Markov
conditional random field (S. Sarawagi, W. W. Cohen, "Semi-Markov Conditional Random Fields for Information Extraction",
NIPS 17, 2004). Its weights w are maximum-likelihood estimates from strings of training digits, drawn as
`benchmarks/strings.py` draws the test digits that it measures them with. The best string is found by dynamic
programming.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnfang.errors import PictureError
from nnfang.images import share_columns
from nnfang.runs.edges import EDGES, between, find_edges
from nnfang.runs.string_model import MODEL, measure, measure_surprise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from nnfang.core.arrays import Array
    from nnfang.images import Line, Page, Piece, Prepared
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.edges import Edge

MOST_HYPOTHESES = 5000
"""Hypotheses of a page, so that it takes no more than seconds."""

FLAT = "a flat stroke, such as a minus"
MARK = "a small mark, such as a dot or a comma"
UNREADABLE = "a shape in which no digit was found"


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Ink of a line that may be one digit, or none.

    Attributes:
        piece: The ink.
        start: The number of the edge to its left.
        stop: The number of the edge to its right.
        prepared: What the network sees; None where it is taken for no digit.
        outputs: (classes,) of the network.
        phi: What is measured of it; see `nnfang.runs.string_model.measure`.
        score: How much speaks for it.
        reason: Why it is no digit.
    """

    piece: Piece
    start: int
    stop: int
    prepared: Prepared | None = None
    outputs: Array | None = None
    phi: npt.NDArray[np.float64] | None = None
    score: float = 0.0
    reason: str | None = None


def choose_strings(classifier: Classifier, page: Page) -> list[list[Hypothesis]]:
    """The best string of each line.

    Raises:
        PictureError: There are too many hypotheses.
    """
    lines = propose(classifier, page)
    return [find_best(max(found.stop for found in hypotheses), hypotheses) for hypotheses in lines]


def propose(classifier: Classifier, page: Page) -> list[list[Hypothesis]]:
    """What may be a digit, and what may be none, on each line.

    Raises:
        PictureError: There are too many.
    """
    edges = [
        find_edges(line.pieces, [may_be_several(p, line.height) for p in line.pieces], line.height)
        for line in page.lines
    ]
    found = [list(_list_digits(line, here)) for line, here in zip(page.lines, edges, strict=True)]
    count = sum(map(len, found))
    if count > MOST_HYPOTHESES:
        raise PictureError(f"{count:,} shapes that could be digits, which are too many for a page of numbers")
    judged = _judge(classifier, page, edges, found)
    return [[*digits, *_skip(line, here)] for line, here, digits in zip(page.lines, edges, judged, strict=True)]


def find_best(count: int, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The string with the largest sum of scores from the first edge to the last, which has the number `count`."""
    best = np.full(count + 1, -np.inf)
    best[0] = 0
    last: list[Hypothesis | None] = [None] * (count + 1)
    for found in sorted(hypotheses, key=lambda found: found.start):
        total = best[found.start] + found.score
        if total > best[found.stop]:
            best[found.stop], last[found.stop] = total, found
    string = []
    while found_last := last[count]:
        string.append(found_last)
        count = found_last.start
    return string[::-1]


def may_be_several(piece: Piece, height: float) -> bool:
    """Whether a piece may be several digits that touch."""
    is_wide = MODEL.cut_width * height < piece.width < MODEL.widest_cut * height
    return is_wide and piece.height > MODEL.cut_height * height and _name_mark(piece, height) is None


def _list_digits(line: Line, edges: Sequence[Edge]) -> Iterator[Hypothesis]:
    """The ink between every two edges that is not too wide for a digit, and has no wide gap."""
    for start, first in enumerate(edges[:-1]):
        right = 0
        for stop, last in enumerate(edges[start + 1 :], start + 1):
            before = edges[stop - 1]
            is_gap = stop > start + 1 and not before.cuts
            if is_gap and line.pieces[before.piece].box[0] - right > MODEL.gap * line.height:
                break
            if first.odds + last.odds < EDGES.least or (piece := between(line.pieces, first, last)) is None:
                continue
            right = piece.box[2]
            if piece.width > MODEL.widest * line.height:
                break
            if piece.height > MODEL.lowest * line.height or not (first.cuts or last.cuts):
                yield Hypothesis(piece, start, stop)


def _skip(line: Line, edges: Sequence[Edge]) -> Iterator[Hypothesis]:
    """That a piece is no digit."""
    bounds = [number for number, edge in enumerate(edges) if not edge.cuts]
    for k, (piece, start, stop) in enumerate(zip(line.pieces, bounds, bounds[1:], strict=False)):
        reason = _name_mark(piece, line.height)
        near = [*line.pieces[max(0, k - 1) : k], *line.pieces[k + 1 : k + 2]]
        is_torn = any(share_columns(piece, other) for other in near)
        score = MODEL.unreadable if not reason else MODEL.torn if is_torn else MODEL.skipped
        yield Hypothesis(piece, start, stop, score=score, reason=reason or UNREADABLE)


def _judge(
    classifier: Classifier, page: Page, edges: Sequence[Sequence[Edge]], lines: Sequence[Sequence[Hypothesis]]
) -> list[list[Hypothesis]]:
    """The same hypotheses of each line, with outputs and scores."""
    shape = classifier.input_shape[0], classifier.input_shape[1]
    prepared = [[page.prepare(f.piece, number, shape) for f in line] for number, line in enumerate(lines)]
    if not any(prepared):
        return [[] for _ in lines]
    images = np.stack([picture.image for line in prepared for picture in line])
    outputs = classifier.predict(images)
    found = iter(zip(outputs, measure_surprise(classifier, images, outputs), strict=True))
    judged: list[list[Hypothesis]] = []
    for line, on_line, pictures, here in zip(page.lines, edges, prepared, lines, strict=True):
        judged.append([])
        for hypothesis, picture in zip(here, pictures, strict=True):
            answer, surprise = next(found)
            phi = measure(hypothesis.piece, on_line[hypothesis.start : hypothesis.stop + 1], surprise, line.height)
            score = float(np.dot(MODEL.weights, phi))
            judged[-1].append(replace(hypothesis, prepared=picture, outputs=answer, phi=phi, score=score))
    return judged


def _name_mark(piece: Piece, height: float) -> str | None:
    """What a piece is if it is no digit; None where only a digit is so large."""
    is_flat = piece.width > MODEL.flat * piece.height
    if is_flat and piece.stroke_width > MODEL.thick * piece.height:
        return FLAT
    if piece.height > MODEL.small * height:
        return None
    return FLAT if is_flat else MARK
