"""How familiar images are: true ones as they should be, those of other kinds less."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnfang
from nnfang.core.arrays import Array, Images
from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense
from nnfang.core.network import Network
from nnfang.data import load
from nnfang.errors import PictureError
from nnfang.images import Grey
from nnfang.images.preparation import prepare_digit
from nnfang.runs.checkpoint import Checkpoint
from nnfang.training import familiarity
from nnfang.training.batches import split_rows
from nnfang.training.familiarity import LEVELS, UNFAMILIAR, Familiarity, learn_familiarity
from tests.images.strangers import STRANGERS, Rng
from tests.shades import RECIPE, make_shades

SAMPLE = load("mnist-sample")


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return nnfang.load("bundled")


def measure(checkpoint: Checkpoint, images: Images) -> Array:
    assert checkpoint.familiarity
    return checkpoint.familiarity.measure(images, checkpoint.predict(images))


def auroc(true: Array, strange: Array) -> float:
    """The chance that a true image is more familiar than a strange one."""
    difference = true[:, None] - strange
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def test_one_true_image_in_a_hundred_is_unfamiliar(bundled: Checkpoint) -> None:
    found = measure(bundled, SAMPLE.x_test)
    assert (found.min(), found.max()) >= (LEVELS[-1] * (1 - 1e-9), 0.9)
    for level in (0.01, 0.05, 0.2, 0.5):
        deviation = np.sqrt(level * (1 - level) / len(found))
        assert abs((found < level).mean() - level) < 4 * deviation + 0.2 * level


@pytest.mark.parametrize(
    ("kind", "least"),
    [("drawn letters", 0.98), ("printed letters", 0.97), ("scribbles", 0.96), ("paper", 0.98), ("things", 0.97)],
)
def test_what_is_no_digit_is_less_familiar(kind: str, least: float, bundled: Checkpoint) -> None:
    strange = collect(kind, 120, np.random.default_rng(1))
    assert auroc(measure(bundled, SAMPLE.x_test), measure(bundled, strange)) > least


def collect(kind: str, count: int, rng: Rng) -> Grey:
    prepared: list[Grey] = []
    while len(prepared) < count:
        try:
            prepared.append(prepare_digit(STRANGERS[kind](rng), (28, 28)).image)
        except PictureError:
            continue
    return np.stack(prepared)


@pytest.mark.skipif("MNIST_FILES" not in os.environ, reason="needs the true files of Fashion-MNIST")
def test_clothes_are_no_digits(bundled: Checkpoint) -> None:
    clothes = load(str(Path(os.environ["MNIST_FILES"], "fashion-mnist"))).x_test[:2000]
    assert auroc(measure(bundled, SAMPLE.x_test), measure(bundled, clothes)) > 0.995


def test_the_bundled_network_knows_what_it_was_trained_on(bundled: Checkpoint) -> None:
    if "MNIST_FILES" not in os.environ:
        pytest.skip("MNIST_FILES is not set")
    mnist = load(str(Path(os.environ["MNIST_FILES"], "mnist")))
    rows, held_out = split_rows(len(mnist.y_train), bundled.recipe)
    learned = learn_familiarity(bundled.network, mnist.x_train, mnist.y_train, rows, held_out)
    assert learned
    assert bundled.familiarity
    assert learned.is_close(bundled.familiarity)
    # Test images are a little stranger than the held-out ones that set the level: 1.3 % of them are unfamiliar.
    assert (measure(bundled, mnist.x_test) < UNFAMILIAR).mean() == pytest.approx(UNFAMILIAR, abs=0.005)


@pytest.fixture(scope="module")
def learned() -> tuple[Network, Familiarity]:
    network = nnfang.fit(replace(RECIPE, layers=(Dense(10, "softmax"),), epochs=2), SAMPLE).network
    rows, held_out = split_rows(len(SAMPLE.y_train), RECIPE)
    found = learn_familiarity(network, SAMPLE.x_train, SAMPLE.y_train, rows, held_out)
    assert found
    return network, found


def test_it_is_calibrated_on_the_images_held_out(learned: tuple[Network, Familiarity]) -> None:
    network, known = learned
    _, held_out = split_rows(len(SAMPLE.y_train), RECIPE)
    images = SAMPLE.x_train[held_out]
    found = known.measure(images, network.predict(images))
    for level in LEVELS[1:-2]:
        assert (found <= level * 1.0001).mean() == pytest.approx(level, abs=0.004)


def test_it_takes_little_room(learned: tuple[Network, Familiarity]) -> None:
    assert sum(array.nbytes for array in learned[1].arrays.values()) < 110_000
    same = Familiarity.allocate(10).arrays
    for name, array in learned[1].arrays.items():
        assert (array.shape, array.dtype) == (same[name].shape, same[name].dtype)


def test_both_measures_count(learned: tuple[Network, Familiarity]) -> None:
    network, known = learned
    images = SAMPLE.x_test[:50]
    outputs = network.predict(images)
    unsure = np.full_like(outputs, 0.05)
    unsure[np.arange(50), outputs.argmax(axis=1)] = 0.55
    turned = images[:, ::-1].transpose(0, 2, 1)
    true = known.measure(images, outputs)
    assert (known.measure(images, unsure) <= true).mean() > 0.9
    assert known.measure(turned, outputs).mean() < true.mean() / 2


def test_certainty_without_a_rest_can_be_measured(learned: tuple[Network, Familiarity]) -> None:
    sure = np.eye(10, dtype=np.float32)[[3, 4]]
    found = learned[1].measure(SAMPLE.x_test[:2], sure)
    assert np.isfinite(found).all()


def test_a_class_that_was_hardly_held_out_is_measured_as_all_are(learned: tuple[Network, Familiarity]) -> None:
    network, known = learned
    images = SAMPLE.x_test[SAMPLE.y_test != 4]
    outputs = np.delete(network.predict(images), 4, axis=1)
    outputs = np.insert(outputs, 4, 0, axis=1)
    calibrated = known.calibrate(images, outputs)
    assert np.isfinite(calibrated.usual).all()
    assert (calibrated.excess > 0).all()
    calibrated.check()


def test_the_rest_of_the_training_images_stands_in_for_held_out_ones() -> None:
    network = Network.initialize(RECIPE.layers, 16)
    data = make_shades(800, 4)
    rows = np.arange(800)
    assert learn_familiarity(network, data.x_train, data.y_train, rows, rows[:0])
    assert learn_familiarity(network, data.x_train, data.y_train, rows[:390], rows[:0]) is None  # 90 are left


def test_rows_small_images_and_few_images_are_not_described() -> None:
    data, rows = make_shades(400, 4), np.arange(400)
    network = Network.initialize(RECIPE.layers, 16)
    flat = data.x_train.reshape(400, 16)
    assert learn_familiarity(network, flat, data.y_train, rows[:200], rows[200:]) is None
    assert learn_familiarity(network, data.x_train, data.y_train, rows[:200], rows[200:])
    assert learn_familiarity(network, data.x_train, data.y_train, rows[:200], rows[301:]) is None
    tiny = make_shades(400, 3)
    nine = Network.initialize(RECIPE.layers, 9)
    assert learn_familiarity(nine, tiny.x_train, tiny.y_train, rows[:200], rows[200:]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("centre", np.nan), ("components", np.inf), ("roots", -1), ("excess", 0), ("sums", [3, 2, 1] + 14 * [4])],
)
def test_numbers_that_nothing_can_be_measured_with_are_refused(
    name: str, value: object, learned: tuple[Network, Familiarity]
) -> None:
    learned[1].check()
    wrong = np.full_like(learned[1].arrays[name], value)
    with pytest.raises(FieldError, match="what it knows of its training images"):
        replace(learned[1], **{name: wrong}).check()


def test_another_is_close_only_if_all_of_it_is(learned: tuple[Network, Familiarity]) -> None:
    known = learned[1]
    assert known.is_close(replace(known, sums=known.sums + np.float32(1e-5)))
    assert not known.is_close(None)
    for name, array in known.arrays.items():
        assert not known.is_close(replace(known, **{name: array + array.dtype.type(0.5)})), name


def test_images_are_chosen_from_all_of_the_data_set() -> None:
    assert familiarity._spread(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert familiarity._spread(np.arange(3), 4).tolist() == [0, 1, 2]
