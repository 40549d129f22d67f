"""The page of a network in a browser: it predicts, prepares and learns as nnfang does, and asks for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnfang.core import backprop
from nnfang.core.activations import ACTIVATIONS
from nnfang.core.arrays import aligned_empty
from nnfang.core.layers import Dense, Dropout, Layer
from nnfang.core.losses import output_loss
from nnfang.data import load
from nnfang.exports import Settings
from nnfang.images import prepare, save_image
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.drawing import IMAGE, SEVEN, Open, draw, settle
from tests.exports.networks import make_checkpoint

pytestmark = pytest.mark.browser

DIGITS = tuple("0123456789")
HOSTILE = ("</script><img src=x onerror=alert(1)>", "手\u202e", "{{ script }}")
PIXELS = """() => {
  const pad = document.getElementById("pad");
  return [...pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data].filter((_, i) => i % 4 === 0);
}"""
OUTPUTS = "() => [...nnfang.network.states.at(-1).a]"
PREDICT = "rows => rows.map(row => [...nnfang.forward(nnfang.network.layers, row.map(v => v / 255)).at(-1).a])"

STROKES = (
    (SEVEN,),
    (((0.5, 0.1), (0.45, 0.9)),),
    (((0.3, 0.2), (0.3, 0.5), (0.7, 0.55)), ((0.65, 0.3), (0.6, 0.9))),
    (((0.2, 0.2), (0.8, 0.8), (0.3, 0.8), (0.8, 0.2), (0.5, 0.9), (0.1, 0.5)),),
    (((0.0, 0.4), (0.3, 0.1), (0.3, 0.9)),),
)


def test_what_is_drawn_is_prepared_and_predicted_as_nnfang_does(show: Open) -> None:
    checkpoint = load_checkpoint(NETWORK)
    page = show(checkpoint)
    for strokes in STROKES:
        page.click("#clear")
        settle(page)
        for points in strokes:
            draw(page, *points)
        pad = np.array(page.evaluate(PIXELS), np.uint8).reshape(200, 200)
        expected = prepare(pad, (28, 28), "digit")
        image = np.array(page.evaluate(IMAGE), np.uint8).reshape(28, 28)
        assert np.abs(image.astype(int) - expected).max() <= 2
        np.testing.assert_allclose(page.evaluate(OUTPUTS), checkpoint.predict(image[None])[0], atol=1e-4)


def test_test_images_get_the_probabilities_that_nnfang_gives_them(show: Open) -> None:
    checkpoint = load_checkpoint(NETWORK)
    images = load("mnist-sample").x_test[:500]
    found = np.array(show(checkpoint).evaluate(PREDICT, images.reshape(500, -1).tolist()))
    expected = checkpoint.predict(images)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_kind_of_network_predicts_and_takes_the_step_that_nnfang_takes(activation: str, show: Open) -> None:
    kinds: tuple[tuple[tuple[Layer, ...], str, str], ...] = (
        ((Dense(7, activation), Dense(3, "softmax")), "categorical_crossentropy", "float32"),
        ((Dense(5, activation), Dropout(0.5), Dense(3, "linear")), "mean_squared_error", "float64"),
        ((Dense(3, "softmax"),), "mean_squared_error", "float32"),
    )
    for layers, loss, dtype in kinds if activation == "relu" else kinds[:2]:
        checkpoint = make_checkpoint(layers, (6, 5), HOSTILE, dtype=dtype, loss=loss, preparation="plain")
        page = show(checkpoint)
        draw(page, *SEVEN)
        x = np.array(page.evaluate(IMAGE), np.uint8)[None]
        network = checkpoint.network
        np.testing.assert_allclose(page.evaluate(OUTPUTS), network.predict(x)[0], atol=1e-4)
        page.click("#tab-backward")
        page.select_option("#label", "1")
        page.click("#update")
        gradient = aligned_empty(network.theta.shape, network.dtype)
        y, inputs = np.eye(3, dtype=network.dtype)[[1]], (x / 255).astype(network.dtype)
        loss_of = output_loss(network.output_activation, loss)
        views, workspace = network.views(gradient), network.allocate(1)
        backprop.gradient_descent_step(network, loss_of, inputs, y, 0.01, views, workspace)
        found = page.evaluate("() => [...nnfang.network.theta]")
        np.testing.assert_allclose(found, network.theta, atol=1e-5)
        assert " → " in page.inner_text("#moved")
        page.click("#reset")
        assert page.evaluate("() => nnfang.network.theta.every((v, i) => v === nnfang.network.trained[i])")
        page.close()


@pytest.mark.parametrize("preparation", ["digit", "negative", "plain"])
def test_pictures_of_any_shape_are_prepared_as_nnfang_does(preparation: str, show: Open, tmp_path: Path) -> None:
    shape = (14, 9)
    checkpoint = make_checkpoint((Dense(10, "softmax"),), shape, DIGITS, preparation=preparation)
    page = show(checkpoint)
    picture = np.full((90, 70), 250, np.uint8)
    picture[20:70, 30:38] = 10
    save_image(tmp_path / "one.png", picture, may_replace=False)
    page.set_input_files("#file", tmp_path / "one.png")
    page.wait_for_function("() => nnfang.network.image")
    image = np.array(page.evaluate(IMAGE), np.uint8).reshape(shape)
    assert np.abs(image.astype(int) - prepare(picture, shape, preparation)).max() <= 2


def test_the_keyboard_draws_undoes_and_chooses(show: Open) -> None:
    page = show(load_checkpoint(NETWORK), None, 390, "dark")
    page.focus("#pad")
    for key in (" ", *["ArrowDown"] * 9, " "):
        page.keyboard.press(key)
    settle(page)
    assert "It looks like" in page.inner_text("#spoken")
    layer = page.locator("[role=slider]").first
    layer.focus()
    page.keyboard.press("ArrowRight")
    assert str(layer.get_attribute("aria-valuetext")).startswith("unit 2: a = ")
    assert "unit 2 of 128" in page.inner_text("#unit-title")
    page.click("#tab-backward")
    layer.hover()
    assert page.locator("#panel-backward").is_visible(), "a pointer that passes over the layers changes nothing"
    page.focus("#pad")
    page.keyboard.press("Backspace")
    settle(page)
    assert "Draw something" in page.inner_text("#spoken")
    page.set_input_files("#file", NETWORK)  # which is no picture
    page.wait_for_function("() => document.getElementById('spoken').textContent.includes('no picture')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_step_of_the_forward_process_has_its_equation(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    draw(page, *SEVEN)
    page.click("#tab-steps")
    seen = []
    for _ in range(6):
        page.click("text=Next")
        seen.append(page.inner_text("#step-text .maths >> nth=0"))
    assert [text.rpartition(" ")[2].removeprefix("eq.").strip()[-1] for text in seen] == list("121217")


def test_numbers_that_are_no_picture_have_a_field(show: Open) -> None:
    checkpoint = make_checkpoint((Dense(3, "softmax"),), (4,), HOSTILE)
    page = show(checkpoint)
    page.fill("#numbers", "0.1, 0.2; 0.3")
    assert "4 numbers are needed; there are 3." in page.inner_text("#answer")
    page.fill("#numbers", "0.1 0.2 0.3 0.4")
    expected = checkpoint.predict(np.array([[0.1, 0.2, 0.3, 0.4]], np.float32))[0]
    np.testing.assert_allclose(page.evaluate(OUTPUTS), expected, atol=1e-4)
    assert page.locator(".bars .name").first.inner_text() in HOSTILE


def test_a_fresh_network_learns_in_the_page(show: Open) -> None:
    page = show(load_checkpoint(NETWORK), Settings(learn=load("mnist-sample")))
    page.click("#tab-learn")
    page.click("#run")
    page.wait_for_function(
        "() => Number(/([\\d.]+)% of 200/.exec(document.getElementById('learn-status').textContent)?.[1]) > 60"
    )
    assert page.locator("#curve path.loss").count() == 1
    trained = "() => nnfang.network.theta.every((weight, i) => weight === nnfang.network.trained[i])"
    assert not page.evaluate(trained)
    page.click("#tab-backward")
    page.click("#reset")  # while it learns: no report that is still on its way undoes it
    page.wait_for_timeout(300)
    assert page.evaluate(trained)
