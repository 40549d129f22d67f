"""Distortions: what each does, and that they depend on the seed and the position alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from nnfang import data
from nnfang.core.network import Network
from nnfang.core.randomness import Purpose, generator
from nnfang.training.augment import Augment, Distortion, Elastic, smooth_waves
from nnfang.training.loop import train
from nnfang.training.recipe import Recipe

Batch = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def digits() -> npt.NDArray[np.uint8]:
    return np.asarray(data.load("mnist-sample").x_train[:200], np.uint8)


def distort(augment: Augment, images: npt.NDArray[np.uint8], *, seed: int = 0, epoch: int = 1, at: int = 0) -> Batch:
    out = np.full((len(images), images[0].size), np.nan, np.float32)
    Distortion(augment, images.shape[1:], seed)(images, epoch, at, out)
    return out.reshape(images.shape)


def test_no_distortion_changes_nothing(digits: npt.NDArray[np.uint8]) -> None:
    np.testing.assert_allclose(distort(Augment(), digits), digits / 255, atol=1e-5)
    floats = (digits / 255).astype(np.float32)
    out = np.empty((len(floats), 784), np.float32)
    Distortion(Augment(), (28, 28), 0)(floats, 1, 0, out)
    np.testing.assert_allclose(out.reshape(floats.shape), floats, atol=1e-5)


def test_pixels_stay_between_0_and_1(digits: npt.NDArray[np.uint8]) -> None:
    out = distort(Augment(30, 0.4, 0.5, 6, Elastic(60, 4), 0.9), digits)
    assert out.min() >= 0
    assert out.max() <= 1.00001


def spread(out: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """For each image: the centre (y, x), the standard deviations, and the covariance of its ink."""
    y, x = np.mgrid[: out.shape[1], : out.shape[2]]
    mass = out.sum(axis=(1, 2))
    centre = [(out * axis).sum(axis=(1, 2)) / mass for axis in (y, x)]
    dy, dx = (axis - mean[:, None, None] for axis, mean in zip((y, x), centre, strict=True))
    moments = [(out * a * b).sum(axis=(1, 2)) / mass for a, b in ((dy, dy), (dx, dx), (dy, dx))]
    return np.stack([*centre, np.sqrt(moments[0]), np.sqrt(moments[1]), moments[2]])


def bar(height: int, width: int, n: int = 400) -> npt.NDArray[np.uint8]:
    """A bar in the middle of an odd field, as often as wanted."""
    images = np.zeros((n, 41, 41), np.uint8)
    images[:, 20 - height // 2 : 21 + height // 2, 20 - width // 2 : 21 + width // 2] = 255
    return images


def test_a_shift_moves_by_at_most_so_many_pixels() -> None:
    y, x, *_ = spread(distort(Augment(shift=3), bar(9, 9)))
    assert np.abs(y - 20).max() == pytest.approx(3, abs=0.1)
    assert np.abs(x - 20).max() == pytest.approx(3, abs=0.1)
    assert np.std(y) == pytest.approx(3 / np.sqrt(3), rel=0.1)
    assert abs(np.corrcoef(y, x)[0, 1]) < 0.15


def test_a_rotation_turns_by_at_most_so_many_degrees() -> None:
    *_, sy, sx, cov = spread(distort(Augment(rotate=20), bar(27, 1)))
    angle = np.degrees(0.5 * np.arctan2(2 * cov, sy**2 - sx**2))
    assert np.abs(angle).max() == pytest.approx(20, abs=1)
    assert abs(angle.mean()) < 2


def test_a_scale_grows_and_shrinks_height_and_width_apart() -> None:
    _, _, height, width, _ = spread(distort(Augment(scale=0.2), bar(15, 15)))
    whole = spread(bar(15, 15, 1) / np.float32(255))
    for found, side in ((height, whole[2]), (width, whole[3])):
        assert found.min() / side == pytest.approx(0.8, abs=0.03)
        assert found.max() / side == pytest.approx(1.2, abs=0.03)
    assert abs(np.corrcoef(height, width)[0, 1]) < 0.15


def test_a_shear_leans_and_does_not_turn() -> None:
    y, x, height, _, cov = spread(distort(Augment(shear=0.3), bar(21, 3)))
    lean = cov / height**2
    assert np.abs(lean).max() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose([y, x], 20, atol=0.05)


def test_strokes_become_thicker_and_thinner() -> None:
    ink = distort(Augment(thickness=0.8), bar(21, 5)).sum(axis=(1, 2))
    assert ink.min() == pytest.approx(21 * 5 - 0.8 * (21 * 5 - 19 * 3), rel=0.03)
    assert ink.max() == pytest.approx(21 * 5 + 0.8 * 2 * (21 + 5), rel=0.03)


def test_every_other_image_is_mirrored(digits: npt.NDArray[np.uint8]) -> None:
    out, straight = distort(Augment(mirror=True), digits), digits / 255
    is_mirrored = np.abs(out - straight[:, :, ::-1]).max(axis=(1, 2)) < 1e-4
    is_straight = np.abs(out - straight).max(axis=(1, 2)) < 1e-4
    assert (is_mirrored ^ is_straight).all()
    assert is_mirrored.mean() == pytest.approx(0.5, abs=0.12)


def test_an_elastic_field_is_blurred_white_noise() -> None:
    elastic, side = Elastic(alpha=34, sigma=4), 28
    waves = smooth_waves(side, side, elastic)
    rng = np.random.default_rng(0)
    white = rng.uniform(-1, 1, (4000, side, side))
    blurred = gaussian_filter(white, elastic.sigma, mode="constant", truncate=8, axes=(1, 2))
    expected = (elastic.alpha * blurred).reshape(4000, -1)
    found = rng.standard_normal((4000, len(waves))) @ waves
    for a, b in ((14 * 28 + 14, 14 * 28 + 14), (14 * 28 + 14, 14 * 28 + 18), (14 * 28 + 14, 18 * 28 + 14), (0, 0)):
        assert np.mean(found[:, a] * found[:, b]) == pytest.approx(np.mean(expected[:, a] * expected[:, b]), rel=0.12)


def test_what_is_drawn_depends_on_seed_epoch_and_position_alone(digits: npt.NDArray[np.uint8]) -> None:
    augment = Augment(15, 0.15, 0.2, 2, Elastic(), 0.3, mirror=True)
    first = distort(augment, digits)
    np.testing.assert_array_equal(distort(augment, digits), first)
    for other in ({"seed": 1}, {"epoch": 2}, {"at": 200}):
        assert (distort(augment, digits, **other) != first).any(axis=(1, 2)).mean() > 0.9
    twice = distort(augment, np.repeat(digits[:1], 2, axis=0))
    assert (twice[0] != twice[1]).any()


def test_pixels_are_interpolated_as_scipy_does(digits: npt.NDArray[np.uint8]) -> None:
    distortion = Distortion(Augment(25, 0.3, 0.3, 4, Elastic(40, 4)), (28, 28), 0)
    out = np.empty((len(digits), 784), np.float32)
    distortion(digits, 1, 0, out)
    amounts = distortion.draw_amounts(len(digits), generator(0, Purpose.AUGMENT, 1, 0))
    for i, digit in enumerate(digits):
        places = (amounts[:, i] @ distortion.parts).clip(0, 29)
        expected = map_coordinates(np.pad(digit / 255, 1), places, order=1)
        np.testing.assert_allclose(out[i], expected, atol=2e-3)  # clipped a thousandth before the border


def test_images_are_distorted_one_block_after_the_other(
    digits: npt.NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    augment = Augment(15, 0.15, 0.2, 2, Elastic(), 0.3, mirror=True)
    expected = distort(augment, digits)
    monkeypatch.setattr("nnfang.training.augment.BLOCK", 784 * 7)
    np.testing.assert_array_equal(distort(augment, digits), expected)


def test_images_too_large_for_exact_places_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^augment: images of 5000 x 5000 pixels are too large"):
        Distortion(Augment(), (5000, 5000), 0)


def test_rows_without_height_and_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^augment: needs images of a height and a width, found the shape \(9,\)"):
        Distortion(Augment(), (9,), 0)


def test_elastic_fields_move_pixels_down_and_across_independently(digits: npt.NDArray[np.uint8]) -> None:
    distortion = Distortion(Augment(elastic=Elastic(40, 4)), (28, 28), 0)
    amounts = distortion.draw_amounts(400, generator(0, Purpose.AUGMENT, 1, 0))
    down, across = amounts[:, :, 3:] @ distortion.parts[3:, 14 * 28 + 14]
    assert abs(np.corrcoef(down, across)[0, 1]) < 0.15
    assert down.std() == pytest.approx(across.std(), rel=0.15)


EVERYTHING = Augment(rotate=30, scale=0.3, shear=0.3, shift=3, elastic=Elastic(20, 4), mirror=True)


@pytest.mark.parametrize("shape", [(28, 28), (11, 13), (20, 9), (3, 4)])
@pytest.mark.parametrize("thickness", [0.0, 0.7])
@pytest.mark.parametrize("dtype", ["bytes", "floats"])
def test_compiled_distortions_are_the_same_to_rounding(shape: tuple[int, int], thickness: float, dtype: str) -> None:
    pytest.importorskip("numba")
    augment = replace(EVERYTHING, thickness=thickness)
    images = np.random.default_rng(0).integers(0, 256, (301, *shape)).astype(np.uint8)
    given = images if dtype == "bytes" else (images / 255).astype(np.float32)
    outs = np.full((2, len(images), shape[0] * shape[1]), np.nan, np.float32)
    for out, is_compiled in zip(outs, (False, True), strict=True):
        distortion = Distortion(augment, shape, 0, is_compiled=is_compiled)
        for _ in range(2):  # what the first images left behind changes nothing
            distortion(given, 2, 5, out)
    np.testing.assert_allclose(outs[1], outs[0], atol=2e-6)


def test_distortions_are_compiled_beside_the_compiled_engine() -> None:
    pytest.importorskip("numba")
    recipe, sample = Recipe(augment=EVERYTHING, limit=100), data.load("mnist-sample")
    for engine, dtype, is_compiled in (
        ("compiled", "float32", True),
        ("compiled", "float64", False),
        ("online", "float32", False),
    ):
        chosen = replace(recipe, engine=engine, dtype=dtype)
        training = train(Network.for_recipe(chosen, sample), sample, chosen)
        assert training._distortion
        assert bool(training._distortion.sampler) == is_compiled
