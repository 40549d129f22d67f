"""How tests use the page of a network: they draw on its pad, and wait until it has answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

IMAGE = "() => [...nnfang.network.image]"
SEVEN = ((0.25, 0.2), (0.7, 0.2), (0.4, 0.85))


def locate(page: Page, *points: tuple[float, float]) -> list[tuple[float, float]]:
    """Points of the pad, in fractions of its sides, as points of the window."""
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    assert box
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def draw(page: Page, *points: tuple[float, float]) -> None:
    """A stroke of the mouse through points of the pad, in fractions of its sides."""
    places = locate(page, *points)
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    settle(page)


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
