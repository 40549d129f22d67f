"""Read a page in several ways, where it is not plain which is right.

The first reading is that of `prepare_digit`. Where it is in doubt, these may be better:

- A small picture that the digit fills to its edges: all of it is the digit, and either the dark or the light is ink.
- A shadow with a hard edge, the dark corners of a lens, a desk beside the page: the background has edges.
- A form: the digit is written over the lines of a box.

Images alone cannot tell which is right; who knows digits can.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Self

import numpy as np
from PIL import Image

from nnfang.errors import BlankError
from nnfang.images.arrays import Grey, Mask, bounding_box
from nnfang.images.background import border_pixels, has_light_background, level_range, subtract_background
from nnfang.images.preparation import Prepared, prepare_segment, prepare_unchanged
from nnfang.images.printed import remove_lines
from nnfang.images.reading import Picture
from nnfang.images.segmentation import TOUCHES_BORDER, Segment, segment_digit, segment_foreground
from nnfang.images.shade import subtract_shade
from nnfang.images.stroke_width import measure_stroke_width


@dataclass(frozen=True)
class DoubtThresholds:
    """What makes the first reading of a page doubtful, and how else it is read.

    Attributes:
        border_ink: The fraction of the border that is as dark as the ink, if the ink is dark; a plain page has none.
        small: Pixels along the longer side of a picture that a digit may fill to its edges.
        min_contrast: Grey levels between the ink and the paper of such a picture.
        side: Pixels along the longer side of a larger picture as it is read again, at least.
        line_gain: Strokes are this many times as wide as printed lines; otherwise a line may be a stroke.
        strokes: Of the longer side: how wide strokes may be that are told from a background with edges.
        ink_percentile: The percentile of what is darker than the background around it that is ink, not shadow ...
        min_darkness: ... and of that, the darkness that all ink has.
    """

    border_ink: float = 0.02
    small: int = 100
    min_contrast: int = 48
    side: int = 320
    line_gain: float = 1.2
    strokes: tuple[float, ...] = (0.06, 0.1, 0.15)
    ink_percentile: float = 97
    min_darkness: float = 0.7


DOUBT = DoubtThresholds()


@dataclass(frozen=True)
class Readings:
    """How a picture can be read.

    Attributes:
        first: The likeliest reading, by the page alone.
        others: Likeliest first, each made when it is asked for; there may be none.
        is_plain: Whether nothing on the page speaks against the first.
        page: The picture that is read, where it is known.
    """

    first: Prepared
    others: Iterator[Prepared] = field(default_factory=lambda: iter(()))
    is_plain: bool = True
    page: Picture | None = None

    def map(self, change: Callable[[Prepared], Prepared]) -> Self:
        """The same with a change to each reading."""
        return replace(self, first=change(self.first), others=map(change, self.others))


def read_digit(grey: Grey, shape: tuple[int, int]) -> Readings:
    """All readings of a page, as images like those of MNIST.

    Args:
        grey: (height, width), dark ink on a light background or the reverse.
        shape: (h, w) of the images.

    Raises:
        BlankError: There is no ink.
    """
    if unchanged := prepare_unchanged(grey, shape):
        return Readings(unchanged)
    is_cut_out = max(grey.shape) <= DOUBT.small and _is_cut_out(grey)
    others = _fill_edges(grey) if is_cut_out else iter(())
    try:
        first = segment_digit(grey)
    except BlankError:
        if not is_cut_out:
            raise
        first = next(others)
    is_plain = not (is_cut_out or _is_doubtful(first))
    if not is_cut_out:
        others = _read_over_lines(grey) if is_plain else chain(_read_in_shade(grey), _read_over_lines(grey))
    return Readings(_prepare(first, shape), (_prepare(segment, shape) for segment in others), is_plain)


def _prepare(segment: Segment, shape: tuple[int, int]) -> Prepared:
    """An image (h, w), and the ink that it was made of."""
    return replace(prepare_segment(segment, shape), ink=segment.ink)


def _is_doubtful(segment: Segment) -> bool:
    return TOUCHES_BORDER in segment.warnings or segment.border_ink > DOUBT.border_ink


def _is_cut_out(grey: Grey) -> bool:
    """Whether a picture (h, w) has both ink and paper at its border, as one that was cut out around a digit."""
    low, high = level_range(grey)
    border = border_pixels(grey)
    return bool(high - low >= DOUBT.min_contrast and np.ptp(border) > (high - low) / 2)


def _fill_edges(grey: Grey) -> Iterator[Segment]:
    """All of a small picture (h, w), first with light and then with dark ink."""
    low, high = level_range(grey)
    levels = ((grey.astype(np.float64) - low) * (255 / (high - low))).clip(0, 255)
    light = np.rint(levels).astype(np.uint8)
    for is_inverted in (False, True):
        ink = np.invert(light) if is_inverted else light
        yield Segment(ink, (0, 0, grey.shape[1], grey.shape[0]), is_inverted, (TOUCHES_BORDER,))


def _read_in_shade(grey: Grey) -> Iterator[Segment]:
    """Dark ink of strokes of any width, on a background with edges.  (h, w)."""
    small, factor = _downsample(grey)
    foreground = small
    for strokes in DOUBT.strokes:
        foreground = subtract_shade(small, round(strokes * max(small.shape)))
        with suppress(BlankError):
            yield _enlarge(segment_foreground(foreground, is_inverted=True), factor, grey)

    def keep_darkest(mask: Mask) -> Mask:
        """Without shadows that are as narrow as strokes, such as those of fingers."""
        darkest = float(np.percentile(foreground[mask], DOUBT.ink_percentile)) if mask.any() else 0.0
        kept: Mask = mask & (foreground > DOUBT.min_darkness * darkest)
        return kept

    with suppress(BlankError):
        yield _enlarge(segment_foreground(foreground, is_inverted=True, clean=keep_darkest), factor, grey)


def _read_over_lines(grey: Grey) -> Iterator[Segment]:
    """Ink without the lines that it is written over, if there are any thinner than its strokes.  (h, w)."""
    small, factor = _downsample(grey)
    is_inverted = has_light_background(small)
    foreground = subtract_background(np.invert(small) if is_inverted else small, is_inverted=is_inverted)
    lines = np.zeros(small.shape, np.uint8)

    def clean(mask: Mask) -> Mask:
        cleaned = remove_lines(mask)
        lines[mask & ~cleaned] = 255
        return cleaned

    with suppress(BlankError):
        segment = segment_foreground(foreground, is_inverted=is_inverted, clean=clean)
        if lines.any() and _are_printed(lines, segment):
            yield _enlarge(segment, factor, grey)


def _are_printed(lines: Grey, segment: Segment) -> bool:
    """Whether lines (h, w) that were taken off a digit are thinner than its strokes, and no shorter than it is."""
    left, top, right, bottom = bounding_box(lines > 0)
    is_long = max(right - left, bottom - top) >= max(segment.ink.shape)
    return is_long and measure_stroke_width(segment.ink) > DOUBT.line_gain * measure_stroke_width(lines)


def _downsample(grey: Grey) -> tuple[Grey, int]:
    """A large picture (h, w) by a whole factor, for it is only found out what is on it; and the factor."""
    factor = max(1, max(grey.shape) // DOUBT.side)
    return (np.asarray(Image.fromarray(grey).reduce(factor)) if factor > 1 else grey), factor


def _enlarge(segment: Segment, factor: int, grey: Grey) -> Segment:
    """A segment of a downsampled picture, with its box in pixels of the original (h, w)."""
    left, top, right, bottom = (side * factor for side in segment.box)
    return replace(segment, box=(left, top, min(right, grey.shape[1]), min(bottom, grey.shape[0])))
