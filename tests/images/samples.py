"""Draw the sample pictures that come with nnfang: one of MNIST's test images per picture, each of another kind."""

import numpy as np

from tests.images.kinds import (
    Draw,
    draw_chalk,
    draw_lined,
    draw_marker,
    draw_paper,
    draw_pen,
    draw_pencil,
    draw_photo,
    draw_rotated,
    draw_squared,
    draw_transparent,
)
from tests.images.shapes import take_digits

DRAWN_BY: dict[str, Draw] = {
    "0": draw_photo,
    "1": draw_lined,
    "2": draw_chalk,
    "3": draw_squared,
    "4": draw_transparent,
    "5": draw_pen,
    "6": draw_paper,
    "7": draw_rotated,
    "8": draw_marker,
    "9": draw_pencil,
}


def draw_samples() -> dict[str, bytes]:
    """The contents of the files by the name of the sample; the same with each call."""
    rng = np.random.default_rng(7)
    digits = {str(sample.label): sample for sample in reversed(take_digits(200, rng))}
    return {name: draw(digits[name], rng) for name, draw in DRAWN_BY.items()}
