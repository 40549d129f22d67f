"""Segment a greyscale picture of a page: separate the ink of the one digit on it from everything else."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from nnfang.errors import BlankError
from nnfang.images.arrays import Box, Grey, Mask, bounding_box
from nnfang.images.background import (
    border_pixels,
    estimate_noise,
    has_light_background,
    is_framed,
    max_outliers,
    subtract_background,
)
from nnfang.images.components import Components, label_components
from nnfang.images.ruling import RULING, RULING_OF_NUMBERS, RulingThresholds, remove_ruling
from nnfang.images.selection import find_boxes, select_digit


@dataclass(frozen=True)
class InkThresholds:
    """What counts as ink.

    Attributes:
        max_side: Pixels along the longer side of a picture that is segmented; larger ones are downsampled.
        min_digit: Pixels along the longer side of a digit; a smaller one is segmented again at full resolution.
        noise_deviations: Ink differs from the background by this many standard deviations of the noise ...
        min_contrast: ... and by this many grey levels, or the page is blank.
        low_contrast: Grey levels between background and full ink, below which there is a warning.
        max_noise: The threshold as a fraction of full ink, above which the picture is smoothed.
        min_ink: The fraction of full ink that makes a pixel part of the digit.
        min_ink_of_page: The same for all the ink of a page, on which strokes and ruling touch.
        full_percentile: The percentile of the levels of the ink that is full ink: most of a digit of MNIST is.
        border_majority: The fraction of the border beyond which it is ink as a whole.
    """

    max_side: int = 640
    min_digit: int = 80
    noise_deviations: float = 6
    min_contrast: float = 8
    low_contrast: float = 30
    max_noise: float = 0.35
    min_ink: float = 0.25
    min_ink_of_page: float = 0.4
    full_percentile: float = 70
    border_majority: float = 0.5


INK = InkThresholds()

Clean = Callable[[Mask], Mask]

TOUCHES_BORDER = "the ink touches the border of the picture, where it may be cut off"
HAS_RIVALS = "there are several separate shapes; the largest was taken"
LOW_CONTRAST = "the contrast is very low"


@dataclass(frozen=True)
class Segment:
    """A digit that was cut out of a page.

    Attributes:
        ink: (h, w), cropped to the digit; the background is 0, full ink 255.
        box: Where it is in the picture.
        is_inverted: Whether the ink was dark.
        warnings: What may be wrong.
        border_ink: The fraction of the border of the picture that is as light, or as dark, as the ink.
    """

    ink: Grey
    box: Box
    is_inverted: bool
    warnings: tuple[str, ...] = ()
    border_ink: float = 0.0


def segment_digit(grey: Grey) -> Segment:
    """Find the digit on a page.

    Args:
        grey: (h, w), dark ink on a light background or the reverse.

    Raises:
        BlankError: There is no ink.
    """
    factor = -(-max(grey.shape) // INK.max_side)
    if factor == 1:
        return _segment(grey)
    coarse = _segment(np.asarray(Image.fromarray(grey).reduce(factor)))
    left, top, right, bottom = (side * factor for side in coarse.box)
    if max(coarse.ink.shape) < INK.min_digit:
        margin = max(right - left, bottom - top) // 2
        x, y = max(0, left - margin), max(0, top - margin)
        window = grey[y : bottom + margin, x : right + margin]
        with suppress(BlankError):
            fine = _segment_polarity(window, is_inverted=coarse.is_inverted)
            left, top, right, bottom = fine.box
            return replace(coarse, ink=fine.ink, box=(left + x, top + y, right + x, bottom + y))
    return replace(coarse, box=(left, top, min(right, grey.shape[1]), min(bottom, grey.shape[0])))


def _segment(grey: Grey) -> Segment:
    """Find the digit with the likelier polarity; with the other if the digit is at the border with the first alone."""
    is_inverted = has_light_background(grey)
    segment = _segment_polarity(grey, is_inverted=is_inverted)
    is_enclosed = segment.border_ink > INK.border_majority and not is_framed(grey)
    # Enclosed by ink, this may be a hole in a digit that fills the picture; then the digit has background around.
    if TOUCHES_BORDER in segment.warnings or is_enclosed:
        with suppress(BlankError):
            other = _segment_polarity(grey, is_inverted=not is_inverted)
            if TOUCHES_BORDER not in other.warnings and other.border_ink < segment.border_ink:
                return other
    return segment


def _segment_polarity(grey: Grey, *, is_inverted: bool) -> Segment:
    """Find the digit on a page with dark ink (inverted) or with light ink."""
    foreground = subtract_background(np.invert(grey) if is_inverted else grey, is_inverted=is_inverted)
    return segment_foreground(foreground, is_inverted=is_inverted)


def segment_foreground(foreground: Grey, *, is_inverted: bool, clean: Clean | None = None) -> Segment:
    """Find the digit among what differs from the background.

    Args:
        foreground: (h, w), how much lighter, or darker, than the background each pixel is.
        is_inverted: Whether the ink was dark.
        clean: What else is to be taken off the mask of what is ink, (h, w) -> (h, w).

    Raises:
        BlankError: There is no ink.
    """
    threshold, mask = _threshold(foreground, clean)
    digit = select_digit(label_components(mask, foreground))
    if np.count_nonzero(mask) <= max_outliers(foreground) or digit is None:
        raise BlankError("no ink found: nothing stands out from the paper")
    full = _mean_ink_level(foreground, digit.mask)
    if threshold > INK.max_noise * full:
        foreground = np.asarray(Image.fromarray(foreground).filter(ImageFilter.BoxBlur(1)))
        threshold, mask = _threshold(foreground, clean)
        digit = select_digit(label_components(mask, foreground)) or digit
    if threshold < INK.min_ink * full:
        mask &= foreground > INK.min_ink * full
        digit = select_digit(label_components(mask, foreground)) or digit
    if np.count_nonzero(digit.mask) == 1:
        raise BlankError("no ink found: there are only specks on the paper")
    full = float(np.percentile(foreground[digit.mask], INK.full_percentile))
    doubts = {
        TOUCHES_BORDER: digit.touches_border,
        HAS_RIVALS: digit.has_rivals,
        LOW_CONTRAST: full < INK.low_contrast,
    }
    ink, box = crop_ink(foreground, digit.mask, full)
    border_ink = float((border_pixels(foreground) > full / 2).mean())
    return Segment(ink, box, is_inverted, tuple(doubt for doubt, holds in doubts.items() if holds), border_ink)


def _threshold(foreground: Grey, clean: Clean | None, ruling: RulingThresholds = RULING) -> tuple[float, Mask]:
    """The level that background does not exceed, and what exceeds it but is not printed on the page; (h, w)."""
    threshold = max(INK.min_contrast, INK.noise_deviations * estimate_noise(foreground))
    mask = foreground > threshold
    if clean:
        return threshold, clean(mask)
    without_ruling = remove_ruling(mask, ruling)
    if (without_ruling == mask).all():
        return threshold, mask
    # What looks like ruling may be two sides of a box, of which the other two would be left over.
    components = label_components(mask, foreground)
    boxes = find_boxes(components, components.mass.astype(np.float64)) & ~components.touches_border
    if not boxes.any():
        return threshold, without_ruling
    return threshold, remove_ruling(mask & ~components.mask(boxes), ruling)


def _mean_ink_level(foreground: Grey, mask: Mask) -> float:
    """The mean level, weighted by itself: that of the ink, even if much of the mask is its faint surroundings."""
    levels = foreground[mask].astype(np.float32)
    return float((levels @ levels) / levels.sum())


def crop_ink(foreground: Grey, mask: Mask, full: float) -> tuple[Grey, Box]:
    """Crop to the bounding box of a mask, erase what is not in the mask, and stretch full ink to 255."""
    box = left, top, right, bottom = bounding_box(mask)
    # Dilated by a pixel, for the blurred edge of a stroke belongs to it.
    padded = np.pad(mask[top:bottom, left:right], 1)
    dilated = padded[:-2] | padded[1:-1] | padded[2:]
    dilated = dilated[:, :-2] | dilated[:, 1:-1] | dilated[:, 2:]
    levels = np.rint(foreground[top:bottom, left:right] * (255 / full)).clip(0, 255).astype(np.uint8)
    return np.where(dilated, levels, np.uint8(0)), box


@dataclass(frozen=True)
class PageInk:
    """All the ink on a page.

    Attributes:
        levels: (h, w), how much lighter, or darker, than the background each pixel is.
        components: Of what is ink.
        is_inverted: Whether the ink is dark.
    """

    levels: Grey
    components: Components
    is_inverted: bool


def find_ink(grey: Grey) -> PageInk:
    """Find all the ink on a page.

    Args:
        grey: (h, w), dark ink on a light background or the reverse.

    Raises:
        BlankError: There is none.
    """
    is_inverted = has_light_background(grey)
    levels = subtract_background(np.invert(grey) if is_inverted else grey, is_inverted=is_inverted)
    threshold, mask = _threshold(levels, None, RULING_OF_NUMBERS)
    if np.count_nonzero(mask) <= max_outliers(levels):
        raise BlankError("no ink found: nothing stands out from the paper")
    full = _mean_ink_level(levels, mask)
    if threshold > INK.max_noise * full:
        levels = np.asarray(Image.fromarray(levels).filter(ImageFilter.BoxBlur(1)))
        threshold, mask = _threshold(levels, None, RULING_OF_NUMBERS)
    mask &= levels > INK.min_ink_of_page * full
    return PageInk(levels, label_components(mask, levels), is_inverted)
