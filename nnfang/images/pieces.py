"""Pieces of ink on a page, which are digits, parts of one, or several that touch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnfang.images.arrays import Box, Mask, bounding_box
from nnfang.images.components import Components
from nnfang.images.stroke_width import measure_stroke_width


@dataclass(frozen=True, eq=False)
class Piece:
    """Some ink.

    Attributes:
        box: Where it is on the page.
        mask: (h, w) of the box, its pixels.
    """

    box: Box
    mask: Mask

    @property
    def width(self) -> int:
        """Of the box."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Of the box."""
        return self.box[3] - self.box[1]

    @property
    def stroke_width(self) -> float:
        """Of its strokes, on average, in pixels."""
        return measure_stroke_width(self.mask.astype(np.uint8) * 255)

    @classmethod
    def at(cls, mask: Mask, left: int, top: int) -> "Piece":
        """The pixels of a mask (h, w) that has some, whose first pixel is there on the page."""
        x, y, right, bottom = bounding_box(mask)
        return cls((left + x, top + y, left + right, top + bottom), mask[y:bottom, x:right])


def join(pieces: Sequence[Piece]) -> Piece:
    """One piece of several."""
    if len(pieces) == 1:
        return pieces[0]
    boxes = np.array([piece.box for piece in pieces])
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = boxes[:, 2:].max(axis=0).tolist()
    mask = np.zeros((bottom - top, right - left), bool)
    for piece in pieces:
        x, y = piece.box[0] - left, piece.box[1] - top
        mask[y : y + piece.height, x : x + piece.width] |= piece.mask
    return Piece((left, top, right, bottom), mask)


def share_columns(one: Piece, other: Piece) -> bool:
    """Whether half of the narrower of two pieces lies above or below the other."""
    shared = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    return shared > min(one.width, other.width) / 2


def split_components(components: Components, selected: Mask) -> list[Piece]:
    """A piece for each of the selected components (n,), in their order."""
    order = np.argsort(components.labels, kind="stable")
    ends = np.cumsum(components.area)
    pieces = []
    for label in np.flatnonzero(selected):
        pixels = components.indices[order[ends[label] - components.area[label] : ends[label]]]
        left, top, right, bottom = components.box[label].tolist()
        y, x = np.divmod(pixels, components.shape[1])
        mask = np.zeros((bottom - top, right - left), bool)
        mask[y - top, x - left] = True
        pieces.append(Piece((left, top, right, bottom), mask))
    return pieces
