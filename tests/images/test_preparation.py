import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfang import data
from nnfang.data.registry import FASHION_MNIST
from nnfang.errors import NnfangError, PictureError
from nnfang.images import Grey, load_prepared, prepare
from nnfang.images.background import border_pixels
from nnfang.images.preparation import PREPARATIONS, has_mnist_layout
from tests.images.pages import MNIST_SHAPE, centre_of_mass, colour, difference, draw, extent, load, save

# Polarity, and the layout that needs nothing


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_mnist_itself_passes_bit_for_bit(mode: str, digits: Grey, tmp_path: Path) -> None:
    for digit in digits:
        path = save(tmp_path / "digit.png", Image.fromarray(digit).convert(mode))
        np.testing.assert_array_equal(load(path), digit)


def test_inverted_mnist_comes_back_bit_for_bit(digits: Grey, tmp_path: Path) -> None:
    for digit in digits:
        np.testing.assert_array_equal(load(save(tmp_path / "digit.png", 255 - digit)), digit)


def test_every_digit_of_mnist_is_in_mnists_layout() -> None:
    sample = data.load("mnist-sample")
    for digit in (*sample.x_train[::7], *sample.x_test):
        assert has_mnist_layout(np.asarray(digit, np.uint8))


def test_a_small_digit_in_a_corner_is_not_in_mnists_layout(digits: Grey, tmp_path: Path) -> None:
    for digit in digits:
        image = np.zeros(MNIST_SHAPE, np.uint8)
        image[2:16, 2:16] = np.asarray(Image.fromarray(digit).resize((14, 14), Image.Resampling.BOX))
        assert difference(load(save(tmp_path / "digit.png", image)), digit) < 25


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255), (230, 190), (110, 20), (110, 235), (140, 90)])
def test_paper_is_dark_and_ink_bright_whatever_they_were(paper: int, ink: int, digit: Grey, tmp_path: Path) -> None:
    image = load(save(tmp_path / "page.png", colour(draw(digit), (paper,), (ink,))[..., 0]))
    assert not border_pixels(image).any()
    assert image.max() == 255
    assert difference(image, digit) < 10


def test_digits_on_pages_look_as_in_mnist(digits: Grey, tmp_path: Path) -> None:
    differences = [difference(load(save(tmp_path / "page.png", 255 - draw(digit))), digit) for digit in digits]
    assert np.mean(differences) < 8


# Size and place


def test_centre_of_mass_is_in_the_middle(digits: Grey, tmp_path: Path) -> None:
    for digit in digits:
        y, x = centre_of_mass(load(save(tmp_path / "page.png", 255 - draw(digit))))
        assert y == pytest.approx(14, abs=0.51)
        assert x == pytest.approx(14, abs=0.51)


def test_ink_is_twenty_pixels_at_its_longest(digits: Grey, tmp_path: Path) -> None:
    for digit in digits:
        assert max(extent(load(save(tmp_path / "page.png", 255 - draw(digit))))) == 20


@pytest.mark.parametrize("side", [14, 16, 20, 31, 32])
def test_very_small_pictures_have_digits_too(side: int, digits: Grey) -> None:
    for digit in digits:
        small = 255 - np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.LANCZOS))
        assert difference(prepare(small, MNIST_SHAPE, "digit"), digit) < 25


@pytest.mark.parametrize(("height", "width"), [(100, 20), (20, 100), (60, 60), (7, 3)])
def test_aspect_is_kept(height: int, width: int) -> None:
    page = np.full((200, 150), 255, np.uint8)
    page[11 : 11 + height, 40 : 40 + width] = 0
    longest = max(height, width)
    assert extent(prepare(page, MNIST_SHAPE, "digit")) == (round(20 * height / longest), round(20 * width / longest))


def test_ink_is_not_pushed_over_the_edge() -> None:
    page = np.zeros((120, 120), np.uint8)
    page[10:20, 10:110] = 255  # a heavy bar on top ...
    page[20:110, 59:61] = 100  # ... of a long faint line
    image = prepare(page, MNIST_SHAPE, "digit")
    assert extent(image) == (20, 20)
    assert image[-1].any()


@pytest.mark.parametrize(("shape", "longest"), [((14, 14), 10), ((56, 56), 40), ((28, 56), 20)])
def test_other_shapes_in_proportion(shape: tuple[int, int], longest: int, digit: Grey) -> None:
    image = prepare(255 - draw(digit), shape, "digit")
    assert image.shape == shape
    assert max(extent(image)) == longest


def test_tiny_digit_in_the_corner_of_a_large_page(digit: Grey, tmp_path: Path) -> None:
    page = draw(digit, (600, 800), 1, (568, 768))
    assert difference(load(save(tmp_path / "page.png", 255 - page)), digit) < 6
    assert difference(load(save(tmp_path / "page.jpg", 255 - page, quality=60)), digit) < 16


def test_specks_do_not_count(digit: Grey) -> None:
    page = 255 - draw(digit)
    clean = prepare(page, MNIST_SHAPE, "digit")
    page[[3, 140, 75], [5, 190, 30]] = 0
    np.testing.assert_array_equal(prepare(page, MNIST_SHAPE, "digit"), clean)


def test_noise_of_paper_is_not_ink(digit: Grey) -> None:
    noise = np.random.default_rng(0).normal(0, 8, (150, 200))
    page = (colour(draw(digit), (220,), (60,))[..., 0] + noise).clip(0, 255).astype(np.uint8)
    image = prepare(page, MNIST_SHAPE, "digit")
    assert difference(image, digit) < 14
    assert not border_pixels(image).any()


# Lines and levels


def test_thin_lines_are_not_faint() -> None:
    page = np.full((400, 300), 255, np.uint8)
    page[50:350, 150] = page[200, 100:200] = 0
    assert prepare(page, MNIST_SHAPE, "digit").max() == 255


def test_a_few_stray_pixels_do_not_set_the_levels(digit: Grey) -> None:
    page = colour(draw(digit), (240,), (195,))[..., 0]
    clean = prepare(page, MNIST_SHAPE, "digit")
    page[[3, 140, 75], [5, 190, 30]] = 0
    assert difference(prepare(page, MNIST_SHAPE, "digit"), clean) < 2


# The other preparations


def test_negative_only_inverts_and_fills(digit: Grey) -> None:
    np.testing.assert_array_equal(prepare(digit, MNIST_SHAPE, "negative"), digit)
    np.testing.assert_array_equal(prepare(255 - digit, MNIST_SHAPE, "negative"), digit)
    page = np.full((40, 80), 250, np.uint8)
    page[:, 40:60] = 10
    assert prepare(page, MNIST_SHAPE, "negative")[5, ::9] == pytest.approx([5, 5, 245, 5], abs=2)


@pytest.mark.parametrize("name", [FASHION_MNIST.preparation, "plain"])
def test_what_fills_a_picture_is_no_cut_digit_to_a_network_for_clothes(name: str, tmp_path: Path) -> None:
    shirt = np.zeros((140, 140), np.uint8)
    shirt[:, 30:110] = 200
    path = save(tmp_path / "shirt.png", shirt)
    assert load_prepared(path, MNIST_SHAPE, name).warnings == ()
    assert load_prepared(path, MNIST_SHAPE, "digit").warnings != ()


@pytest.mark.skipif("MNIST_FILES" not in os.environ, reason="needs the true files of Fashion-MNIST")
def test_clothes_may_reach_the_border_without_a_warning() -> None:
    fashion = data.load(str(Path(os.environ["MNIST_FILES"], "fashion-mnist")))
    picture = next(image for image in fashion.x_test if image[0].any() and image[:, 0].any())
    file = io.BytesIO()
    Image.fromarray(picture).resize((140, 140)).save(file, "PNG")
    for preparation in {fashion.preparation, FASHION_MNIST.preparation}:
        assert load_prepared(file, MNIST_SHAPE, preparation).warnings == ()


def test_plain_only_resizes(digit: Grey) -> None:
    np.testing.assert_array_equal(prepare(255 - digit, MNIST_SHAPE, "plain"), 255 - digit)
    np.testing.assert_array_equal(prepare(np.full((50, 90), 77, np.uint8), (3, 5), "plain"), np.full((3, 5), 77))


def test_unknown_preparation(digit: Grey) -> None:
    with pytest.raises(NnfangError, match=r'"digits".* Did you mean "digit"'):
        prepare(digit, MNIST_SHAPE, "digits")


@pytest.mark.parametrize("preparation", PREPARATIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (3, 70), (70, 3)])
def test_pictures_of_any_size_are_prepared_or_refused(size: tuple[int, int], preparation: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    for shape in (MNIST_SHAPE, (1, 1), (5, 40)):
        try:
            assert prepare(noise, shape, preparation).shape == shape
        except PictureError as error:
            assert "no ink found" in str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_page_has_no_ink(level: int, tmp_path: Path) -> None:
    for size in (MNIST_SHAPE, (150, 200)):
        path = save(tmp_path / "a.png", np.full(size, level, np.uint8))
        with pytest.raises(PictureError, match=r"a\.png: no ink found: nothing stands out from the paper$"):
            load(path)


def test_noise_and_specks_are_no_ink() -> None:
    noise = np.random.default_rng(0).normal(200, 10, (480, 640)).clip(0, 255).astype(np.uint8)
    with pytest.raises(PictureError, match="nothing stands out"):
        prepare(noise, MNIST_SHAPE, "digit")
    page = np.full((150, 200), 200, np.uint8)
    page[50:100, 60:90] = 195
    with pytest.raises(PictureError, match="nothing stands out"):
        prepare(page, MNIST_SHAPE, "digit")
    page = np.full((150, 200), 255, np.uint8)
    page[10::40, 10::40] = 0
    with pytest.raises(PictureError, match="only specks"):
        prepare(page, MNIST_SHAPE, "digit")
