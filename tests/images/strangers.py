"""Pictures that show no digit, one function per kind: a random generator -> a greyscale page."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from nnfang.images import Grey
from tests.images.shapes import round_corners

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Stroke = str | Floats

SIDE = 120

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS_TOO = "OoIilSsZzBbgq"
"""Letters that are digits as well, by their shape."""

LETTERS = "".join(letter for letter in ALPHABET if letter not in DIGITS_TOO)
PUNCTUATION = "!?#&%@*+=-/();:\"'.,<>{}[]~^_$"

LETTER_STROKES: dict[str, tuple[str, ...]] = {
    "A": ("0 100,50 0,100 100", "20 60,80 60"),
    "C": ("95 15,60 0,15 20,0 50,15 85,60 100,95 85",),
    "D": ("0 0,0 100,60 95,95 50,60 5,0 0",),
    "E": ("100 0,0 0,0 100,100 100", "0 50,80 50"),
    "F": ("100 0,0 0,0 100", "0 50,70 50"),
    "H": ("0 0,0 100", "100 0,100 100", "0 50,100 50"),
    "J": ("80 0,80 80,50 100,10 85",),
    "K": ("0 0,0 100", "100 0,0 55,100 100"),
    "M": ("0 100,10 0,50 70,90 0,100 100",),
    "N": ("0 100,0 0,100 100,100 0",),
    "P": ("0 100,0 0,70 5,90 30,70 50,0 50",),
    "Q": ("50 0,0 50,50 100,100 50,50 0", "60 70,100 100"),
    "R": ("0 100,0 0,70 5,90 30,70 50,0 50,90 100",),
    "T": ("0 0,100 0", "50 0,50 100"),
    "U": ("0 0,0 70,30 100,70 100,100 70,100 0",),
    "V": ("0 0,50 100,100 0",),
    "W": ("0 0,25 100,50 30,75 100,100 0",),
    "X": ("0 0,100 100", "100 0,0 100"),
    "Y": ("0 0,50 50,100 0", "50 50,50 100"),
    "a": ("90 20,50 0,10 40,20 90,60 90,90 50,90 10,95 100",),
    "d": ("90 70,50 50,10 70,30 100,90 90", "90 0,90 100"),
    "e": ("5 50,90 45,70 5,30 5,2 45,20 95,90 85",),
    "f": ("90 10,60 0,40 20,40 100", "10 45,80 45"),
    "h": ("0 0,0 100", "0 60,50 40,80 60,80 100"),
    "k": ("0 0,0 100", "80 40,0 70,80 100"),
    "m": ("0 100,0 30,25 20,50 50,50 100", "50 50,80 20,100 50,100 100"),
    "n": ("0 0,0 100", "0 30,50 0,90 30,90 100"),
    "p": ("0 0,0 100", "0 10,60 0,90 25,60 50,0 45"),
    "r": ("0 0,0 100", "0 40,40 5,80 10"),
    "t": ("50 0,50 90,80 100", "10 35,90 35"),
    "u": ("0 0,0 80,40 100,80 80,80 0,85 100",),
    "y": ("0 0,50 50", "100 0,20 100"),
}
"""The strokes of letters as x y in a box of 100 by 100, as those of digits in `tests.images.shapes`."""


def arc(x: float, y: float, radius: float, begin: float = 0, end: float = 360) -> Floats:
    """Points of a circle, or of a part of it, in degrees clockwise from the right."""
    angle = np.radians(np.linspace(begin, end, 25))
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


STAR = np.array([(50 + 50 * np.sin(0.8 * np.pi * i), 50 - 50 * np.cos(0.8 * np.pi * i)) for i in range(6)])

THINGS: dict[str, tuple[Stroke, ...]] = {
    "face": (arc(50, 50, 50), arc(32, 38, 4), arc(68, 38, 4), arc(50, 50, 28, 17, 160)),
    "house": ("0 100,0 45,50 0,100 45,100 100,0 100", "40 100,40 65,60 65,60 100"),
    "star": (STAR,),
    "arrow": ("0 50,100 50", "70 20,100 50,70 80"),
    "heart": ("50 100,0 40,10 10,35 5,50 30,65 5,90 10,100 40,50 100",),
    "fir": ("50 0,20 40,35 40,10 80,45 80,45 100,55 100,55 80,90 80,65 40,80 40,50 0",),
    "square": ("0 0,100 0,100 100,0 100,0 0",),
    "triangle": ("0 100,50 0,100 100,0 100",),
}


def draw_strokes(strokes: tuple[Stroke, ...], rng: Rng, *, is_round: bool, width: float | None = None) -> Grey:
    """Dark strokes on white: slanted, shaken and stretched a little, each time otherwise."""
    width = width or rng.uniform(6, 18)
    slant = np.array([[rng.uniform(0.7, 1.2), rng.uniform(-0.15, 0.15)], [rng.uniform(-0.25, 0.25), 1]])
    picture = Image.new("L", (2 * SIDE, 2 * SIDE), 255)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        pairs = [pair.split() for pair in stroke.split(",")] if isinstance(stroke, str) else stroke
        points = np.array(pairs, float) / 100 - 0.5
        points = (points + rng.normal(0, 0.035, points.shape) * (len(points) < 20)) @ slant * SIDE + SIDE
        path = [(float(x), float(y)) for x, y in (round_corners(points) if is_round else points)]
        pen.line(path, fill=10, width=round(width), joint="curve")
        for x, y in path:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=10)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def draw_letter(rng: Rng) -> Grey:
    name = list(LETTER_STROKES)[rng.integers(len(LETTER_STROKES))]
    return draw_strokes(LETTER_STROKES[name], rng, is_round=bool(rng.random() < 0.6))


def draw_scribble(rng: Rng) -> Grey:
    return draw_strokes((100 * rng.random((int(rng.integers(8, 20)), 2)),), rng, is_round=True)


def draw_thing(rng: Rng) -> Grey:
    name = list(THINGS)[rng.integers(len(THINGS))]
    return draw_strokes(THINGS[name], rng, is_round=False, width=rng.uniform(4, 10))


@cache
def list_fonts() -> tuple[Path | None, ...]:
    """The typefaces that come with matplotlib, for text; None stands for the one that comes with Pillow."""
    try:
        from matplotlib import get_data_path
    except ModuleNotFoundError:
        return (None,)
    return (None, *sorted(Path(get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf")))


def print_one_of(characters: str, rng: Rng) -> Grey:
    """A printed character, turned by up to 8 degrees."""
    fonts = list_fonts()
    path, size = fonts[rng.integers(len(fonts))], int(rng.integers(50, 80))
    font = ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)
    picture = Image.new("L", (SIDE, SIDE), 255)
    character = characters[rng.integers(len(characters))]
    middle = SIDE / 2, SIDE / 2
    ImageDraw.Draw(picture).text(middle, character, fill=int(rng.integers(60)), font=font, anchor="mm")
    return np.asarray(picture.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC, fillcolor=255))


def print_letter(rng: Rng) -> Grey:
    return print_one_of(LETTERS, rng)


def print_punctuation(rng: Rng) -> Grey:
    return print_one_of(PUNCTUATION, rng)


def draw_paper(rng: Rng) -> Grey:
    """Nothing but paper: noise, a shadow, or stains."""
    kind = rng.integers(3)
    if kind == 0:
        page = rng.normal(rng.uniform(120, 230), rng.uniform(3, 25), (SIDE, SIDE))
    elif kind == 1:
        slopes = [np.linspace(0, rng.uniform(-60, 60), SIDE) for _ in range(2)]
        page = 180 + np.add.outer(*slopes) + rng.normal(0, rng.uniform(2, 15), (SIDE, SIDE))
    else:
        page = 220 + rng.normal(0, 4, (SIDE, SIDE))
        for _ in range(rng.integers(1, 30)):
            (y, x), (h, w) = rng.integers(0, SIDE - 6, 2), rng.integers(1, 6, 2)
            page[y : y + h, x : x + w] -= rng.uniform(20, 160)
    return np.rint(page).clip(0, 255).astype(np.uint8)


STRANGERS: dict[str, Callable[[Rng], Grey]] = {
    "printed letters": print_letter,
    "drawn letters": draw_letter,
    "punctuation": print_punctuation,
    "scribbles": draw_scribble,
    "paper": draw_paper,
    "things": draw_thing,
}
