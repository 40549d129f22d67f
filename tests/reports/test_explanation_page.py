"""The page of an explanation: whole, inert, and at home on any window."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PIL import Image

import nnfang
from tests.reports.results import HOSTILE, make_result

pytest.importorskip("matplotlib", reason="the extra report is not installed")
pytest.importorskip("jinja2", reason="the extra report is not installed")

from nnfang.reports.explanation_page import render
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.explanation import Explanation, explain_picture
from tests.reports.test_browser import show
from tests.reports.test_page import INERT, Reader

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def seven() -> Explanation:
    return nnfang.load("bundled").explain("sample:7", data=nnfang.load_data("mnist-sample"))


def make_hostile(folder: Path) -> Explanation:
    """Of a network whose classes and data set a stranger has named."""
    result = make_result(HOSTILE)
    assert isinstance(result.classifier, Checkpoint)
    meta = msgspec.structs.replace(result.classifier.meta, preparation="plain")
    rng = np.random.default_rng(0)
    file = folder / "<b>x.png"
    Image.fromarray(rng.integers(0, 256, (6, 5), np.uint8)).save(file)
    return explain_picture(replace(result.classifier, meta=meta), file, data=result.data)


def test_the_page_has_every_part_with_its_figures(seven: Explanation) -> None:
    page = Reader(render(seven).decode())
    text, found = " ".join(page.text.split()), seven.attribution
    for heading in (
        *("From the picture to the network", "What the network says", "Why 7 and not 9"),
        *("The nearest training images", "Layer by layer", "layers[0]: dense, relu, 128 units"),
    ):
        assert heading in text
    assert all(reason in text for reason in (seven.verdict.headline, *seven.verdict.reasons))
    for value in (found.difference, found.of_black, found.biases, found.times_input.sum(), found.integrated.sum()):
        assert f"{value:.2f}".replace("-", "−") in text
    (frame,) = (attributes for tag, attributes in page.elements if tag == "rect" and "x" in attributes)
    left, top, right, bottom = seven.prediction.picture.crop
    assert [frame[name] for name in ("x", "y", "width", "height")] == [
        str(n) for n in (left, top, right - left, bottom - top)
    ]
    for layer in seven.layers[:-1]:
        (most, *_) = layer.most_important(1).tolist()
        assert f"unit {most}a = {layer.a[most]:.2f}" in text
    assert seven.compared.neighbours
    for row in seven.compared.neighbours.rows:
        assert f"no. {row}" in text


def test_without_neighbours_or_a_box_the_rest_is_there(seven: Explanation) -> None:
    alone = replace(seven, compared=replace(seven.compared, neighbours=None, note="there are none"), stages=None)
    page = Reader(render(alone).decode())
    assert "The nearest training images" not in page.text
    assert "It was compared with no training images: there are none." in page.text
    assert not [tag for tag, attributes in page.elements if tag == "rect" and "x" in attributes]
    assert "what the network sees" in page.text


def test_what_strangers_chose_stays_text_and_nothing_is_loaded(tmp_path: Path) -> None:
    page = Reader(render(make_hostile(tmp_path)).decode())
    assert {tag for tag, _ in page.elements} <= INERT | {"br", "image", "sup"}
    assert all(url.startswith("data:image/png;base64,") for url in (*page.values("src"), *page.values("href")))
    assert page.values("style") == page.values("onload") == []
    assert "<b>x.png" in page.text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\udcff]", page.text)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "is_dark"), [(390, True), (800, False), (1280, False)])
def test_the_page_is_quiet_and_fits(
    width: int, is_dark: bool, seven: Explanation, browser: Browser, tmp_path: Path
) -> None:
    explanations = {"seven.html": seven, "hostile.html": make_hostile(tmp_path)}
    for name, explanation in explanations.items():
        file = tmp_path / name
        file.write_bytes(render(explanation))
        shown, noted = show(browser, file, width, is_dark=is_dark)
        assert noted == []
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.evaluate("document.scripts.length") == 0
        assert shown.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        shown.close()
