"""The page of a network, opened in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nnfang.exports import Settings, encode
from tests.exports.drawing import Open, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from nnfang.runs.checkpoint import Checkpoint


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a network; whatever the browser complains of or asks for fails the test."""
    noted: list[str] = []
    pages: list[Page] = []

    def call(
        checkpoint: Checkpoint,
        settings: Settings | None = None,
        width: int = 1280,
        theme: Any = "light",
        *,
        is_idle: bool = False,
        **context: Any,
    ) -> Page:
        file = tmp_path / f"{len(pages)}.html"
        file.write_bytes(encode(checkpoint, "html", settings or Settings()))
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, **context)
        pages.append(page)
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("dialog", lambda dialog: noted.append(dialog.message))
        ours = ("data:", "blob:", file.as_uri())
        page.on("request", lambda request: None if request.url.startswith(ours) else noted.append(request.url))
        page.goto(file.as_uri())
        if not is_idle and page.locator("#clear").count():
            page.click("#clear")  # the example that draws itself
            settle(page)
        return page

    yield call
    for page in pages:
        page.close()
    assert noted == []
