"""Pictures that can be read in several ways, one function per kind: a digit and a random generator -> a file."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.images.drawing import (
    INKS,
    Floats,
    Rng,
    add_noise,
    blend,
    choose,
    encode,
    illuminate,
    jpeg,
    place,
    smooth_noise,
    to_bytes,
)
from tests.images.shapes import SIDE, Sample

SIZE = (480, 640)


def write_on_paper(sample: Sample, rng: Rng) -> Floats:
    """Dark ink on a white page, (480, 640, 3)."""
    return blend(place(sample.shape, SIZE, int(rng.integers(110, 400)), rng), (225, 222, 212), choose(INKS, rng))


def coordinates() -> tuple[Floats, Floats]:
    """y and x of each pixel, (480, 640), in units of the height; 0 in the middle."""
    y, x = np.indices(SIZE, float)
    return y / SIZE[0] - 0.5, (x - SIZE[1] / 2) / SIZE[0]


def half_plane(rng: Rng) -> Floats:
    """What is to one side of a line through the middle of the page, or near it; 0 or 1, (480, 640)."""
    y, x = coordinates()
    angle = rng.uniform(0, 2 * np.pi)
    side: Floats = x * np.cos(angle) + y * np.sin(angle) > rng.uniform(-0.25, 0.25)
    return side.astype(float)


def ellipse(rng: Rng) -> Floats:
    """A round thing, part of which is beside the page, as of a head or of a lamp; 0 or 1, (480, 640)."""
    y, x = coordinates()
    angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.6)
    inside: Floats = ((x - 0.55 * np.cos(angle)) ** 2 + ((y - 0.5 * np.sin(angle)) / 0.8) ** 2 < radius**2).astype(
        float
    )
    return inside


def hand(rng: Rng) -> Floats:
    """A hand that comes from the right or from below, with one to three fingers; 0 or 1, (480, 640)."""
    height, width = SIZE
    picture = Image.new("L", (width, height))
    pen = ImageDraw.Draw(picture)
    wrist = np.array([width, rng.uniform(0.3, 1) * height]) if rng.random() < 0.5 else np.array([0.8 * width, height])
    tip = np.array([rng.uniform(0.25, 0.5) * width, rng.uniform(0.3, 0.6) * height])
    palm = wrist + 0.45 * (tip - wrist)
    thickness = int(rng.integers(55, 85))
    pen.line([tuple(wrist + 0.3 * (wrist - palm)), tuple(palm)], fill=255, width=3 * thickness)
    across = np.array([[0, -1], [1, 0]]) @ (tip - wrist) / np.hypot(*(tip - wrist))
    for finger in range(int(rng.integers(1, 4))):
        end = tip + across * finger * 1.25 * thickness - finger * 0.1 * (tip - wrist)
        start = palm + across * finger * 0.6 * thickness
        pen.line([tuple(start), tuple(end)], fill=255, width=thickness)
        for (x, y), radius in ((end, thickness / 2), (palm, 1.5 * thickness)):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(picture, float) / 255


SHADOWS: tuple[Callable[[Rng], Floats], ...] = (half_plane, ellipse, hand)


def draw_shadow(sample: Sample, rng: Rng) -> bytes:
    shape = SHADOWS[rng.integers(len(SHADOWS))](rng)
    soft = Image.fromarray(to_bytes(shape * 255)).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 4)))
    light = 1 - rng.uniform(0.35, 0.6) * np.asarray(soft, float) / 255
    y, x = coordinates()
    lamp = 0.95 + rng.uniform(-0.15, 0.15) * x + rng.uniform(-0.15, 0.15) * y
    return jpeg(add_noise(write_on_paper(sample, rng) * (light * lamp)[..., None], rng.uniform(3, 6), rng), rng)


def draw_vignette(sample: Sample, rng: Rng) -> bytes:
    y, x = coordinates()
    radius = np.hypot(x, y) / np.hypot(0.5, SIZE[1] / SIZE[0] / 2)
    light = np.clip(1 - rng.uniform(0.6, 1.6) * radius ** rng.uniform(2, 4), 0, 1)  # the corners may be black
    side = int(rng.integers(110, 300))
    at = int(rng.uniform(0.35, 0.65) * (SIZE[0] - side)), int(rng.uniform(0.35, 0.65) * (SIZE[1] - side))
    page = blend(place(sample.shape, SIZE, side, rng, at), (225, 222, 212), choose(INKS, rng))
    return jpeg(add_noise(page * light[..., None], rng.uniform(3, 6), rng), rng)


def draw_over_box(sample: Sample, rng: Rng) -> bytes:
    """A digit that crosses a side of a box of a form, or two sides at a corner; one box, or three in a row."""
    size, side = (360, 480), int(rng.integers(130, 240))
    rows, columns = np.nonzero(sample.shape > 127)
    extent = np.array([np.ptp(columns), np.ptp(rows)]) * side / SIDE
    box = np.array([max(extent[0], 0.75 * extent[1]), extent[1]]) + rng.uniform(24, 50)
    beyond = (box - extent) / 2 + rng.uniform(0.1, 0.35, 2) * extent
    shift = rng.choice([-1, 1], 2) * beyond * np.array([(1, 0), (0, 1), (1, 1)])[rng.integers(3)]
    middle = np.array([columns.min() + columns.max(), rows.min() + rows.max()]) / 2 * side / SIDE
    left, top = np.rint(np.array(size[::-1]) / 2 + shift / 2 - middle).astype(int)
    page = place(sample.shape, size, side, rng, (int(top), int(left)))
    x, y = np.array(size[::-1]) / 2 - shift / 2 - box / 2
    tone, thickness = int(rng.integers(0, 120)), int(rng.integers(2, 5))
    picture = Image.new("RGB", size[::-1], (240, 238, 232))
    pen = ImageDraw.Draw(picture)
    for number in (-1, 0, 1) if rng.random() < 0.5 else (0,):
        x_box = x + number * box[0]
        pen.rectangle((x_box, y, x_box + box[0], y + box[1]), outline=(tone,) * 3, width=thickness)
    turned = picture.rotate(rng.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor=(240, 238, 232))
    form = np.asarray(turned, float)
    return jpeg(add_noise(form + (np.array(choose(INKS, rng)) - form) * page[..., None], 3, rng), rng)


def draw_on_desk(sample: Sample, rng: Rng) -> bytes:
    """The corner of a page on a darker desk, or one of its sides, or a whole slip of paper but for its lower edge."""
    side = int(rng.integers(110, 280))
    at = int(rng.uniform(0.3, 0.6) * (SIZE[0] - side)), int(rng.uniform(0.3, 0.6) * (SIZE[1] - side))
    page = blend(place(sample.shape, SIZE, side, rng, at), (225, 222, 212), choose(INKS, rng))
    y, x = coordinates()
    angle = rng.uniform(-0.12, 0.12)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    middle = np.array([at[1] + side / 2 - SIZE[1] / 2, at[0] + side / 2 - SIZE[0] / 2]) / SIZE[0]
    left, right, top = side / 2 / SIZE[0] + rng.uniform(0.03, 0.12, 3)
    desks = [u < middle[0] - left, v < middle[1] - top, u > middle[0] + right]
    is_desk = np.any(desks[: 1 + rng.integers(3)], axis=0)
    wood = np.array([(120, 85, 55), (70, 60, 55), (95, 100, 105), (40, 40, 45)][rng.integers(4)])
    desk = wood * (1 + 0.15 * smooth_noise(SIZE, rng, 9))[..., None]
    light = illuminate(SIZE, rng) ** rng.uniform(0, 1)
    return jpeg(add_noise(np.where(is_desk[..., None], desk, page) * light[..., None], rng.uniform(3, 6), rng), rng)


def draw_cropped(sample: Sample, rng: Rng) -> bytes:
    """A small picture that a digit fills to all four edges, as they are cut out of scanned forms."""
    y, x = np.nonzero(sample.shape > 127)
    ink = sample.shape[y.min() : y.max() + 1, x.min() : x.max() + 1]
    scale = rng.integers(16, 65) / max(ink.shape)
    size = max(4, round(ink.shape[1] * scale)), max(4, round(ink.shape[0] * scale))
    page = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX), float) / 255
    dark, light = rng.uniform(0, 60), rng.uniform(190, 255)
    levels = dark + (light - dark) * (page if rng.random() < 0.5 else 1 - page)
    return encode(levels + rng.normal(0, rng.uniform(0, 4), page.shape), "PNG")


DOUBTFUL: dict[str, Callable[[Sample, Rng], bytes]] = {
    "cropped to its ink": draw_cropped,
    "hard shadow": draw_shadow,
    "dark corners": draw_vignette,
    "over a printed box": draw_over_box,
    "page on a desk": draw_on_desk,
}
