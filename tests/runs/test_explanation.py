"""Why a network says what it says: what was found, what it was compared with, and whether to believe it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

import nnfang
from nnfang.data import Dataset
from nnfang.reports.steps import list_steps
from nnfang.runs.explanation import Explanation, compare, explain_picture
from nnfang.runs.verdict import percent
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from nnfang.runs.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def bundled() -> Checkpoint:
    return nnfang.load("bundled")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return nnfang.load_data("mnist-sample")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNFANG_DATA_DIR", str(tmp_path / "cache"))


def draw(name: str, *lines: tuple[int, int, int, int], size: tuple[int, int] = (300, 160)) -> None:
    """Write black strokes on white."""
    page = Image.new("L", size, 255)
    for line in lines:
        ImageDraw.Draw(page).line(line, fill=0, width=9)
    page.save(name)


@pytest.mark.parametrize("picture", [f"sample:{digit}" for digit in range(0, 10, 3)])
def test_an_explanation_is_of_the_prediction_and_its_sums_hold(bundled: Checkpoint, picture: str) -> None:
    (prediction,) = bundled.predict_pictures([picture])
    explanation, found = bundled.explain(picture), bundled.explain(picture).attribution
    np.testing.assert_array_equal(explanation.prediction.outputs, prediction.outputs)
    np.testing.assert_array_equal(explanation.prediction.picture.image, prediction.picture.image)
    assert explanation.prediction.familiarity == prediction.familiarity
    assert [explanation.winner, explanation.rival] == [name for name, _ in prediction.top(2)]
    (_, p), (_, q) = prediction.top(2)
    assert found.difference == pytest.approx(np.log(p / q), rel=1e-3)
    assert found.integrated.sum() == pytest.approx(found.difference - found.of_black, abs=1e-3)
    assert found.is_linear
    assert found.times_input.sum() + found.biases == pytest.approx(found.difference, abs=1e-9)
    assert not found.integrated[prediction.picture.image.ravel() == 0].any(), "black pixels have nothing to say"
    assert explanation.verdict.headline.startswith(explanation.winner)
    assert str(explanation).splitlines() == [explanation.verdict.headline, *explanation.verdict.reasons]


def test_the_steps_lead_from_the_picture_to_the_image(bundled: Checkpoint) -> None:
    explanation = bundled.explain("sample:6")
    stages, picture = explanation.stages, explanation.prediction.picture
    assert stages
    read, ink, cut, strokes, resize, centre = list_steps(explanation)
    assert read.figures == {"width": 400, "height": 300}
    assert explanation.page.grey.shape == (300, 400)
    assert ink.figures == {"inverted": True}
    left, top, right, bottom = picture.crop
    assert [cut.figures[side] for side in ("left", "top", "right", "bottom")] == [left, top, right, bottom]
    assert stages.cut.shape == (bottom - top, right - left)
    assert strokes.figures == {"width_before": stages.width_before, "width_after": stages.width_after}
    assert stages.width_before < 1.9 < stages.width_after, "a thin pen, whose strokes are made wider"
    assert (resize.figures["height"], resize.figures["width"]) == stages.fitted.shape
    assert centre.figures == {"right": picture.shift[0], "down": picture.shift[1]}
    rows, columns = (np.flatnonzero(picture.image.any(axis=axis)) for axis in (1, 0))
    inked = stages.fitted[np.ix_(stages.fitted.any(axis=1), stages.fitted.any(axis=0))]
    np.testing.assert_array_equal(picture.image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], inked)


def test_strokes_that_are_as_they_should_be_are_left(bundled: Checkpoint) -> None:
    stages = bundled.explain("sample:7").stages
    assert stages
    assert stages.even is stages.cut
    assert stages.width_before == stages.width_after


def test_a_picture_that_is_taken_whole_has_no_stages(bundled: Checkpoint, data: Dataset) -> None:
    Image.fromarray(data.x_test[7]).save("7.png")
    for explanation in (bundled.explain("7.png"), bundled.explain("7.png", raw=True)):
        assert explanation.stages is None
        assert [step.name for step in list_steps(explanation)] == ["read", "ink", "size"]
    raw = bundled.explain("sample:7", raw=True)
    assert [step.text for step in list_steps(raw)][2] == "all of it to 28 x 28 pixels"
    assert not raw.prediction.picture.is_inverted


def test_a_downsampled_picture_is_told_in_pixels_of_its_file(bundled: Checkpoint) -> None:
    draw("large.png", (1000, 1000, 1400, 2600), size=(4000, 3000))
    explanation = bundled.explain("large.png")
    assert explanation.page.file_shape == (3000, 4000)
    assert explanation.page.grey.shape == (1500, 2000)
    assert list_steps(explanation)[0].text == "4,000 x 3,000 pixels, read at 2,000 x 1,500, in grey levels"
    assert explanation.prediction.picture.crop[3] == pytest.approx(2605, abs=20)


def test_of_a_folder_with_several_pictures_none_is_explained(bundled: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    draw("scans/1.png", (150, 30, 150, 130))
    assert bundled.explain("scans").prediction.name == str(Path("scans/1.png"))
    draw("scans/2.png", (150, 30, 150, 130))
    with pytest.raises(nnfang.NnfangError, match=r"^scans: there are several pictures; one at a time is explained"):
        bundled.explain("scans")


def test_what_cannot_be_read_or_shows_nothing_is_an_error(bundled: Checkpoint) -> None:
    draw("blank.png")
    with pytest.raises(nnfang.BlankError, match=r"^blank\.png: no ink found"):
        bundled.explain("blank.png")
    with pytest.raises(nnfang.PictureError, match=r"^none\.png: there is no such file"):
        bundled.explain("none.png")


def test_without_mnist_the_sample_takes_its_place_and_that_is_said(bundled: Checkpoint) -> None:
    explanation = bundled.explain("sample:7")
    assert (explanation.compared.name, explanation.compared.note) == ("mnist-sample", "mnist is not in the cache")
    assert "of mnist-sample (mnist is not in the cache) are labelled 7." in str(explanation)
    assert explanation.neighbours_agree


def test_neighbours_are_of_those_images_that_were_trained_on(data: Dataset) -> None:
    recipe = nnfang.Recipe(dataset="mnist-sample", epochs=1, limit=200, batch_size=16)
    model = nnfang.fit(recipe, data)
    compared = compare(model, data.x_train[5])
    assert compared.neighbours
    assert compared.note == ""
    assert compared.neighbours.rows.max() < 200
    held_out = model.choose_images(data, "validation")[2]
    assert held_out is not None
    for row in held_out[:5]:
        found = compare(model, data.x_train[row]).neighbours
        assert found
        assert row not in found.rows


def test_data_that_is_not_here_or_has_changed_is_said_in_a_line(tmp_path: Path) -> None:
    shades = make_shades(60, 2)
    model = nnfang.fit(replace(RECIPE, dataset="shades"), shades)
    image = shades.x_train[0]
    absent = compare(model, image)
    assert absent.neighbours is None
    assert absent.note == "shades cannot be used here: there is no such data set or path"
    assert compare(replace(model, recipe=replace(RECIPE, dataset="kmnist")), image).note == "shades is not in the cache"
    changed = replace(shades, x_train=shades.x_train[::-1].copy(), y_train=shades.y_train[::-1].copy())
    assert compare(model, image, changed).note == "it has changed since the training"
    other = compare(model, image, nnfang.load_data("mnist-sample"))
    assert other.neighbours is None
    assert other.note.startswith("mnist-sample cannot be used here: its images are (28, 28)")


def test_networks_of_other_images_classes_and_outputs_are_explained() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (40, 5, 9), np.uint8), np.arange(40) % 3
    wide = Dataset("wide", x, y, x, y, ("left", "right", "neither of them"), "negative")
    for output, loss in (("softmax", "categorical_crossentropy"), ("linear", "mean_squared_error")):
        recipe = nnfang.Recipe(
            dataset="wide",
            layers=(nnfang.Dropout(0.2), nnfang.Dense(6, "tanh"), nnfang.Dense(3, output)),
            loss=loss,
            epochs=1,
            validation_split=0.0,
        )
        model = nnfang.fit(recipe, wide)
        Image.fromarray(x[3]).save("x.png")
        explanation = explain_picture(model, "x.png", data=wide)
        assert explanation.attribution.integrated.shape == (45,)
        assert not explanation.attribution.is_linear
        assert [layer.index for layer in explanation.layers] == [1, 2]
        assert explanation.compared.neighbours
        assert explanation.compared.neighbours.rows[0] == 3
        assert "cannot be told: this network does not know its training images" in str(explanation)
        assert ("a score of" in str(explanation)) == (output == "linear")


def test_a_network_whose_inputs_are_no_pictures_or_whose_outputs_are_no_numbers_is_refused() -> None:
    shades = make_shades(60, 2)
    flat = replace(shades, x_train=shades.x_train.reshape(-1, 4), x_test=shades.x_test.reshape(-1, 4))
    with pytest.raises(nnfang.NnfangError, match="this network's inputs are 4 numbers, not a picture"):
        nnfang.fit(replace(RECIPE, epochs=1), flat).explain("sample:7")
    broken = nnfang.load("bundled")
    broken.network.theta[...] = np.nan
    with pytest.raises(nnfang.NnfangError, match="outputs are infinite or not a number"):
        broken.explain("sample:7")


def grade(explanation: Explanation) -> str:
    return explanation.verdict.grade


def test_the_verdict_depends_on_familiarity_neighbours_and_warnings(bundled: Checkpoint) -> None:
    sure = bundled.explain("sample:7")
    assert grade(sure) == "believable"
    assert sure.verdict.headline == "7, and nothing speaks against it."
    draw("minus.png", (100, 80, 200, 80))
    minus = bundled.explain("minus.png")
    assert grade(minus) == "unfamiliar"
    assert minus.verdict.headline.endswith("so unlike the training images that this may mean nothing.")
    assert "fewer than 0.1% of true images are so unlike the training images." in str(minus)
    draw("two.png", (70, 30, 70, 130), (200, 30, 240, 30), (240, 30, 220, 130))
    two = bundled.explain("two.png")
    assert "Caution: there are several separate shapes; the largest was taken." in str(two)
    assert grade(two) != "believable"


def with_outputs(explanation: Explanation, first: float, second: float) -> Explanation:
    outputs = np.zeros(10)
    outputs[[7, 9]] = first, second
    prediction = replace(explanation.prediction, outputs=outputs)
    return replace(explanation, prediction=prediction)


def test_a_network_that_wavers_is_in_doubt(bundled: Checkpoint) -> None:
    explanation = with_outputs(bundled.explain("sample:7"), 0.6, 0.4)
    assert grade(explanation) == "doubtful"
    assert explanation.verdict.reasons[0] == "The network wavers between 7 (60.00%) and 9 (40.00%)."


@pytest.mark.parametrize(
    ("labels", "sentence", "expected"),
    [
        ([7, 7, 7, 9, 9], "Of the 5 nearest training images of mnist-sample", "believable"),
        ([7, 7, 9, 9, 9], "3 are labelled 9 and 2 are labelled 7.", "doubtful"),
        ([9], "The nearest training image of mnist-sample", "doubtful"),
        ([7, 4, 9], "1 is labelled 7, 1 is labelled 4 and 1 is labelled 9.", "doubtful"),
    ],
)
def test_neighbours_of_another_class_speak_against_it(
    bundled: Checkpoint, labels: list[int], sentence: str, expected: str
) -> None:
    explanation = bundled.explain("sample:7")
    assert explanation.compared.neighbours
    found = replace(explanation.compared.neighbours, labels=np.array(labels))
    changed = replace(explanation, compared=replace(explanation.compared, neighbours=found))
    assert grade(changed) == expected
    assert sentence in changed.verdict.reasons[2]


def test_no_probability_is_certain() -> None:
    assert [percent(p) for p in (1, 0.99996, 0.9999, 0.5, 0.0001, 0.00004, 0)] == [
        *("over 99.99%", "over 99.99%", "99.99%", "50.00%", "0.01%", "under 0.01%", "under 0.01%"),
    ]
