"""How much speaks for it that some ink of a line is one digit, and for a string of digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnfang.training.familiarity import log_odds_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images
    from nnfang.images import Piece
    from nnfang.runs.classifier import Classifier
    from nnfang.runs.edges import Edge


@dataclass(frozen=True)
class StringModel:
    """What digits may be like; lengths are fractions of the height of a digit in their line.

    Attributes:
        weights: w of φ, see `measure`; `python -m benchmarks.fit_strings weights` estimates them.
        skipped: The score of a small or flat piece that is taken for no digit.
        torn: The same for one that lies above, below or against another, and may be a part of it.
        unreadable: The same for any other piece, which is nothing else that is known.
        small: The height below which a piece may be no digit.
        flat: The width, in heights of the piece, above which it may be a flat stroke ...
        thick: ... if its stroke is thicker than this, in heights of the piece.
        widest: The width that a digit has at most.
        lowest: The height that it has at least if it was cut.
        gap: The distance of two strokes of a digit, at most.
        cut_width: The width above which a piece is cut, ...
        cut_height: ... if it is higher than this ...
        widest_cut: ... and not wider than this.
        usual_odds: For a network that does not know its own: what surprise by the odds is counted from, ...
        usual_excess: ... what it is counted in, ...
        usual_edges: ... and what stands for the surprise by the edges.
    """

    weights: tuple[float, ...] = (
        -1.146,
        -0.8627,
        0.2559,
        -0.5689,
        -0.317,
        15.31,
        -4.799,
        2.5,
        -5.635,
        -4.913,
        0.1853,
        0.05959,
        0.08815,
        0.01327,
        7.998,
    )
    skipped: float = -0.66
    torn: float = -3
    unreadable: float = -50
    small: float = 0.45
    flat: float = 2.5
    thick: float = 0.4
    widest: float = 1.5
    lowest: float = 0.35
    gap: float = 0.08
    cut_width: float = 0.35
    cut_height: float = 0.4
    widest_cut: float = 25
    usual_odds: float = -7.3
    usual_excess: float = 2
    usual_edges: float = -1


MODEL = StringModel()

NO_CUT = -6.0
"""Stands for the log odds of the likeliest cut through a piece through which there is none."""


def measure(
    piece: Piece, edges: Sequence[Edge], surprise: npt.NDArray[np.float64], height: float
) -> npt.NDArray[np.float64]:
    """φ of ink that may be one digit.

    Args:
        piece: The ink.
        edges: From its left to its right, with those between.
        surprise: By its edges and by the odds, (2,).
        height: Of a digit in the line.

    Returns:
        1; surprise by the edges, and its positive part; surprise by the odds, and its positive part; height, its
        square, width, its square; how many of its sides are cuts; the log odds of these, and their positive parts;
        those of the likeliest cut through it, and their positive part; how many gaps there are in it.
    """
    strokes, odds = np.clip(surprise, (-3, -8), (12, 10)).tolist()
    h, w = piece.height / height, piece.width / height
    ends = [edge for edge in (edges[0], edges[-1]) if edge.cuts]
    inside = [edge.odds for edge in edges[1:-1] if edge.cuts and edge.is_apart(edges[0]) and edge.is_apart(edges[-1])]
    through = max(inside, default=NO_CUT)
    gaps = sum(not edge.cuts for edge in edges[1:-1])
    at_cuts = sum(float(np.clip(edge.odds, -6, 8)) for edge in ends)
    return np.array(
        [
            *(1, strokes, max(strokes, 0), odds, max(odds, 0), h, h * h, w, w * w, len(ends), at_cuts),
            *(sum(max(edge.odds, 0) for edge in ends), through, max(through, 0), gaps),
        ]
    )


def measure_surprise(classifier: Classifier, images: Images, outputs: Array) -> npt.NDArray[np.float64]:
    """By the edges and by the odds; (m, 2)."""
    if classifier.familiarity:
        return classifier.familiarity.surprise(images, outputs)
    odds = (log_odds_against(outputs, outputs.argmax(axis=1)) - MODEL.usual_odds) / MODEL.usual_excess
    return np.stack([np.full(len(odds), MODEL.usual_edges), odds], axis=1)
