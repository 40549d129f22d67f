"""What pictures of digits are drawn with: places on a page, colours, light, what a camera adds, formats."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from nnfang.images import Grey

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]

INKS = ((20, 20, 25), (25, 40, 140), (170, 25, 30), (20, 100, 50), (70, 40, 20), (90, 30, 120))
PAPERS = ((250, 235, 150), (200, 165, 120), (185, 185, 190), (245, 190, 205), (190, 225, 245), (190, 225, 180))


def place(shape: Grey, size: tuple[int, int], side: int, rng: Rng, at: tuple[int, int] | None = None) -> Floats:
    """A page (h, w) with a shape of `side` pixels on it, by default anywhere but at the edge; ink 1 on paper 0."""
    height, width = size
    small = np.asarray(Image.fromarray(shape).resize((side, side), Image.Resampling.LANCZOS), float) / 255
    y, x = at or (int((length - side) * rng.uniform(0.08, 0.92)) for length in (height, width))
    page = np.zeros(size)
    page[y : y + side, x : x + side] = small
    return page


def blend(page: Floats, paper: tuple[int, ...], ink: tuple[int, ...]) -> Floats:
    """Ink on paper in colour, (h, w, 3)."""
    return np.array(paper) * (1 - page[..., None]) + np.array(ink) * page[..., None]


def add_noise(colours: Floats, sigma: float, rng: Rng, blur: float = 0.6) -> Floats:
    """What a camera adds: blur, and noise of which a part is the same in all channels."""
    noise = rng.normal(0, sigma, colours.shape[:2])[..., None] + rng.normal(0, sigma / 2, colours.shape)
    return blur_image(colours, blur) + noise if blur else colours + noise


def blur_image(colours: Floats, radius: float) -> Floats:
    return np.asarray(Image.fromarray(to_bytes(colours)).filter(ImageFilter.GaussianBlur(radius)), float)


def to_bytes(levels: Floats) -> Grey:
    rounded: Grey = np.rint(levels).clip(0, 255).astype(np.uint8)
    return rounded


def encode(picture: Image.Image | Floats, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(to_bytes(picture))).save(stream, form, **options)
    return stream.getvalue()


def jpeg(colours: Floats, rng: Rng, **options: Any) -> bytes:
    return encode(colours, "JPEG", quality=int(rng.integers(60, 92)), **options)


def choose(colours: tuple[tuple[int, int, int], ...], rng: Rng) -> tuple[int, int, int]:
    return colours[rng.integers(len(colours))]


def smooth_noise(size: tuple[int, int], rng: Rng, cells: int = 5) -> Floats:
    """Noise of low frequency, -1 .. 1; (h, w)."""
    coarse = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(size[::-1], Image.Resampling.BICUBIC), float)


def illuminate(size: tuple[int, int], rng: Rng) -> Floats:
    """Light that decreases from 1 to 0.5 .. 0.75 in one direction, and a shadow with a soft edge; (h, w)."""
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    angle, edge = rng.uniform(0, 2 * np.pi, 2)
    slope = (x * np.cos(angle) + y * np.sin(angle)) / (abs(np.cos(angle)) + abs(np.sin(angle)))
    lamp = 1 - (1 - rng.uniform(0.5, 0.75)) * (slope + 1) / 2
    distance = x * np.cos(edge) + y * np.sin(edge) - rng.uniform(-0.5, 0.5)
    lit: Floats = lamp * (1 - rng.uniform(0.15, 0.35) / (1 + np.exp(-distance / rng.uniform(0.03, 0.1))))
    return lit


def rule(size: tuple[int, int], rng: Rng, spacing: float) -> Floats:
    """Ruled lines across the page, slightly tilted, 0 .. 1; (h, w)."""
    y, x = np.indices(size)
    tilt = np.tan(np.radians(rng.uniform(-1.5, 1.5)))
    phase = (y + tilt * x + rng.uniform(0, spacing)) % spacing
    half = rng.uniform(0.5, 1.1)
    lines: Floats = np.clip(half + 0.5 - np.abs(phase - spacing / 2), 0, 1)
    return lines
