"""Shapes of ink to draw on pages: digits of MNIST enlarged, and digits drawn stroke by stroke.

A shape is (side, side), 0 where paper shows and 255 where ink is, like an image of MNIST `DETAIL` times as fine.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from nnfang import data
from nnfang.images import Grey
from nnfang.images.geometry import centred_offset, pad_to_shape

DETAIL = 8
SIDE = 28 * DETAIL

STROKES: tuple[tuple[str, ...], ...] = (
    ("50 0,25 8,8 35,8 65,25 92,50 100,75 92,92 65,92 35,75 8,50 0",),
    ("35 20,55 0,55 100", "50 0,50 100"),
    ("8 25,25 5,55 0,80 12,82 35,60 60,8 98,92 98",),
    ("12 10,45 0,78 10,82 30,65 45,42 48", "42 48,70 50,88 68,80 92,45 100,10 90"),
    ("60 0,5 62,95 62", "68 35,66 100"),
    ("82 2,25 2,20 42,55 38,82 52,85 78,62 98,30 98,10 88",),
    ("70 0,35 22,14 58,20 88,48 100,78 88,80 64,54 52,24 64",),
    ("8 4,90 4,60 45,42 100",),
    ("50 48,18 30,20 10,50 0,80 10,78 30,50 48,15 70,18 92,50 100,82 92,84 70,50 48",),
    ("80 22,55 2,25 10,18 32,40 48,72 40,80 22,78 60,66 100",),
)
"""The strokes of each digit as x y in a box of 100 by 100; of 1, either the first or the second."""


@dataclass(frozen=True)
class Sample:
    """A digit to draw, and the image that MNIST has of it.

    Attributes:
        shape: (SIDE, SIDE)
        image: (28, 28)
        label: the digit.
    """

    shape: Grey
    image: Grey
    label: int


@cache
def load_test_split() -> tuple[Grey, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    dataset = data.load("mnist-sample")
    return np.asarray(dataset.x_test, np.uint8), np.asarray(dataset.y_test, np.int64)


def take_digits(count: int, rng: np.random.Generator) -> list[Sample]:
    """Digits of the test split, in random order, each at most once."""
    images, labels = load_test_split()
    chosen = rng.permutation(len(images))[:count]
    return [
        Sample(enlarge(image), image, int(label)) for image, label in zip(images[chosen], labels[chosen], strict=True)
    ]


def draw_digits(count: int, rng: np.random.Generator) -> list[Sample]:
    """Digits drawn stroke by stroke, each different."""
    return [_draw_digit(number % 10, rng) for number in range(count)]


def _draw_digit(label: int, rng: np.random.Generator) -> Sample:
    strokes = STROKES[label]
    if label == 1:
        strokes = (strokes[rng.integers(2)],)
    width, slant = rng.uniform(0.55, 0.8), rng.uniform(-0.05, 0.25)
    thickness = round(rng.uniform(2, 3) * DETAIL)
    picture = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = np.array([pair.split() for pair in stroke.split(",")], float) / 100
        points += rng.normal(0, 0.015, points.shape)
        x = (points[:, 0] - 0.5) * width + (0.5 - points[:, 1]) * slant
        path = np.stack([14 + 17.5 * x, 14 + 17.5 * (points[:, 1] - 0.5)], axis=1) * DETAIL
        path = round_corners(path) if label not in {1, 4, 7} else path
        pen.line([(float(a), float(b)) for a, b in path], fill=255, width=thickness, joint="curve")
        for a, b in (path[0], path[-1]):
            half = thickness / 2
            pen.ellipse((a - half, b - half, a + half, b + half), fill=255)
    shape = np.asarray(picture)
    ink = picture.crop(picture.getbbox())
    scale = 20 / max(ink.size)
    small = ink.resize((max(1, round(ink.width * scale)), max(1, round(ink.height * scale))), Image.Resampling.BOX)
    thumbnail = np.asarray(small)
    return Sample(shape, pad_to_shape(thumbnail, (28, 28), centred_offset(thumbnail, (28, 28))), label)


def round_corners(
    path: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Chaikin's corner cutting, three times; the ends stay.  (points, 2) -> (8 points, 2)."""
    for _ in range(3):
        near, far = 0.75 * path[:-1] + 0.25 * path[1:], 0.25 * path[:-1] + 0.75 * path[1:]
        path = np.concatenate([path[:1], np.stack([near, far], axis=1).reshape(-1, 2), path[-1:]])
    return path


def enlarge(image: Grey) -> Grey:
    """An image of MNIST as a shape with the smooth, sharp outline that its pixels sample."""
    large = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    levels = (np.asarray(large.filter(ImageFilter.GaussianBlur(DETAIL / 4)), float) - 127.5) * 4 + 127.5
    return levels.clip(0, 255).astype(np.uint8)


def thicken(shape: Grey, by: float) -> Grey:
    """Move the outline outwards by this many pixels of MNIST."""
    radius = by * DETAIL
    blurred = np.asarray(Image.fromarray(shape).filter(ImageFilter.GaussianBlur(radius)), float)
    # A straight edge, blurred, has 16% left one standard deviation outside.
    return ((blurred - 0.16 * 255) * 8 + 127.5).clip(0, 255).astype(np.uint8)


def skeletonize(shape: Grey) -> Grey:
    """The skeleton, half a pixel of MNIST wide: Zhang, Suen, "A fast parallel algorithm", CACM 27(3), 1984."""
    reduced = np.asarray(Image.fromarray(shape).reduce(2)) > 127
    mask = np.pad(reduced, 1)
    while True:
        before = mask.sum()
        for step in (0, 1):
            n = [
                np.roll(mask, shift, (0, 1))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]
            neighbours = np.sum(n, axis=0)
            changes = np.sum([~n[i] & n[(i + 1) % 8] for i in range(8)], axis=0)
            first = ~(n[0] & n[2] & n[4]) if step == 0 else ~(n[0] & n[2] & n[6])
            second = ~(n[2] & n[4] & n[6]) if step == 0 else ~(n[0] & n[4] & n[6])
            mask &= ~((neighbours >= 2) & (neighbours <= 6) & (changes == 1) & first & second)
        if mask.sum() == before:
            break
    skeleton = Image.fromarray(mask[1:-1].astype(np.uint8)[:, 1:-1] * 255).resize(
        (SIDE, SIDE), Image.Resampling.NEAREST
    )
    return np.asarray(skeleton.filter(ImageFilter.MaxFilter(3)))
