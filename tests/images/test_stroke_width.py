import numpy as np
import pytest
from PIL import Image

from nnfang.images import prepare
from nnfang.images.stroke_width import measure_stroke_width, normalize_stroke_width
from tests.images.pages import MNIST_SHAPE, extent


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
