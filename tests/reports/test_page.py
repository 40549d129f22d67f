"""The page of a network: it needs nothing else, and whatever strangers call things stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from nnfang.core.activations import ACTIVATIONS
from nnfang.core.losses import LOSSES
from nnfang.core.optimizers import OPTIMIZERS, Momentum
from nnfang.reports import equations
from nnfang.reports.distributions import Distribution
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.examination import examine_network
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe
from tests.reports.results import HOSTILE, make_result

pytest.importorskip("matplotlib", reason="the extra report is not installed")
pytest.importorskip("jinja2", reason="the extra report is not installed")

from nnfang.reports import page
from nnfang.reports.run_page import render
from nnfang.reports.story import Story

INERT = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "footer", "h1", "h2", "h3", "p", "b", "i"),
    *("span", "code", "pre", "dl", "dt", "dd", "div", "figure", "figcaption", "img", "table", "caption", "thead"),
    *("tbody", "tr", "th", "td", "svg", "g", "path", "use", "defs", "text", "clippath", "rect"),
}
"""The elements that a page has: none that runs, loads or sends something."""


class Reader(HTMLParser):
    """The elements, attributes and text of a page, as a browser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.elements if name in attributes]


def make_history(*losses: float, rate: float = 0.1) -> tuple[Epoch, ...]:
    return tuple(
        Epoch(
            i, loss, 1 / (1 + loss), 1.1 * loss, 1 / (1 + 1.1 * loss), rate / i, 0.5, 1000.0, "0" * 15 + f"{i:x}", True
        )
        for i, loss in enumerate(losses, 1)
    )


def make_story(
    names: tuple[str, ...] = HOSTILE, shape: tuple[int, ...] = (6, 5), history: tuple[Epoch, ...] = make_history(1, 0.3)
) -> Story:
    result = make_result(names, shape)
    assert isinstance(result.classifier, Checkpoint)
    meta = result.classifier.meta
    state = msgspec.structs.replace(meta.state, epoch=len(history), best_epoch=len(history), step=len(history))
    environment = {"processor": "<b>fast</b>", "\u202eblas": {"<i>": "1"}, "numba": None}
    meta = msgspec.structs.replace(
        meta, history=history, epoch=len(history), step=len(history), state=state, environment=environment
    )
    checkpoint = replace(result.classifier, meta=meta)
    result = replace(result, classifier=checkpoint)
    examination = examine_network(checkpoint, checkpoint.recipe, meta, result.data, result.evaluation, None)
    return Story(checkpoint, result, None, meta, examination if history else None)


def test_what_strangers_chose_stays_text() -> None:
    found = Reader(render(make_story()).decode())
    assert {tag for tag, _ in found.elements} <= INERT
    for text in ("<script>alert…", "<b>fast</b>", "a|<b>", "=runs/<i>|", '=HYPERLINK("h…', "\\u202eblas", "<i> 1"):
        assert text in found.text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\udcff]", found.text)


def test_a_page_needs_nothing_else() -> None:
    text = render(make_story()).decode()
    found = Reader(text)
    (policy,) = (value for value in found.values("content") if "default-src" in value)
    (css,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in css.replace("url(#", "")
    assert "@import" not in css
    assert found.values("style") == found.values("onload") == []
    assert all(url.startswith("data:image/png;base64,") for url in found.values("src"))
    assert {link[0] for name in ("href", "xlink:href") for link in found.values(name)} <= {"#"}


def test_names_within_the_page_are_its_own_and_each_colour_is_that_of_the_paper() -> None:
    text = render(make_story()).decode()
    names = Reader(text).values("id")
    assert len(names) == len(set(names)) > 10
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', text)
    assert set(used) <= set(names)
    rules = re.findall(r"^\.c\d+\{(.*)\}$", text, re.MULTILINE)
    assert len(rules) > 10
    assert not [rule for rule in rules if re.search(r"#(?!000000)[0-9a-f]{6}", rule)]


@pytest.mark.parametrize(
    ("losses", "charts"),
    [((), 0), ((0.5,), 2), ((0.5, 0.4), 3), ((9.0, 0.01), 3), ((float("inf"), 1.0), 3), ((0.0, 0.0), 3)],
)
def test_any_history_can_be_drawn(losses: tuple[float, ...], charts: int) -> None:
    text = render(make_story(("0", "1"), history=make_history(*losses))).decode()
    curves = re.findall(r"<h3>(Loss|Accuracy|Learning rate)</h3>", text)
    assert len(curves) == charts
    assert ("best: epoch" in text) == bool(losses)


def test_a_long_history_is_thinned() -> None:
    text = render(make_story(("0", "1"), history=make_history(*np.linspace(2, 0.1, 5000)))).decode()
    assert len(text) < 500_000
    assert "Every 125th epoch" in text
    assert "<td>5,000</td>" in text


def test_without_validation_there_is_one_line() -> None:
    history = tuple(replace(epoch, val_loss=None, val_accuracy=None) for epoch in make_history(1.0, 0.5, 0.2))
    text = render(make_story(("0", "1"), history=history)).decode()
    assert ">training 0.2<" in text
    assert ">validation 0" not in text


@pytest.mark.parametrize(("names", "shape"), [(("0", "1"), (7,)), (tuple(map(str, range(35))), (6, 5))])
def test_features_and_many_classes_have_a_page_too(names: tuple[str, ...], shape: tuple[int, ...]) -> None:
    text = render(make_story(names, shape)).decode()
    assert ("Weights of" in text) == (len(shape) > 1)
    assert ('class="matrix' in text) == (len(names) <= 30)


def test_the_same_network_has_the_same_page() -> None:
    assert render(make_story()) == render(make_story())


def test_every_choice_of_a_recipe_has_its_equation() -> None:
    assert equations.ACTIVATIONS.keys() == ACTIVATIONS.keys()
    assert equations.LOSSES.keys() == LOSSES.keys()
    assert equations.OPTIMIZERS.keys() == OPTIMIZERS.keys()
    rows = dict(
        equations.list_equations(Recipe(optimizer=Momentum(0.5, nesterov=True, weight_decay=0.1), batch_size=3))
    )
    assert rows["update"] == equations.NESTEROV
    assert rows["where"] == "g the mean of ∂L/∂θ over 3 images + λ θ, α = 0.5, μ = 0.9, λ = 0.1"
    assert rows["error of the outputs"] == "δ = ŷ − y  (eq.\xa032)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.10512, "0.105 s"), (59.4, "59.4 s"), (125, "2 min 5 s"), (3599.9, "1 h 0 min"), (12000, "3 h 20 min")],
)
def test_times_are_in_words(seconds: float, text: str) -> None:
    assert page.duration(seconds) == text


@pytest.mark.parametrize(
    "values", [[], [0.0, 0.0], [3.0, 3.0], [1e17, 1e17 + 16], [-1e300, 1e300], [np.nan, np.inf, 1.0]]
)
def test_any_numbers_have_a_distribution(values: list[float]) -> None:
    array = np.array(values)
    found = Distribution.of(array, 60)
    finite = array[np.isfinite(array)]
    assert found.counts.sum() == np.count_nonzero(finite)
    assert found.zeros == (1 if values == [0.0, 0.0] else 0)
    assert page.spread(found)
