"""Numbers as people write them: strings of digits, on paper of several kinds, and where each digit is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from nnfang.images import Grey
from nnfang.images.arrays import Box, bounding_box
from tests.images.drawing import (
    INKS,
    PAPERS,
    Floats,
    Rng,
    add_noise,
    blend,
    choose,
    encode,
    illuminate,
    jpeg,
    rule,
    smooth_noise,
)
from tests.images.shapes import DETAIL, Sample

GAPS: dict[str, tuple[float, float]] = {"spaced": (3, 8), "tight": (0, 1), "touching": (-3, -1)}
"""How far the ink of a digit begins to the right of the ink of the one before, in pixels of MNIST."""

UNEVEN = 0.15
"""By how much digits are larger or smaller than others, and higher or lower, as a part of their height."""

MARGIN = 6
"""Pixels of MNIST around the ink."""


@dataclass(frozen=True)
class Page:
    """A picture of a number.

    Attributes:
        content: The file.
        label: The number.
        boxes: Where its digits are, in pixels.
    """

    content: bytes
    label: str
    boxes: list[Box]


Paper = Callable[[Floats, Rng], bytes]
"""Ink (h, w), 1 on 0 -> a file."""


def write(samples: Sequence[Sample], spacing: str, rng: Rng, side: int) -> tuple[Floats, list[Box]]:
    """Write digits beside each other.

    Args:
        samples: The digits.
        spacing: A key of `GAPS`.
        rng: What the gaps, the sizes and the places depend on.
        side: Pixels of an image of MNIST.

    Returns:
        Ink (h, w), 1 on 0, and the boxes of the digits.
    """
    unit = side / 28
    inks = [_resize(sample.shape, unit * rng.uniform(1 - UNEVEN, 1 + UNEVEN) / DETAIL) for sample in samples]
    low, high = (gap * unit for gap in GAPS[spacing])
    boxes: list[Box] = []
    x = MARGIN * unit
    for ink in inks:
        y = (14 + MARGIN) * unit - ink.shape[0] / 2 + rng.uniform(-UNEVEN, UNEVEN) * 20 * unit / 2
        left, top = round(x), round(y)
        boxes.append((left, top, left + ink.shape[1], top + ink.shape[0]))
        x = boxes[-1][2] + rng.uniform(low, high)
    page = np.zeros((round((28 + 2 * MARGIN) * unit), round(max(box[2] for box in boxes) + MARGIN * unit)))
    for ink, (left, top, right, bottom) in zip(inks, boxes, strict=True):
        np.maximum(page[top:bottom, left:right], ink, out=page[top:bottom, left:right])
    return page, boxes


def _resize(shape: Grey, factor: float) -> Floats:
    """The ink of a shape without what is around it."""
    left, top, right, bottom = bounding_box(shape > 127)
    return fit_ink(shape, (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor))))


def fit_ink(shape: Grey, size: tuple[int, int]) -> Floats:
    """The ink of a shape without what is around it, of this width and height."""
    left, top, right, bottom = bounding_box(shape > 127)
    cropped = Image.fromarray(shape[top:bottom, left:right])
    return np.asarray(cropped.resize(size, Image.Resampling.BOX), float) / 255


def on_white(ink: Floats, rng: Rng) -> bytes:
    return encode(blend(ink, (255, 255, 255), choose(INKS, rng)), "PNG")


def on_coloured_paper(ink: Floats, rng: Rng) -> bytes:
    return jpeg(add_noise(blend(ink, choose(PAPERS, rng), choose(INKS[:3], rng)), 3, rng), rng)


def in_uneven_light(ink: Floats, rng: Rng) -> bytes:
    lit = blend(ink, (225, 222, 212), choose(INKS, rng)) * illuminate(ink.shape, rng)[..., None]
    return jpeg(add_noise(lit, rng.uniform(3, 6), rng), rng)


def on_a_chalkboard(ink: Floats, rng: Rng) -> bytes:
    grain = np.clip(rng.normal(0.85, 0.2, ink.shape), 0.2, 1)
    board = blend(ink * grain, (45, 70, 58), (228, 228, 220)) + 12 * smooth_noise(ink.shape, rng)[..., None]
    return jpeg(add_noise(board, 4, rng), rng)


def on_lined_paper(ink: Floats, rng: Rng) -> bytes:
    paper = blend(rule(ink.shape, rng, rng.uniform(26, 60)), (248, 247, 240), (150, 175, 215))
    return jpeg(add_noise(paper + (np.array(choose(INKS, rng)) - paper) * ink[..., None], 3, rng), rng)


def on_squared_paper(ink: Floats, rng: Rng) -> bytes:
    spacing = rng.uniform(16, 32)
    lines = np.maximum(rule(ink.shape, rng, spacing), rule(ink.shape[::-1], rng, spacing).T)
    paper = blend(lines, (248, 247, 240), (160, 182, 215))
    return jpeg(add_noise(paper + (np.array(choose(INKS, rng)) - paper) * ink[..., None], 3, rng), rng)


PAPER: dict[str, Paper] = {
    "white": on_white,
    "coloured paper": on_coloured_paper,
    "photo in uneven light": in_uneven_light,
    "chalkboard": on_a_chalkboard,
    "lined paper": on_lined_paper,
    "squared paper": on_squared_paper,
}


def draw_number(samples: Sequence[Sample], spacing: str, paper: str, rng: Rng) -> Page:
    """A picture of digits side by side."""
    ink, boxes = write(samples, spacing, rng, int(rng.integers(45, 110)))
    content = PAPER[paper](ink, rng)
    return Page(content, "".join(str(sample.label) for sample in samples), boxes)


def edit_distance(true: str, read: str) -> int:
    """How many characters must be changed, added or removed: V. Levenshtein, Soviet Physics Doklady 10(8), 1966."""
    row = list(range(len(read) + 1))
    for i, a in enumerate(true, 1):
        before, row = row, [i]
        for j, b in enumerate(read, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
    return row[-1]
