"""The page of a network in a browser: nothing is refused, nothing is asked for, nothing is wider than the window."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reports.results import HOSTILE

pytest.importorskip("matplotlib", reason="the extra report is not installed")
pytest.importorskip("jinja2", reason="the extra report is not installed")


from nnfang.reports.run_page import render
from tests.reports.test_page import make_story

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


pytestmark = pytest.mark.browser

DIGITS = tuple("0123456789")


def show(browser: Browser, file: Path, width: int, *, is_dark: bool = False) -> tuple[Page, list[str]]:
    """Open a page, and note whatever the browser complains of or asks for."""
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if is_dark else "light")
    noted: list[str] = []
    shown.on("console", lambda message: noted.append(message.text))
    shown.on("pageerror", lambda error: noted.append(str(error)))
    shown.on("request", lambda request: None if request.url.startswith("data:") else noted.append(request.url))
    shown.on("dialog", lambda dialog: noted.append(dialog.message))
    shown.goto(file.as_uri())
    return shown, [text for text in noted if text != file.as_uri()]


@pytest.mark.parametrize("names", [DIGITS, HOSTILE], ids=["digits", "hostile"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_quiet_and_fits(names: tuple[str, ...], width: int, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(render(make_story(names)))
    shown, noted = show(browser, file, width)
    assert noted == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate("document.scripts.length") == 0
    assert shown.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    shown.close()


def test_light_and_dark_are_the_paper_and_the_ink_of_its_charts(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(render(make_story(DIGITS)))
    colours = []
    for is_dark in (False, True):
        shown, noted = show(browser, file, 800, is_dark=is_dark)
        assert noted == []
        paper = "getComputedStyle(document.body).backgroundColor"
        ink = "getComputedStyle([...document.querySelectorAll('svg text')].find(t => t.textContent == 'inputs')).fill"
        colours.append([sum(map(int, re.findall(r"\d+", shown.evaluate(code)))) for code in (paper, ink)])
        shown.close()
    (light_paper, light_ink), (dark_paper, dark_ink) = colours
    assert light_paper - light_ink > 600
    assert dark_ink - dark_paper > 600


def test_nothing_runs_even_where_markup_gets_in(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    hostile = b'<img src=x onerror=alert(1)><script>alert(2)</script><img src="http://127.0.0.1:9/x.png"></body>'
    file.write_bytes(render(make_story(DIGITS)).replace(b"</body>", hostile))
    shown, noted = show(browser, file, 800)
    assert sum("Content Security Policy" in text for text in noted) == 4, "of two pictures, a handler and a script"
    assert not {"1", "2"} & set(noted), "which an alert would have said"
    shown.close()


def test_it_prints_on_a4(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(render(make_story(DIGITS)))
    shown, _ = show(browser, file, 680)
    shown.emulate_media(media="print")
    assert shown.evaluate("document.documentElement.scrollWidth") <= 680
    tables = "[...document.querySelectorAll('table, figure')].every(e => e.getBoundingClientRect().right <= 681)"
    assert shown.evaluate(tables)
    assert shown.pdf(format="A4").startswith(b"%PDF")
    shown.close()
