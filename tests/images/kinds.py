"""Pictures of digits as people make them, one function per kind: a digit and a random generator -> a file."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from tests.images.doubtful import DOUBTFUL
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
    place,
    rule,
    smooth_noise,
    to_bytes,
)
from tests.images.shapes import SIDE, Sample, skeletonize, thicken

Draw = Callable[[Sample, Rng], bytes]


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
    **DOUBTFUL,
}
