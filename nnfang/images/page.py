"""Read a page of numbers: its lines of writing, and an image of any piece of them."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from nnfang.errors import BlankError
from nnfang.images.arrays import Box, Grey
from nnfang.images.lines import Line, find_lines
from nnfang.images.pieces import Piece
from nnfang.images.preparation import Prepared, prepare_segment, rescale_box
from nnfang.images.reading import Picture
from nnfang.images.segmentation import INK, LOW_CONTRAST, TOUCHES_BORDER, PageInk, Segment, crop_ink, find_ink

MAX_SIDE = 1280
"""Pixels along the longer side of a page; a larger one is downsampled."""

MIN_HEIGHT = 40
"""Pixels of a digit; where it is smaller, only the part of the page with writing is read, at a higher resolution."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page of numbers.

    Attributes:
        ink: What is on it.
        lines: Of writing, from top to bottom.
        full: Of each line, the level of full ink.
        read_shape: (height, width) of the picture as it was read.
        file_shape: (height, width) of the picture in its file.
        factor: By how much the picture was downsampled after that.
        origin: The x and y in the picture where the ink begins, before it was downsampled.
        warnings: What may be wrong, as text to show.
    """

    ink: PageInk
    lines: tuple[Line, ...]
    full: tuple[float, ...]
    read_shape: tuple[int, int]
    file_shape: tuple[int, int]
    factor: int
    origin: tuple[int, int]
    warnings: tuple[str, ...]

    def prepare(self, piece: Piece, line: int, shape: tuple[int, int]) -> Prepared:
        """A piece of a line as an image (h, w) for a network; where it is is told in pixels of the file."""
        left, top, right, bottom = piece.box
        ink, _ = crop_ink(self.ink.levels[top:bottom, left:right], piece.mask, self.full[line])
        prepared = prepare_segment(Segment(ink, self._in_picture(piece), self.ink.is_inverted), shape)
        return prepared.rescaled(self.read_shape, self.file_shape)

    def locate(self, piece: Piece) -> Box:
        """Where a piece is, in pixels of the file."""
        return rescale_box(self._in_picture(piece), self.read_shape, self.file_shape)

    def _in_picture(self, piece: Piece) -> Box:
        """Where a piece is, in pixels of the picture as it was read."""
        (x, y), (height, width) = self.origin, self.read_shape
        left, top, right, bottom = (side * self.factor for side in piece.box)
        return left + x, top + y, min(right + x, width), min(bottom + y, height)


def read_page(picture: Picture) -> Page:
    """Find the lines of writing on a picture.

    Raises:
        BlankError: There is no ink.
        PictureError: There is too much on it for a page of numbers.
    """
    grey = picture.grey
    factor = -(-max(grey.shape) // MAX_SIDE)
    ink, lines = _read(grey, factor)
    origin = 0, 0
    if factor > 1 and min(line.height for line in lines) < MIN_HEIGHT:
        left, top, right, bottom = _surround(lines, factor)
        window = grey[top:bottom, left:right]
        finer = -(-max(window.shape) // MAX_SIDE)
        if finer < factor:
            (ink, lines), factor, origin = _read(window, finer), finer, (left, top)
    full = tuple(_full_level(ink.levels, line) for line in lines)
    shape = grey.shape[0], grey.shape[1]
    doubts = {TOUCHES_BORDER: _touches_border(ink, lines), LOW_CONTRAST: min(full) < INK.low_contrast}
    warnings = tuple(doubt for doubt, holds in doubts.items() if holds)
    return Page(ink, tuple(lines), full, shape, picture.file_shape, factor, origin, warnings)


def _read(grey: Grey, factor: int) -> tuple[PageInk, list[Line]]:
    ink = find_ink(np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey)
    lines = find_lines(ink.components)
    if not lines:
        raise BlankError("no ink found: nothing on the paper looks like writing")
    return ink, lines


def _surround(lines: list[Line], factor: int) -> tuple[int, int, int, int]:
    """The part of the picture that the lines are in, with a margin as high as a digit."""
    boxes = np.array([piece.box for line in lines for piece in line.pieces])
    margin = max(line.height for line in lines)
    left, top = np.maximum(boxes[:, :2].min(axis=0) - margin, 0)
    right, bottom = boxes[:, 2:].max(axis=0) + margin
    return int(left * factor), int(top * factor), int(right * factor), int(bottom * factor)


def _full_level(levels: Grey, line: Line) -> float:
    """The level of full ink in a line."""
    ink = [levels[p.box[1] : p.box[3], p.box[0] : p.box[2]][p.mask] for p in line.pieces]
    return float(np.percentile(np.concatenate(ink), INK.full_percentile))


def _touches_border(ink: PageInk, lines: list[Line]) -> bool:
    height, width = ink.levels.shape
    boxes = np.array([piece.box for line in lines for piece in line.pieces])
    return bool((boxes[:, :2] == 0).any() or (boxes[:, 2:] == (width, height)).any())
