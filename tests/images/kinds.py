"""Pictures of digits as people make them, one function per kind: a digit and a random generator -> a file."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from nnfang.images import Grey
from tests.images.shapes import SIDE, Sample, skeletonize, thicken

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Draw = Callable[[Sample, Rng], bytes]

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


# One function per kind


def draw_pen(sample: Sample, rng: Rng) -> bytes:
    side = int(rng.integers(90, 330))
    page = place(thicken(sample.shape, rng.uniform(0.05, 0.5)), (side + 90, side + 160), side, rng)
    return encode(blend(page, (255, 255, 255), choose(INKS, rng)), "PNG")


def draw_paper(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (300, 400), int(rng.integers(120, 270)), rng)
    return jpeg(add_noise(blend(page, choose(PAPERS, rng), choose(INKS[:3], rng)), 3, rng), rng)


def photograph(sample: Sample, rng: Rng) -> Floats:
    """A photo of dark ink on a white page in uneven light, (480, 640, 3)."""
    page = place(sample.shape, (480, 640), int(rng.integers(110, 400)), rng)
    return add_noise(
        blend(page, (225, 222, 212), choose(INKS, rng)) * illuminate(page.shape, rng)[..., None], rng.uniform(3, 8), rng
    )


def draw_photo(sample: Sample, rng: Rng) -> bytes:
    return jpeg(photograph(sample, rng), rng)


def draw_chalk(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (360, 480), int(rng.integers(140, 330)), rng)
    grain = np.clip(rng.normal(0.85, 0.2, page.shape), 0.2, 1)
    board = blend(page * grain, (45, 70, 58), (228, 228, 220)) + 12 * smooth_noise(page.shape, rng)[..., None]
    return jpeg(add_noise(board, 4, rng), rng)


def draw_transparent(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (240, 240), int(rng.integers(100, 220)), rng)
    colour = choose((*INKS, (255, 255, 255), (250, 230, 90)), rng)
    return encode(Image.fromarray(to_bytes(np.dstack([np.broadcast_to(colour, (*page.shape, 3)), page * 255]))), "PNG")


def draw_bilevel(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (200, 260), int(rng.integers(60, 190)), rng)
    ink = page > 0.5
    return encode(Image.fromarray(ink if rng.random() < 0.5 else ~ink), "TIFF")


def draw_palette(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (220, 280), int(rng.integers(80, 210)), rng)
    return encode(Image.fromarray(to_bytes(blend(page, choose(PAPERS, rng), choose(INKS, rng)))).quantize(8), "GIF")


def draw_deep(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (240, 300), int(rng.integers(90, 220)), rng)
    white = int(rng.choice([4095, 65535]))
    levels = (0.9 - page * rng.uniform(0.3, 0.8)) * white + rng.normal(0, white / 200, page.shape)
    levels[0, 0] = white
    return encode(Image.fromarray(levels.clip(0, white).astype(np.uint16)), "PNG")


def draw_rotated(sample: Sample, rng: Rng) -> bytes:
    exif = Image.Exif()
    exif[0x0112], turn = ((3, 2), (6, 1), (8, 3))[rng.integers(3)]
    return jpeg(np.rot90(photograph(sample, rng), turn), rng, exif=exif)


def draw_lined(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (400, 520), int(rng.integers(90, 300)), rng)
    lines = rule(page.shape, rng, rng.uniform(26, 60))
    paper = blend(lines, (248, 247, 240), (150, 175, 215))
    return jpeg(add_noise(paper + (np.array(choose(INKS, rng)) - paper) * page[..., None], 3, rng), rng)


def draw_squared(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (400, 520), int(rng.integers(90, 300)), rng)
    spacing, turned = rng.uniform(16, 32), page.shape[::-1]
    lines = np.maximum(rule(page.shape, rng, spacing), rule(turned, rng, spacing).T)
    paper = blend(lines, (248, 247, 240), (160, 182, 215))
    return jpeg(add_noise(paper + (np.array(choose(INKS, rng)) - paper) * page[..., None], 3, rng), rng)


def draw_small(sample: Sample, rng: Rng) -> bytes:
    side = int(rng.integers(30, 56))
    at = int(rng.choice([4, 600 - side - 4])), int(rng.choice([4, 800 - side - 4]))
    return jpeg(add_noise(blend(place(sample.shape, (600, 800), side, rng, at), (240, 240, 235), INKS[0]), 2, rng), rng)


def draw_filling(sample: Sample, rng: Rng) -> bytes:
    y, x = np.nonzero(sample.shape > 127)
    margin = int(rng.integers(3, 12))
    ink = sample.shape[y.min() : y.max() + 1, x.min() : x.max() + 1]
    size = int(rng.integers(100, 400)) / SIDE
    large = Image.fromarray(ink).resize((max(9, int(ink.shape[1] * size)), max(9, int(ink.shape[0] * size))))
    page = np.pad(np.asarray(large, float) / 255, margin)
    return jpeg(add_noise(blend(page, (225, 225, 220), choose(INKS, rng)), 3, rng), rng)


def draw_marker(sample: Sample, rng: Rng) -> bytes:
    page = place(thicken(sample.shape, rng.uniform(0.7, 1.1)), (360, 480), int(rng.integers(200, 340)), rng)
    return jpeg(add_noise(blend(page, (245, 245, 242), choose(INKS, rng)), 3, rng), rng)


def draw_pencil(sample: Sample, rng: Rng) -> bytes:
    page = place(skeletonize(sample.shape), (480, 640), int(rng.integers(120, 360)), rng)
    page *= np.clip(rng.normal(0.85, 0.15, page.shape), 0.3, 1)
    tone = int(rng.integers(90, 150))
    return jpeg(add_noise(blend(page, (235, 233, 228), (tone, tone, tone)), 3, rng), rng)


def draw_framed(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (400, 520), 200, rng, (int(rng.integers(60, 140)), int(rng.integers(60, 260))))
    picture = Image.fromarray(to_bytes(blend(page, (235, 232, 225), choose(INKS, rng))))
    pen = ImageDraw.Draw(picture)
    tone = int(rng.integers(0, 70))
    if rng.random() < 0.3:  # the box of a form
        near = int(rng.integers(30, 55))
        pen.rectangle((near, near, 519 - near, 399 - near), outline=(tone,) * 3, width=int(rng.integers(2, 5)))
    else:
        left, top, right, bottom = (int(width) for width in rng.integers(8, 40, 4) * (rng.random(4) < 0.75))
        for box in ((0, 0, left, 400), (0, 0, 520, top), (520 - right, 0, 520, 400), (0, 400 - bottom, 520, 400)):
            if box[0] < box[2] and box[1] < box[3]:
                pen.rectangle(box, fill=(tone,) * 3)
    return jpeg(add_noise(np.asarray(picture, float), 3, rng), rng)


def draw_dusty(sample: Sample, rng: Rng) -> bytes:
    page = place(sample.shape, (400, 520), int(rng.integers(120, 340)), rng)
    picture = Image.fromarray(to_bytes(page * 255))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(10, 50)):
        x, y, radius = rng.uniform(0, 520), rng.uniform(0, 400), rng.uniform(0.3, 2.5)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return jpeg(add_noise(blend(np.asarray(picture, float) / 255, (242, 240, 235), choose(INKS, rng)), 3, rng), rng)


KINDS: dict[str, Draw] = {
    "pens": draw_pen,
    "coloured papers": draw_paper,
    "photo in uneven light": draw_photo,
    "chalkboard": draw_chalk,
    "transparent": draw_transparent,
    "bilevel": draw_bilevel,
    "palette": draw_palette,
    "16 bits": draw_deep,
    "turned by Exif": draw_rotated,
    "lined paper": draw_lined,
    "squared paper": draw_squared,
    "small in a corner": draw_small,
    "filling the picture": draw_filling,
    "thick marker": draw_marker,
    "thin pencil": draw_pencil,
    "dark frame": draw_framed,
    "specks": draw_dusty,
}
