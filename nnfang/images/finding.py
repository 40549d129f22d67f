"""A grey picture of a page -> the ink of the one digit on it."""

from dataclasses import dataclass

import numpy as np

from nnfang.errors import BlankError
from nnfang.images.paper import flatten, has_light_paper, is_framed, measure_noise, take_border
from nnfang.images.parts import choose_digit, find_boxes, find_parts, paint
from nnfang.images.reading import Grey
from nnfang.images.ruling import Mask, remove_ruling

GRAIN = 6
"""Standard deviations of its noise that paper strays from its level."""

MIN_CONTRAST = 8
"""Grey levels between paper and ink, below which a page counts as blank."""

LOW_CONTRAST = 30
"""Grey levels between paper and ink, below which a person is warned."""

NOISY = 0.35
"""Where paper strays this far towards the ink, noise is smoothed first."""

INK = 0.25
"""The share of full ink that makes a pixel part of a digit."""

FULL = 70
"""The percentile of the ink's levels that is full ink: most pixels of a digit of MNIST's are."""

WORKING_SIZE = 640
"""Pixels along the longer side of what is searched; larger pictures are reduced."""

MOSTLY = 0.5
"""The share of the border beyond which it counts as all of it."""

CLOSE = 80
"""A digit of fewer pixels is looked at again in a picture that had to be reduced."""

BORDER, SEVERAL, FAINT = (
    "the digit touches the border of the picture",
    "there are several things that could be digits; the largest was taken",
    "the contrast is very low",
)


@dataclass(frozen=True)
class Ink:
    """A digit cut out of a page.

    Attributes:
        levels: (h, w), the smallest box around it; paper 0, ink up to 255.
        box: left, top, right, bottom of that box in the picture.
        is_inverted: the ink was dark.
        warnings: what may be wrong.
        rim: the share of the border of the picture that is as the ink is.
    """

    levels: Grey
    box: tuple[int, int, int, int]
    is_inverted: bool
    warnings: tuple[str, ...] = ()
    rim: float = 0.0


def find_ink(grey: Grey) -> Ink:
    """Find the digit on a page.

    Args:
        grey: (h, w), dark ink on light paper or the reverse.

    Raises:
        BlankError: there is no ink.
    """
    from PIL import Image

    factor = -(-max(grey.shape) // WORKING_SIZE)
    if factor == 1:
        return _find_either(grey)
    found = _find_either(np.asarray(Image.fromarray(grey).reduce(factor)))
    box = [side * factor for side in found.box]
    if max(found.levels.shape) < CLOSE:
        margin = max(box[2] - box[0], box[3] - box[1]) // 2
        left, top = max(0, box[0] - margin), max(0, box[1] - margin)
        near = _find_with(grey[top : box[3] + margin, left : box[2] + margin], is_inverted=found.is_inverted)
        if isinstance(near, Ink):
            a, b, c, d = near.box
            return Ink(near.levels, (a + left, b + top, c + left, d + top), found.is_inverted, found.warnings)
    right, bottom = min(box[2], grey.shape[1]), min(box[3], grey.shape[0])
    return Ink(found.levels, (box[0], box[1], right, bottom), found.is_inverted, found.warnings)


def _find_either(grey: Grey) -> Ink:
    """Dark ink or light ink, whichever is likelier, or the other where that leads to the border."""
    likelier = has_light_paper(grey)
    found = _find_with(grey, is_inverted=likelier)
    if isinstance(found, str):
        raise BlankError(found)
    # With ink all around, this may be a hole in a digit that fills the picture; with paper all around, the other is.
    if BORDER in found.warnings or (found.rim > MOSTLY and not is_framed(grey)):
        other = _find_with(grey, is_inverted=not likelier)
        if isinstance(other, Ink) and BORDER not in other.warnings and other.rim < found.rim:
            return other
    return found


def _find_with(grey: Grey, *, is_inverted: bool) -> Ink | str:
    """The digit if ink is dark, or light; or why there is none."""
    flat = flatten(np.invert(grey) if is_inverted else grey, is_inverted=is_inverted)
    limit, mask = _mark_ink(flat)
    found = _choose(flat, mask)
    if np.count_nonzero(mask) <= 4 + flat.size // 20_000 or found is None:
        return "no ink found: nothing stands out from the paper"
    full = _weigh_ink(flat, found[0])
    if limit > NOISY * full:
        from PIL import Image, ImageFilter

        flat = np.asarray(Image.fromarray(flat).filter(ImageFilter.BoxBlur(1)))
        limit, mask = _mark_ink(flat)
        found = _choose(flat, mask) or found
    if limit < INK * full:
        found = _choose(flat, mask & (flat > INK * full)) or found
    full = _measure_ink(flat, found[0])
    mask, touches, has_rivals = found
    if np.count_nonzero(mask) == 1:
        return "no ink found: there are only specks on the paper"
    warnings = [
        text for text, holds in ((BORDER, touches), (SEVERAL, has_rivals), (FAINT, full < LOW_CONTRAST)) if holds
    ]
    levels, box = _cut(flat, mask, full)
    rim = float((take_border(flat) > full / 2).mean())
    return Ink(levels, box, is_inverted, tuple(warnings), rim)


def _mark_ink(flat: Grey) -> tuple[float, Mask]:
    """The level above which paper does not stray, and what exceeds it but printed lines; (h, w)."""
    limit = max(MIN_CONTRAST, GRAIN * measure_noise(flat))
    mask = flat > limit
    ruled = remove_ruling(mask)
    if (ruled == mask).all():
        return limit, mask
    # What looked like ruling may be two sides of a box, of which the others would be left over.
    parts = find_parts(mask, flat)
    boxes = find_boxes(parts, parts.mass.astype(np.float64)) & (parts.rim == 0).all(axis=1)
    return limit, remove_ruling(mask & ~paint(parts, boxes)) if boxes.any() else ruled


def _choose(flat: Grey, mask: Mask) -> tuple[Mask, bool, bool] | None:
    """The mask of the digit (h, w), whether it touches the border, whether there are others; None without ink."""
    parts = find_parts(mask, flat)
    chosen, touches, has_rivals = choose_digit(parts)
    return (paint(parts, chosen), touches, has_rivals) if chosen.any() else None


def _weigh_ink(flat: Grey, mask: Mask) -> float:
    """About the level of full ink, even if much of the mask is the faint surroundings of ink."""
    levels = flat[mask].astype(np.float32)
    return float((levels @ levels) / levels.sum())


def _measure_ink(flat: Grey, mask: Mask) -> float:
    """The level of full ink."""
    return float(np.percentile(flat[mask], FULL))


def _cut(flat: Grey, mask: Mask, full: float) -> tuple[Grey, tuple[int, int, int, int]]:
    """The smallest box around the pixels of a mask, their surroundings emptied, full ink brought to 255."""
    y, x = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, bottom, left, right = int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1
    window = mask[top:bottom, left:right]
    # The blurred edge of a stroke is part of it.
    padded = np.pad(window, 1)
    wide = padded[:-2] | padded[1:-1] | padded[2:]
    wide = wide[:, :-2] | wide[:, 1:-1] | wide[:, 2:]
    levels = np.rint(flat[top:bottom, left:right] * (255 / full)).clip(0, 255).astype(np.uint8)
    return np.where(wide, levels, np.uint8(0)), (left, top, right, bottom)
