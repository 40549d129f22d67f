import numpy as np
import pytest

from nnfang.errors import PictureError
from nnfang.images import Grey, prepare
from nnfang.images.background import has_light_background, is_framed, subtract_background
from nnfang.images.ruling import remove_ruling
from nnfang.images.segmentation import segment_digit
from tests.images.pages import MNIST_SHAPE, darken, difference, draw


def test_paper_that_falls_off_to_one_side_is_no_ink(digits: Grey) -> None:
    light = np.linspace(220, 160, 200)
    images = [prepare(darken(draw(digit), light), MNIST_SHAPE, "digit") for digit in digits]
    assert np.mean([difference(image, digit) for image, digit in zip(images, digits, strict=True)]) < 10
    with pytest.raises(PictureError, match="nothing stands out"):
        prepare(np.tile(light.astype(np.uint8), (150, 1)), MNIST_SHAPE, "digit")


def test_a_shadow_across_the_digit_is_no_ink(digit: Grey) -> None:
    edge = 1 / (1 + np.exp(-(np.arange(200) - 120) / 6))
    image = prepare(darken(draw(digit), 220 - 70 * edge), MNIST_SHAPE, "digit")
    assert difference(image, digit) < 16


def test_an_even_background_is_zero_whatever_its_level() -> None:
    for level in (0, 77, 255):
        assert not subtract_background(np.full((90, 120), level, np.uint8), is_inverted=False).any()


@pytest.mark.parametrize("width", [4, 12, 25])
def test_a_dark_frame_is_no_ink(width: int, digit: Grey) -> None:
    page = np.pad(darken(draw(digit), 230), width, constant_values=20)
    assert has_light_background(page)
    assert is_framed(page)
    assert difference(prepare(page, MNIST_SHAPE, "digit"), digit) < 12
    assert segment_digit(page).warnings == ()


def test_a_page_without_a_frame_has_none(digits: Grey) -> None:
    for digit in digits:
        page = draw(digit)
        assert not is_framed(page)
        assert not is_framed(darken(page, 230))


def test_the_box_of_a_form_is_no_ink(digit: Grey) -> None:
    page = darken(draw(digit, (260, 300), 4, (70, 90)), 230)
    page[30:33, 40:260] = page[222:225, 40:260] = page[30:225, 40:43] = page[30:225, 257:260] = 20
    assert difference(prepare(page, MNIST_SHAPE, "digit"), digit) < 12


def test_the_box_of_a_form_is_no_ink_though_its_sides_look_like_ruling(digit: Grey) -> None:
    page = darken(draw(digit, (400, 520), 6, (50, 200)), 230)
    page[40:55, 45:476] = page[346:361, 45:476] = page[40:361, 45:48] = page[40:361, 473:476] = 60
    ruled = remove_ruling(page < 128)
    assert ruled[40:55].any()
    assert not ruled[60:340, 45:48].any()
    assert difference(prepare(page, MNIST_SHAPE, "digit"), digit) < 12
