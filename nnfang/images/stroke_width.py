"""Normalise the stroke width: the strokes of any pen get about as wide as those of MNIST."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from nnfang.images.arrays import Grey, bounding_box
from nnfang.images.geometry import fit_shape, resize, resize_to_fit


@dataclass(frozen=True)
class StrokeWidths:
    """How wide strokes may be, and how they are changed.

    Widths are in pixels of a digit that is 20 pixels long. In MNIST 98% are from 1.3 to 4.4.

    Attributes:
        min: Thinner strokes are dilated ...
        widened: ... to this width.
        max: Thicker strokes are eroded ...
        narrowed: ... to this width.
        max_erosion: The largest fraction of its width that a stroke may lose in one pass.
        max_filled: The largest fraction of its bounding box that ink with strokes covers; a solid shape is not eroded.
        passes: How often the width is measured and changed at most, for strokes of different widths need several.
        oversampling: The width is measured and changed at this many times the resolution of the result.
        stroke_level: Grey level above which a pixel is inside a stroke.
        ink_level: Grey level above which a pixel is ink at all.
        faint: The least width of a stroke when it is measured, in pixels; a thinner one would vanish in the resampling.
    """

    min: float = 1.9
    widened: float = 2.4
    max: float = 4.3
    narrowed: float = 3.0
    max_erosion: float = 0.4
    max_filled: float = 0.85
    passes: int = 3
    oversampling: int = 4
    stroke_level: int = 127
    ink_level: int = 63
    faint: float = 0.5


WIDTHS = StrokeWidths()

MNIST_LENGTH = 20
"""The length of a digit of MNIST, in pixels."""


def measure_stroke_width(ink: Grey) -> float:
    """The mean width of the strokes in pixels: twice the area over the perimeter, as of any long stroke.  (h, w)."""
    mask = np.pad(ink > WIDTHS.stroke_level, 1)
    steps = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    # A slanting edge has more steps than length, on average by 4 / π.
    return 2 * np.count_nonzero(mask) / max(1.0, steps * np.pi / 4)


def relative_stroke_width(ink: Grey, box: tuple[int, int]) -> float:
    """The stroke width of a digit once it is resized to fit a box, in pixels of a digit of MNIST, 20 pixels long.

    Measured as it will be in the end, without grain and ragged edges.  (height, width), (h, w).
    """
    fine = fit_shape(ink.shape, (box[0] * WIDTHS.oversampling, box[1] * WIDTHS.oversampling))
    return float(measure_stroke_width(resize(resize_to_fit(ink, box), fine)) / _unit(box))


def _unit(box: tuple[int, int]) -> float:
    """Pixels, where stroke widths are measured, of a pixel of MNIST."""
    return WIDTHS.oversampling * max(box) / MNIST_LENGTH


def normalize_stroke_width(ink: Grey, box: tuple[int, int]) -> Grey:
    """Dilate or erode a digit whose strokes are much thinner or thicker than those of MNIST.

    Args:
        ink: (height, width), cropped to the digit.
        box: (h, w), to which it will be resized.

    Returns:
        The same array if the stroke width is as it should be; otherwise a digit of about `WIDTHS.oversampling` times
        the box.
    """
    ink = _thicken_hairlines(ink, box)
    for _ in range(WIDTHS.passes):
        fine = resize(ink, fit_shape(ink.shape, (box[0] * WIDTHS.oversampling, box[1] * WIDTHS.oversampling)))
        unit, width = _unit(box), relative_stroke_width(ink, box)
        if width > WIDTHS.max and fine.mean() < WIDTHS.max_filled * 255:
            steps = -round(min(width - WIDTHS.narrowed, WIDTHS.max_erosion * width) * unit / 2)
        elif width < WIDTHS.min:
            steps = round((WIDTHS.widened - width) * unit / 2)
        else:
            break
        changed = _dilate(fine, steps)
        mask = changed > WIDTHS.ink_level
        if not mask.any():
            break
        left, top, right, bottom = bounding_box(mask)
        ink = changed[top:bottom, left:right]
    return ink


def _thicken_hairlines(ink: Grey, box: tuple[int, int]) -> Grey:
    """Dilate lines which would be so faint at the resolution of the measurement that only their crossings were left.

    A pen of one pixel on a large picture; a (height, width) that grows by the dilation.
    """
    scale = WIDTHS.oversampling * min(box[0] / ink.shape[0], box[1] / ink.shape[1])
    width = measure_stroke_width(ink)
    if not 0 < width * scale < WIDTHS.faint:
        return ink
    thick = _dilate(ink, ceil((1 / scale - width) / 2))
    left, top, right, bottom = bounding_box(thick > WIDTHS.ink_level)
    return thick[top:bottom, left:right]


def _dilate(ink: Grey, steps: int) -> Grey:
    """Greyscale dilation by `steps` pixels, or erosion if they are negative; the image grows by a margin.

    A square and a diamond in turn as structuring elements make an octagon.
    """
    result = np.pad(ink, abs(steps) + 1)
    extreme = np.maximum if steps > 0 else np.minimum
    for step in range(abs(steps)):
        vertical = result.copy()
        extreme(vertical[1:], result[:-1], out=vertical[1:])
        extreme(vertical[:-1], result[1:], out=vertical[:-1])
        source = vertical if step % 2 else result
        both = vertical.copy()
        extreme(both[:, 1:], source[:, :-1], out=both[:, 1:])
        extreme(both[:, :-1], source[:, 1:], out=both[:, :-1])
        result = both
    return result
