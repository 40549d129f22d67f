"""Makes the sample pictures that come with nnfang: python -m tests.images.samples nnfang/images/samples

One digit of the test part of the MNIST sample a picture, each drawn in a way of its own.
"""

import sys
from pathlib import Path

import numpy as np

from nnfang.images.samples import SAMPLES
from tests.images.kinds import (
    Draw,
    draw_chalk,
    draw_lined,
    draw_marker,
    draw_paper,
    draw_pen,
    draw_pencil,
    draw_photo,
    draw_squared,
    draw_transparent,
    draw_turned,
)
from tests.images.shapes import take_digits

WAYS: dict[str, Draw] = {
    "0": draw_photo,
    "1": draw_lined,
    "2": draw_chalk,
    "3": draw_squared,
    "4": draw_transparent,
    "5": draw_pen,
    "6": draw_paper,
    "7": draw_turned,
    "8": draw_marker,
    "9": draw_pencil,
}


def draw_samples() -> dict[str, bytes]:
    """The files, by the name of the sample; the same at each call."""
    rng = np.random.default_rng(7)
    digits = {str(sample.label): sample for sample in reversed(take_digits(200, rng))}
    return {name: draw(digits[name], rng) for name, draw in WAYS.items()}


def main(folder: Path) -> None:
    for name, content in draw_samples().items():
        (folder / SAMPLES[name].file).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
