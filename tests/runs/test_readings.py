"""A network chooses among the readings of a picture."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nnfang
from nnfang import data
from nnfang.core.arrays import Array, Images
from nnfang.images import Grey, Prepared, Readings
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.pictures import Prediction, predict_pictures
from nnfang.runs.readings import ENOUGH, ENOUGH_IN_DOUBT, choose
from tests.images.pages import darken


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return nnfang.load("bundled")


@pytest.fixture(scope="module")
def digits(bundled: Checkpoint) -> Grey:
    """Ten digits of each class that are familiar, (10, 10, 28, 28)."""
    sample = data.load("mnist-sample")
    images, outputs = np.asarray(sample.x_test, np.uint8), bundled.predict(sample.x_test)
    assert bundled.familiarity
    good = (bundled.familiarity.measure(images, outputs) > 0.4) & (outputs.argmax(axis=1) == sample.y_test)
    return np.stack([images[good & (sample.y_test == label)][:10] for label in range(10)])


def reading(image: Grey) -> Prepared:
    return Prepared(image, is_inverted=False, crop=(0, 0, 28, 28), scale=1)


def scrawl(seed: int) -> Grey:
    return np.random.default_rng(seed).integers(0, 256, (28, 28)).astype(np.uint8)


def never() -> Iterator[Prepared]:
    for _ in range(1):
        raise AssertionError("another reading is asked for")
    yield reading(scrawl(0))


def test_where_the_first_is_familiar_the_others_are_not_even_made(bundled: Checkpoint, digits: Grey) -> None:
    for is_plain in (True, False):
        first = reading(digits[3, 0])
        chosen = choose(Readings(first, never(), is_plain), bundled.predict, bundled.familiarity)
        assert chosen.picture is first
        assert chosen.familiarity is not None
        assert chosen.familiarity > max(ENOUGH, ENOUGH_IN_DOUBT)
        np.testing.assert_array_equal(chosen.outputs, bundled.predict(first.image[None])[0])


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_familiar_reading_is_taken_rather_than_an_unfamiliar_one(
    is_plain: bool, bundled: Checkpoint, digits: Grey
) -> None:
    digit = reading(digits[5, 1])
    readings = Readings(reading(scrawl(0)), iter([reading(scrawl(1)), digit]), is_plain)
    assert choose(readings, bundled.predict, bundled.familiarity).picture is digit


def test_the_readings_of_a_class_count_together(bundled: Checkpoint, digits: Grey) -> None:
    """One reading is a little more familiar than each of two that agree; of these the more familiar one is taken."""
    assert bundled.familiarity
    images = digits.reshape(-1, 28, 28)
    familiarity = bundled.familiarity.measure(images, bundled.predict(images)).reshape(10, 10)
    two, four = familiarity[2], familiarity[4]
    best = int(two.argmax())
    agreeing = [k for k in range(10) if two[best] / 2 < four[k] < two[best]][:2]
    assert len(agreeing) == 2
    others = [reading(digits[4, k]) for k in agreeing]
    readings = Readings(reading(scrawl(0)), iter([reading(digits[2, best]), *others]), is_plain=False)
    chosen = choose(readings, bundled.predict, bundled.familiarity)
    assert chosen.picture is others[int(four[agreeing].argmax())]


def test_without_familiarity_the_surest_reading_of_a_doubtful_page_is_taken(digits: Grey) -> None:
    images = digits[:3, 0]

    def predict(x: Images) -> Array:
        sureness = {images[k].tobytes(): p for k, p in enumerate((0.5, 0.9, 0.8))}
        return np.array([[sureness[image.tobytes()], 0.1] for image in x])

    readings = [reading(image) for image in images]
    assert choose(Readings(readings[0], iter(readings[1:]), is_plain=False), predict).picture is readings[1]
    assert choose(Readings(readings[0], never(), is_plain=True), predict).picture is readings[0]


def test_a_digit_that_fills_its_picture_is_not_read_by_its_hole(
    bundled: Checkpoint, digits: Grey, tmp_path: Path
) -> None:
    (zero,) = digits[0, :1]
    y, x = np.nonzero(zero > 60)
    large = Image.fromarray(zero[y.min() : y.max() + 1, x.min() : x.max() + 1]).resize((40, 44))
    Image.fromarray(darken(np.asarray(large), 230)).save(tmp_path / "dark.png")
    large.save(tmp_path / "light.png")
    dark, light = bundled.predict_pictures([tmp_path / "dark.png", tmp_path / "light.png"])
    assert (dark.label, light.label) == ("0", "0")
    assert (dark.picture.is_inverted, light.picture.is_inverted) == (True, False)
    for found in (dark, light):
        np.testing.assert_allclose(found.picture.crop, (0, 0, 40, 44), atol=2)
    (raw,) = predict_pictures(bundled, [tmp_path / "dark.png"], raw=True)
    assert isinstance(raw, Prediction)
    assert not raw.picture.is_inverted
