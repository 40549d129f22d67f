"""Where one treatment of a picture ends and the next begins: off centre, thick pens, turned files, long streams."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfang.errors import PictureError
from nnfang.images import Grey, prepare, source, stroke_width
from nnfang.images.preparation import has_mnist_layout, prepare_digit, prepare_plain
from nnfang.images.reading import read
from nnfang.images.source import open_source
from nnfang.images.stroke_width import measure_stroke_width, normalize_stroke_width
from tests.images.pages import MNIST_SHAPE, centre_of_mass, save

STICK = np.zeros(MNIST_SHAPE, np.uint8)
STICK[6:23, 13:16] = 255
"""A one, its centre of mass at pixel (14, 14) as in MNIST, and room for it on all sides."""


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("offset", "is_kept"), [(0, True), (2, True), (3, True), (4, False), (5, False), (6, False)])
def test_a_digit_more_than_three_pixels_off_centre_is_moved_there(offset: int, is_kept: bool, axis: int) -> None:
    for moved in (np.roll(STICK, offset, axis), np.roll(STICK, -offset, axis)):
        assert has_mnist_layout(moved) == is_kept
        image = prepare(moved, MNIST_SHAPE, "digit")
        if is_kept:
            np.testing.assert_array_equal(image, moved)
        else:
            assert centre_of_mass(image) == pytest.approx((14, 14), abs=0.51)


def test_a_digit_must_be_as_long_as_fourteen_pixels_to_be_used_unchanged() -> None:
    for length, is_kept in ((14, True), (13, False)):
        image = np.zeros(MNIST_SHAPE, np.uint8)
        image[8 : 8 + length, 12:16] = 255
        assert has_mnist_layout(image) == is_kept


@pytest.mark.parametrize("thickness", [100, 110, 120])
def test_a_pen_that_needs_two_rounds_of_thinning(thickness: int, monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.zeros((400, 400), np.uint8)
    page[60 : 60 + thickness, 80:320] = page[60:340, 320 - thickness : 320] = 255
    ink, box = page[60:340, 80:320], (20, 20)
    monkeypatch.setattr(stroke_width, "WIDTHS", replace(stroke_width.WIDTHS, passes=1))
    assert measured(normalize_stroke_width(ink, box)) > 4.3
    monkeypatch.undo()
    assert measured(normalize_stroke_width(ink, box)) < 4.3


def measured(ink: Grey) -> float:
    """The width of its strokes in pixels of a digit that is 20 pixels long."""
    return float(measure_stroke_width(ink) / (max(ink.shape) / 20))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_of_a_turned_file_is_that_of_the_upright_picture(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", np.zeros((30, 20), np.uint8), exif=exif)
    picture = read(path)
    assert picture.file_shape == picture.grey.shape == ((20, 30) if orientation > 4 else (30, 20))


CORNERS: dict[int, list[list[int]]] = {
    1: [[1, 2], [3, 4]],
    2: [[2, 1], [4, 3]],
    3: [[4, 3], [2, 1]],
    4: [[3, 4], [1, 2]],
    5: [[1, 3], [2, 4]],
    6: [[3, 1], [4, 2]],
    7: [[4, 2], [3, 1]],
    8: [[2, 4], [1, 3]],
}
"""What the file 1 2 / 3 4 shows, by the orientation it claims: that of its row 0 and its column 0 in the picture."""


@pytest.mark.parametrize("orientation", CORNERS)
def test_each_corner_of_a_turned_file_comes_to_its_place(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", np.array([[1, 2], [3, 4]], np.uint8), exif=exif)
    assert read(path).grey.tolist() == CORNERS[orientation]


def test_a_stream_may_be_as_long_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_STREAM_BYTES", 3 * 2**20)

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with open_source(Pipe(bytes(3 * 2**20))) as file:
        assert len(file.read()) == 3 * 2**20
    with pytest.raises(PictureError, match="more than 3 MB"), open_source(Pipe(bytes(3 * 2**20 + 1))):
        pass


@pytest.mark.parametrize(("shape", "tall", "wide"), [((28, 28), 20, 6), ((28, 50), 20, 6), ((42, 28), 30, 9)])
def test_it_is_said_how_a_picture_was_prepared(shape: tuple[int, int], tall: int, wide: int) -> None:
    """The crop is in pixels of the picture, the shift in those of the image."""
    page = np.zeros((100, 80), np.uint8)
    page[10:50, 30:42] = 255
    prepared = prepare_digit(page, shape)
    assert (prepared.crop, prepared.scale, prepared.is_inverted) == ((30, 10, 42, 50), tall / 40, False)
    assert prepared.warnings == ()
    rows, columns = np.nonzero(prepared.image)
    assert prepared.shift == (columns.min() + wide / 2 - shape[1] / 2, rows.min() + tall / 2 - shape[0] / 2)
    light = prepare_digit(np.invert(page), shape)
    assert (light.crop, light.scale, light.is_inverted) == ((30, 10, 42, 50), tall / 40, True)
    np.testing.assert_array_equal(light.image, prepared.image)


def test_a_plain_preparation_says_how_much_it_resized() -> None:
    for size, scale in (((10, 10), 2.0), ((10, 5), 2.0), ((10, 15), 2.0), ((5, 10), 3.0)):
        prepared = prepare_plain(np.zeros(size, np.uint8), (20, 30))
        assert (prepared.image.shape, prepared.scale, prepared.crop) == ((20, 30), scale, (0, 0, size[1], size[0]))
