import numpy as np
import pytest
from PIL import Image, ImageDraw

import nnfang
from nnfang.images import Grey, prepare
from nnfang.images.stroke_width import measure_stroke_width, normalize_stroke_width
from tests.images.pages import MNIST_SHAPE, extent
from tests.images.shapes import STROKES, round_corners


@pytest.mark.parametrize("thickness", [2, 8, 16, 30, 60])
def test_pens_of_any_width_give_strokes_like_mnists(thickness: int) -> None:
    page = np.zeros((400, 400), np.uint8)
    page[60 : 60 + thickness, 80:320] = page[60:340, 320 - thickness : 320] = 255
    image = prepare(page, MNIST_SHAPE, "digit")
    large = np.asarray(Image.fromarray(image).resize((112, 112), Image.Resampling.BICUBIC))
    assert 1.5 < measure_stroke_width(large) / 4 < 4.5
    assert max(extent(image)) == 20


def test_strokes_that_are_as_in_mnist_are_left_alone() -> None:
    ink = np.zeros((100, 60), np.uint8)
    ink[:, 22:36] = ink[:14] = 255
    assert normalize_stroke_width(ink, (20, 20)) is ink


def test_the_inside_of_a_stroke_is_lighter_than_half() -> None:
    ink = np.zeros((40, 40), np.uint8)
    ink[:, 10:14] = 128
    assert measure_stroke_width(ink) == pytest.approx(4 * 40 * 2 / ((40 + 4) * 2 * np.pi / 4))
    ink[:, 10:14] = 127
    assert measure_stroke_width(ink) == 0


def draw_with_a_pen(label: int, side: int, width: int) -> Grey:
    """A digit on a square page, with a pen of some pixels."""
    page = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(page)
    for stroke in STROKES[label][:1] if label == 1 else STROKES[label]:
        points = np.array([pair.split() for pair in stroke.split(",")], float) / 100 - 0.5
        path = points if label in {1, 4, 7} else round_corners(points)
        pen.line([((0.5 + 0.5 * x) * side, (0.5 + 0.75 * y) * side) for x, y in path.tolist()], fill=0, width=width)
    return np.asarray(page)


@pytest.mark.parametrize("side", [60, 150, 280, 400, 560, 800, 1200])
@pytest.mark.parametrize("width", [1, 2])
def test_a_pen_of_a_pixel_is_read_on_a_page_of_any_size(width: int, side: int) -> None:
    """Of 420 pixels in length, only the crossings of the strokes once were left."""
    inputs = [prepare(draw_with_a_pen(label, side, width), MNIST_SHAPE, "digit") for label in range(10)]
    assert nnfang.load("bundled").predict(np.stack(inputs)).argmax(axis=1).tolist() == list(range(10))
    for image in inputs:
        large = np.asarray(Image.fromarray(image).resize((112, 112), Image.Resampling.BICUBIC))
        assert 1.5 < measure_stroke_width(large) / 4 < 4.5
