"""Which ink of a line is which digit: the choice over the whole string.

Each line is cut into more pieces than it has digits. Every few neighbouring pieces are a hypothesis: one digit. A
string of hypotheses that covers the line has the probability

    P(string) = exp(Σ score) / Z,    score = wᵀ φ

where φ is what the network makes of a hypothesis and how large it is. That is a semi-Markov conditional random field
(S. Sarawagi, W. W. Cohen, "Semi-Markov Conditional Random Fields for Information Extraction", NIPS 17, 2004). Its
weights w are maximum-likelihood estimates from strings of training digits, drawn as `benchmarks/strings.py` draws the
test digits that it measures them with. The best string is found by dynamic programming.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnfang.errors import PictureError
from nnfang.images import cut, join, share_columns
from nnfang.training.familiarity import log_odds_against

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images
    from nnfang.images import Line, Page, Piece, Prepared
    from nnfang.runs.classifier import Classifier

MOST_HYPOTHESES = 5000
"""Hypotheses of a page, so that it takes no more than seconds."""


@dataclass(frozen=True)
class StringModel:
    """What digits may be like; lengths are fractions of the height of a digit in their line.

    Attributes:
        weights: w of φ: 1; surprise by the edges, and its positive part; surprise by the odds, and its positive part;
            height, its square, width, its square; strokes that the cut before it crosses.
        skipped: The score of a small or flat piece that is taken for no digit.
        torn: The same for one that lies above, below or against another, and may be a part of it.
        unreadable: The same for any other piece, which is nothing else that is known.
        small: The height below which a piece may be no digit.
        flat: The width, in heights of the piece, above which it may be a flat stroke ...
        thick: ... if its stroke is thicker than this, in heights of the piece.
        widest: The width that a digit has at most.
        most_pieces: The number of pieces that one digit has at most.
        gap: The distance of two strokes of a digit, at most.
        cut_width: The width above which a piece is cut, ...
        cut_height: ... if it is higher than this ...
        widest_cut: ... and not wider than this.
        sure: The score above which a piece is surely one digit, and is not cut.
        usual_odds: For a network that does not know its own: what surprise by the odds is counted from, ...
        usual_excess: ... what it is counted in, ...
        usual_edges: ... and what stands for the surprise by the edges.
    """

    weights: tuple[float, ...] = (-10.70, -0.512, 0.106, -0.994, 0.593, 19.38, -10.22, 7.15, -4.02, -0.858)
    skipped: float = -0.66
    torn: float = -3
    unreadable: float = -50
    small: float = 0.45
    flat: float = 2.5
    thick: float = 0.4
    widest: float = 1.5
    most_pieces: int = 9
    gap: float = 0.08
    cut_width: float = 0.35
    cut_height: float = 0.4
    widest_cut: float = 25
    sure: float = 2.5
    usual_odds: float = -7.3
    usual_excess: float = 2
    usual_edges: float = -1


MODEL = StringModel()

FLAT = "a flat stroke, such as a minus"
MARK = "a small mark, such as a dot or a comma"
UNREADABLE = "a shape in which no digit was found"


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Neighbouring pieces of a line that may be one digit, or none.

    Attributes:
        piece: All of them.
        start: The number of the first one in the line.
        stop: The number of the first one after them.
        crossed: Strokes that the cut before it crosses; 0 where there is a gap.
        prepared: What the network sees; None where it is taken for no digit.
        outputs: (classes,) of the network.
        score: How much speaks for it.
        reason: Why it is no digit.
    """

    piece: Piece
    start: int
    stop: int
    crossed: float = 0.0
    prepared: Prepared | None = None
    outputs: Array | None = None
    score: float = 0.0
    reason: str | None = None


def choose_strings(classifier: Classifier, page: Page) -> list[list[Hypothesis]]:
    """The best string of each line.

    Raises:
        PictureError: There are too many hypotheses.
    """
    lines = list(enumerate(page.lines))
    whole = [[Hypothesis(piece, k, k + 1) for k, piece in enumerate(line.pieces)] for line in page.lines]
    judged = _judge(classifier, page, whole)
    cuts = [_cut(line, found) for line, found in zip(page.lines, judged, strict=True)]
    proposed = [
        list(_propose(page.lines[number].height, pieces, crossed)) for number, (pieces, crossed) in enumerate(cuts)
    ]
    count = sum(map(len, proposed))
    if count > MOST_HYPOTHESES:
        raise PictureError(f"{count:,} shapes that could be digits, which are too many for a page of numbers")
    known = {id(found.piece): found for line in judged for found in line}
    fresh = _judge(classifier, page, [[found for found in line if id(found.piece) not in known] for line in proposed])
    strings = []
    for number, line in lines:
        again = [
            replace(known[id(f.piece)], start=f.start, stop=f.stop) for f in proposed[number] if id(f.piece) in known
        ]
        strings.append(find_best(len(cuts[number][0]), [*again, *fresh[number], *_skip(line, cuts[number][0])]))
    return strings


def find_best(count: int, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """The string with the largest sum of scores that covers a number of pieces."""
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


def _cut(line: Line, whole: Sequence[Hypothesis]) -> tuple[list[Piece], list[float]]:
    """The pieces of a line, cut where one may be several digits, and what the cut before each crosses."""
    pieces: list[Piece] = []
    crossed: list[float] = []
    for found in whole:
        piece, (width, height) = found.piece, (found.piece.width / line.height, found.piece.height / line.height)
        may_be_several = MODEL.cut_width < width < MODEL.widest_cut and height > MODEL.cut_height
        may_be_several &= found.score < MODEL.sure and _name_mark(piece, line.height) is None
        parts, costs = cut(piece, line.height) if may_be_several else ([piece], [])
        pieces += parts
        crossed += [0.0, *costs]
    return pieces, crossed


def _propose(height: float, pieces: Sequence[Piece], crossed: Sequence[float]) -> Iterator[Hypothesis]:
    """Every few neighbours that are not too wide for a digit, and not too far apart."""
    for start in range(len(pieces)):
        left, _, right, _ = pieces[start].box
        for stop in range(start + 1, min(len(pieces), start + MODEL.most_pieces) + 1):
            box = pieces[stop - 1].box
            if box[0] - right > MODEL.gap * height:
                break
            left, right = min(left, box[0]), max(right, box[2])
            if right - left > MODEL.widest * height:
                break
            yield Hypothesis(join(pieces[start:stop]), start, stop, crossed[start])


def _skip(line: Line, pieces: Sequence[Piece]) -> Iterator[Hypothesis]:
    """That a piece is no digit."""
    whole = {id(piece) for piece in line.pieces}
    for k, piece in enumerate(pieces):
        reason = _name_mark(piece, line.height)
        near = [*pieces[max(0, k - 1) : k], *pieces[k + 1 : k + 2]]
        is_torn = id(piece) in whole and any(share_columns(piece, other) for other in near)
        score = MODEL.unreadable if not reason else MODEL.torn if is_torn else MODEL.skipped
        yield Hypothesis(piece, k, k + 1, score=score, reason=reason or UNREADABLE)


def _judge(classifier: Classifier, page: Page, lines: Sequence[Sequence[Hypothesis]]) -> list[list[Hypothesis]]:
    """The same hypotheses of each line, with outputs and scores."""
    shape = classifier.input_shape[0], classifier.input_shape[1]
    prepared = [[page.prepare(f.piece, number, shape) for f in line] for number, line in enumerate(lines)]
    flat = [picture.image for line in prepared for picture in line]
    if not flat:
        return [[] for _ in lines]
    images = np.stack(flat)
    outputs = classifier.predict(images)
    found = iter(zip(outputs, _measure_surprise(classifier, images, outputs), strict=True))
    judged: list[list[Hypothesis]] = []
    for line, pictures, here in zip(page.lines, prepared, lines, strict=True):
        judged.append([])
        for hypothesis, picture in zip(here, pictures, strict=True):
            answer, surprise = next(found)
            score = _score(hypothesis, line.height, surprise)
            judged[-1].append(replace(hypothesis, prepared=picture, outputs=answer, score=score))
    return judged


def _measure_surprise(classifier: Classifier, images: Images, outputs: Array) -> npt.NDArray[np.float64]:
    """By the edges and by the odds; (m, 2)."""
    if classifier.familiarity:
        return classifier.familiarity.surprise(images, outputs)
    odds = (log_odds_against(outputs, outputs.argmax(axis=1)) - MODEL.usual_odds) / MODEL.usual_excess
    return np.stack([np.full(len(odds), MODEL.usual_edges), odds], axis=1)


def _score(hypothesis: Hypothesis, height: float, surprise: npt.NDArray[np.float64]) -> float:
    """wᵀ φ."""
    edges, odds = np.clip(surprise, (-3, -8), (12, 10)).tolist()
    h, w = hypothesis.piece.height / height, hypothesis.piece.width / height
    phi = (1, edges, max(edges, 0), odds, max(odds, 0), h, h * h, w, w * w, hypothesis.crossed)
    return float(np.dot(MODEL.weights, phi))


def _name_mark(piece: Piece, height: float) -> str | None:
    """What a piece is if it is no digit; None where only a digit is so large."""
    is_flat = piece.width > MODEL.flat * piece.height
    if is_flat and piece.stroke_width > MODEL.thick * piece.height:
        return FLAT
    if piece.height > MODEL.small * height:
        return None
    return FLAT if is_flat else MARK
