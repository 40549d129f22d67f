"""A page is read in several ways where one reading is in doubt, and in one way where it is plain."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfang.errors import BlankError
from nnfang.images import FIRST_FRAME, Grey, load_prepared, load_readings
from nnfang.images.readings import DOUBT, Readings, read_digit
from nnfang.images.segmentation import TOUCHES_BORDER
from tests.images.accuracy import take_samples
from tests.images.doubtful import draw_cropped
from tests.images.golden import facts_of
from tests.images.kinds import draw_marker, draw_paper
from tests.images.pages import MNIST_SHAPE, darken, difference, draw
from tests.images.shapes import Sample


def cut_out(digit: Grey, side: int) -> Grey:
    """A digit without the paper around it, its longer side `side` pixels long; ink 255 on 0."""
    y, x = np.nonzero(digit > 60)
    ink = digit[y.min() : y.max() + 1, x.min() : x.max() + 1]
    size = [max(1, round(length * side / max(ink.shape))) for length in ink.shape[::-1]]
    return np.asarray(Image.fromarray(ink).resize((size[0], size[1]), Image.Resampling.BICUBIC))


def nearest(readings: Readings, digit: Grey) -> float:
    """How far the best of the other readings is from an image of MNIST."""
    return min(difference(reading.image, digit) for reading in readings.others)


@pytest.mark.parametrize("draw_page", [draw_marker, draw_paper])
def test_a_plain_page_has_one_reading(draw_page: Callable[[Sample, np.random.Generator], bytes]) -> None:
    rng = np.random.default_rng(2)
    for sample in take_samples(6, rng):
        page = draw_page(sample, rng)
        readings = load_readings(io.BytesIO(page), MNIST_SHAPE, "digit")
        assert readings.is_plain
        assert list(readings.others) == []
        prepared = load_prepared(io.BytesIO(page), MNIST_SHAPE, "digit")
        np.testing.assert_array_equal(readings.first.image, prepared.image)
        assert facts_of(readings.first).tolist() == facts_of(prepared).tolist()


def test_an_image_of_mnist_has_one_reading(digit: Grey) -> None:
    for image in (digit, np.invert(digit)):
        readings = read_digit(image, MNIST_SHAPE)
        assert readings.is_plain
        np.testing.assert_array_equal(readings.first.image, digit)
        assert list(readings.others) == []


@pytest.mark.parametrize("side", [16, 30, 64])
@pytest.mark.parametrize("is_dark", [False, True])
def test_a_small_picture_that_is_cut_out_is_read_as_light_and_as_dark_ink(
    side: int, is_dark: bool, digits: Grey
) -> None:
    for digit in digits[:12]:
        ink = cut_out(digit, side)
        readings = read_digit(darken(ink, 230) if is_dark else ink, MNIST_SHAPE)
        assert not readings.is_plain
        light, dark = readings.others
        assert (light.is_inverted, dark.is_inverted) == (False, True)
        assert light.crop == dark.crop == (0, 0, ink.shape[1], ink.shape[0])
        assert dark.warnings == (TOUCHES_BORDER,)
        assert difference((dark if is_dark else light).image, digit) < 18


def test_ink_that_leaves_next_to_no_paper_is_read_nevertheless() -> None:
    rng = np.random.default_rng([0, 17])
    rescued = 0
    for sample in take_samples(60, rng):
        picture = draw_cropped(sample, rng)
        readings = load_readings(io.BytesIO(picture), MNIST_SHAPE, "digit")
        try:
            load_prepared(io.BytesIO(picture), MNIST_SHAPE, "digit")
        except BlankError:
            rescued += 1
            assert len([readings.first, *readings.others]) == 2  # light ink and dark ink
    assert rescued


def test_a_small_picture_of_nothing_is_blank() -> None:
    noise = np.random.default_rng(0).normal(200, 1, (30, 30)).astype(np.uint8)
    with pytest.raises(BlankError):
        read_digit(noise, MNIST_SHAPE)


def test_a_digit_half_in_a_hard_shadow_is_read_again(digits: Grey) -> None:
    for digit in digits[:5]:
        page = darken(draw(digit, (300, 400), 8, (30, 80)), 230)
        page[:, 200:] = page[:, 200:] // 2
        readings = read_digit(page, MNIST_SHAPE)
        assert not readings.is_plain
        assert nearest(readings, digit) < 16


def test_the_shadow_of_a_finger_is_no_stroke(digits: Grey) -> None:
    """It is as narrow as the strokes that it lies across, but paler."""
    for digit in digits[:5]:
        page = darken(draw(digit, (300, 400), 8, (30, 80)), 230)
        page[140:170] = page[140:170] // 5 * 3
        *others, widest, darkest = read_digit(page, MNIST_SHAPE).others
        assert len(others) == len(DOUBT.strokes) - 1
        assert difference(widest.image, digit) > 20
        assert difference(darkest.image, digit) < 20


def test_a_page_on_a_desk_is_read_again(digit: Grey) -> None:
    page = darken(draw(digit, (300, 400), 7, (60, 130)), 230)
    page[:40] = page[:, :90] = 60
    readings = read_digit(page, MNIST_SHAPE)
    assert not readings.is_plain
    assert nearest(readings, digit) < 16


def test_a_digit_over_a_box_is_read_without_the_box(digits: Grey) -> None:
    for digit in digits[:5]:
        drawn = draw(digit, (300, 400), 8, (30, 80))
        drawn[60:63, 190:340] = drawn[240:243, 190:340] = drawn[60:243, 190:193] = drawn[60:243, 337:340] = 255
        readings = read_digit(darken(drawn, 230), MNIST_SHAPE)
        assert difference(readings.first.image, digit) > 30
        assert nearest(readings, digit) < 18


def test_a_stroke_of_a_digit_is_no_printed_line() -> None:
    """A 2 of which the foot is thinner, straight and long, but shorter than the digit is tall."""
    page = np.full((300, 400), 230, np.uint8)
    page[80:200, 180:192] = page[190:200, 180:200] = 40
    page[194:197, 200:260] = 40
    assert list(read_digit(page, MNIST_SHAPE).others) == []
    page[194:197, 200:390] = 40
    assert len(list(read_digit(page, MNIST_SHAPE).others)) == 1


def test_a_line_as_thick_as_the_strokes_may_be_one_of_them() -> None:
    page = np.full((300, 400), 230, np.uint8)
    page[80:200, 180:189] = page[100:108, 100:330] = 40
    assert list(read_digit(page, MNIST_SHAPE).others) == []


def test_each_reading_tells_its_crop_in_pixels_of_the_file_and_that_there_are_more_frames(
    digit: Grey, tmp_path: Path
) -> None:
    page = darken(draw(digit, (300, 400), 7, (60, 130)), 230)
    page[:40] = 60
    large = Image.fromarray(page).resize((4400, 3300))
    large.save(tmp_path / "a.tif", save_all=True, append_images=[large.resize((40, 30))])
    readings = load_readings(tmp_path / "a.tif", MNIST_SHAPE, "digit")
    y, x = np.nonzero(draw(digit, (300, 400), 7, (60, 130)) > 127)
    expected = 11 * np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
    others = list(readings.others)
    assert all(reading.warnings[0] == FIRST_FRAME for reading in (readings.first, *others))
    assert min(np.abs(np.array(other.crop) - expected).max() for other in others) < 60


@pytest.mark.parametrize("preparation", ["plain", "negative"])
def test_without_a_digit_to_find_there_is_one_reading(preparation: str, digit: Grey, tmp_path: Path) -> None:
    Image.fromarray(cut_out(digit, 40)).save(tmp_path / "a.png")
    readings = load_readings(tmp_path / "a.png", MNIST_SHAPE, preparation)
    assert readings.is_plain
    assert list(readings.others) == []


def test_an_error_names_the_picture(tmp_path: Path) -> None:
    Image.fromarray(np.full((90, 90), 200, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(BlankError) as caught:
        load_readings(tmp_path / "a.png", MNIST_SHAPE, "digit")
    assert caught.value.path == str(tmp_path / "a.png")
    with pytest.raises(BlankError) as caught:
        load_readings(tmp_path / "a.png", MNIST_SHAPE, "digit", name="standard input")
    assert caught.value.path == "standard input"
