"""Group the ink on a page into lines of writing."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nnfang.errors import PictureError
from nnfang.images.arrays import Mask
from nnfang.images.components import Components, Floats, Ints
from nnfang.images.pieces import Piece, join, share_columns, split_components
from nnfang.images.selection import SELECTION, weigh


@dataclass(frozen=True)
class LineThresholds:
    """What makes a line; all are fractions of the height of a digit.

    Attributes:
        tall: What is at least so high is a digit, or several that touch.
        overlap: How much of the lower of two neighbours is beside the other.
        beyond: How far the middle of a small shape may be above or below its neighbour.
        dust: What is smaller in both directions is no writing.
        max_height: What is higher and at the border of the picture is no writing.
        most_shapes: How many shapes there may be on a page; a number.
        most_pages: How many pages as large the bounding boxes of all of them may fill; a number.
    """

    tall: float = 0.5
    overlap: float = 0.5
    beyond: float = 0.3
    dust: float = 0.06
    max_height: float = 1.6
    most_shapes: int = 1000
    most_pages: float = 8


LINES = LineThresholds()


@dataclass(frozen=True, eq=False)
class Line:
    """A line of writing.

    Attributes:
        pieces: From left to right.
        height: Of a digit, in pixels.
    """

    pieces: tuple[Piece, ...]
    height: float


def find_lines(components: Components) -> list[Line]:
    """The lines on a page, from top to bottom; none where there is no writing.

    Raises:
        PictureError: There is too much on it for a page of digits.
    """
    weight = weigh(components)
    tone = components.mass / components.area
    is_ink = (weight > SELECTION.frame_weight * components.mass) & (components.area > 1)
    if not is_ink.any():
        return []
    is_ink &= tone > SELECTION.min_tone * tone[int(np.where(is_ink, weight, 0).argmax())]
    height = _typical_height(components, is_ink, weight)
    is_ink &= components.size.max(axis=1) > max(1, LINES.dust * height)
    is_ink &= ~(components.touches_border & (components.size[:, 1] > LINES.max_height * height))
    extent = components.size[is_ink].prod(axis=1).sum() / (components.shape[0] * components.shape[1])
    if is_ink.sum() > LINES.most_shapes or extent > LINES.most_pages:
        raise PictureError(f"{is_ink.sum():,} shapes that lie across each other or are too many for a page of digits")
    lines: list[list[int]] = []
    while is_ink.any():
        found, rest = _group(components.box, is_ink, _typical_height(components, is_ink, weight))
        lines += found
        is_ink = rest & (components.size[:, 1] > LINES.beyond * height)
    return _sort(components, lines)


def _typical_height(components: Components, selected: Mask, weight: Floats) -> float:
    """The height that half of the ink is of, by weight."""
    heights = components.size[selected, 1]
    order = np.argsort(heights)
    cumulative = np.cumsum(weight[selected][order])
    return float(heights[order[np.searchsorted(cumulative, cumulative[-1] / 2)]])


def _group(box: Ints, selected: Mask, height: float) -> tuple[list[list[int]], Mask]:
    """Lines as numbers of components, and which of the selected are in none."""
    heights = box[:, 3] - box[:, 1]
    is_tall = selected & (heights >= LINES.tall * height)
    lines: list[list[int]] = []
    for label in _from_left(box, np.flatnonzero(is_tall)):
        overlaps = [_overlap(box[line[-1]], box[label]) for line in lines]
        if overlaps and max(overlaps) >= LINES.overlap:
            lines[int(np.argmax(overlaps))].append(label)
        else:
            lines.append([label])
    tall = np.array([label for line in lines for label in line])
    home = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    rest = selected & ~is_tall
    for label in np.flatnonzero(rest).tolist():
        middle = box[label, 1::2].mean()
        beyond = np.maximum(box[tall, 1] - middle, middle - box[tall, 3]) / heights[tall]
        aside = np.maximum(box[tall, 0] - box[label, 2], box[label, 0] - box[tall, 2])
        distance = np.where(beyond <= LINES.beyond, aside, np.inf)
        nearest = int(distance.argmin())
        if np.isfinite(distance[nearest]):
            lines[home[nearest]].append(label)
            rest[label] = False
    return lines, rest


def _overlap(one: Ints, other: Ints) -> float:
    """How much of the lower of two boxes (4,) is beside the other."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return float(shared / min(one[3] - one[1], other[3] - other[1]))


def _from_left(box: Ints, labels: Iterable[int]) -> list[int]:
    return sorted((int(label) for label in labels), key=lambda label: int(box[label, 0] + box[label, 2]))


def _sort(components: Components, lines: list[list[int]]) -> list[Line]:
    """Lines from top to bottom, their pieces from left to right."""
    selected = np.zeros(len(components.area), bool)
    selected[[label for line in lines for label in line]] = True
    pieces = dict(zip(np.flatnonzero(selected).tolist(), split_components(components, selected), strict=True))
    middle = components.box[:, 1::2].mean(axis=1)
    found = []
    for line in sorted(lines, key=lambda line: float(np.average(middle[line], weights=components.mass[line]))):
        ordered = [pieces[label] for label in _from_left(components.box, line)]
        found.append(Line(tuple(ordered), _height(ordered)))
    return found


def _height(pieces: list[Piece]) -> float:
    """The height of a digit, by which half of the ink is no higher; strokes above each other are one."""
    stacks: list[Piece] = []
    for piece in pieces:
        if stacks and share_columns(stacks[-1], piece):
            stacks[-1] = join([stacks[-1], piece])
        else:
            stacks.append(piece)
    stacks.sort(key=lambda piece: piece.height)
    ink = np.cumsum([piece.mask.sum() for piece in stacks])
    return float(stacks[int(np.searchsorted(ink, ink[-1] / 2))].height)
