"""The page of a network under any hand: fingers, a pen, the keyboard, pictures, and eyes that see less."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from nnfang.data import load
from nnfang.exports import Settings
from nnfang.images import prepare, read_picture
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from tests.exports.drawing import IMAGE, SEVEN, Open, draw, locate, settle

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

pytestmark = pytest.mark.browser

ROTATED = 6
"""The EXIF orientation of a picture that a telephone took upright."""

HAND_OVER = """([kind, bytes, type]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], "one", { type }));
  const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
  const named = kind === "paste" ? { clipboardData: data } : { dataTransfer: data };
  nnfang.network.image = null;
  document.body.dispatchEvent(new Kind(kind, { ...named, bubbles: true, cancelable: true }));
}"""

CONTRASTS = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = rgb => rgb.slice(0, 3)
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const rgba = numbers(getComputedStyle(at).backgroundColor);
      if (rgba.length === 3 || rgba[3] === 1) return rgba;
    }
    throw new Error("nothing is behind it");
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, .hidden")) continue;
    if (element.matches(":disabled")) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [high, low] = [numbers(ink), behind(element)].map(luminance).sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    found.push([(high + 0.05) / (low + 0.05), isLarge ? 3 : 4.5, walker.currentNode.data]);
  }
  return found;
}"""


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    """What the screen reports: each point of the window on which a finger is."""
    fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})


def test_a_finger_draws_and_a_second_one_changes_nothing(show: Open) -> None:
    images = []
    for others in ((), ((0.9, 0.9),)):
        page = show(load_checkpoint(NETWORK), None, 390, has_touch=True, is_mobile=True)
        page.evaluate("window.scrollTo(0, 50)")
        session = page.context.new_cdp_session(page)
        first = locate(page, SEVEN[0])[0]
        rest = locate(page, *others)
        touch(session, "touchStart", first)
        if others:
            touch(session, "touchStart", first, *rest)
        for i in range(1, 21):
            start, end = SEVEN[i > 10], SEVEN[1 + (i > 10)]
            part = (i - 1) % 10 / 9
            (point,) = locate(page, (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1])))
            touch(session, "touchMove", point, *((x - 9 * i, y - 9 * i) for x, y in rest))
        touch(session, "touchEnd")
        settle(page)
        assert page.evaluate("window.scrollY") == 50, "the page stays while a finger draws on it"
        assert "It looks like 7" in page.inner_text("#spoken")
        images.append(page.evaluate(IMAGE))
    assert images[0] == images[1]


def test_a_pen_draws(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    session = page.context.new_cdp_session(page)
    kinds = ("mousePressed", "mouseMoved", "mouseMoved", "mouseReleased")
    for kind, (x, y) in zip(kinds, locate(page, *SEVEN, SEVEN[-1]), strict=True):
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
        session.send("Input.dispatchMouseEvent", event)
    settle(page)
    assert "It looks like 7" in page.inner_text("#spoken")


def test_the_pointer_only_draws_while_it_is_down_and_the_keys_put_the_pen_down(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    page.focus("#pad")
    for key in (" ", *["ArrowDown"] * 9):
        page.keyboard.press(key)
    settle(page)
    before = page.evaluate(IMAGE)
    page.mouse.move(*locate(page, (0.1, 0.1))[0])
    page.mouse.move(*locate(page, (0.9, 0.1))[0], steps=4)
    settle(page)
    assert page.evaluate(IMAGE) == before


def test_dropped_and_pasted_pictures_are_read_as_nnfang_reads_them(show: Open, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(NETWORK)
    page = show(checkpoint)
    file = tmp_path / "picture"
    for kind, form, size, orientation in (
        ("drop", "PNG", (300, 200), 1),
        ("paste", "JPEG", (1600, 1200), ROTATED),
        ("drop", "JPEG", (5000, 4000), 1),
    ):
        paper = np.full(size[::-1], 235, np.uint8)
        high, wide = paper.shape
        paper[high // 4 : high // 4 + high // 20, wide // 3 : wide * 2 // 3] = 30
        paper[high // 4 : high * 4 // 5, wide * 2 // 3 - wide // 20 : wide * 2 // 3] = 30
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned = np.rot90(paper) if orientation == ROTATED else paper
        Image.fromarray(turned).save(file, form, exif=exif)
        page.evaluate(HAND_OVER, [kind, b64encode(file.read_bytes()).decode(), f"image/{form.lower()}"])
        page.wait_for_function("() => nnfang.network.image")
        expected = prepare(read_picture(file), (28, 28), "digit")
        image = np.array(page.evaluate(IMAGE), np.uint8).reshape(28, 28)
        assert np.abs(image.astype(int) - expected).max() <= 16, "they are downsampled otherwise"
        label = int(checkpoint.predict(expected[None])[0].argmax())
        assert page.inner_text("#verdict").startswith(str(label))
        assert "predict itself reads more formats" in page.inner_text("#answer")


def test_a_file_that_is_no_picture_leaves_what_is_drawn_and_is_said(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    draw(page, *SEVEN)
    page.evaluate(HAND_OVER, ["drop", b64encode(b"no picture").decode(), "image/png"])
    page.wait_for_function("() => document.getElementById('answer').textContent.includes('no picture')")
    assert page.inner_text("#verdict").startswith("7")


def test_tabs_are_walked_by_keys_and_undo_takes_back_even_clearing(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    page.focus("#tab-unit")
    for key, name in (("ArrowRight", "steps"), ("End", "backward"), ("ArrowRight", "unit"), ("ArrowLeft", "backward")):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == f"tab-{name}"
        assert page.locator(f"#panel-{name}").is_visible()
        assert page.locator("[role=tab][tabindex='0']").count() == 1
    page.keyboard.press("Home")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    draw(page, *SEVEN)
    page.click("#clear")
    settle(page)
    assert "Draw something" in page.inner_text("#answer")
    page.keyboard.press("Control+z")  # although the pad has not the focus
    settle(page)
    assert "It looks like 7" in page.inner_text("#spoken")


def test_what_is_read_aloud_changes_once_a_stroke(show: Open) -> None:
    page = show(load_checkpoint(NETWORK), Settings(learn=load("mnist-sample")))
    page.evaluate("""() => {
      globalThis.said = 0;
      const count = new MutationObserver(() => said++);
      for (const place of document.querySelectorAll("[aria-live]")) count.observe(place, { childList: true });
    }""")
    page.click("#tab-steps")
    draw(page, *SEVEN)
    assert page.evaluate("said") == 1
    page.click("text=Next")
    assert page.evaluate("said") == 2
    page.click("#tab-learn")
    page.click("#run")
    page.wait_for_function("() => document.getElementById('learn-status').textContent.includes('test images')")
    assert page.evaluate("said") == 2
    page.click("#run")


def test_each_control_has_a_name_and_is_reached_by_tab(show: Open) -> None:
    page = show(load_checkpoint(NETWORK), Settings(learn=load("mnist-sample")))
    names: set[str] = set()
    for tab in ("unit", "steps", "backward", "learn"):
        page.click(f"#tab-{tab}")
        page.evaluate("document.activeElement.blur()")
        shown = "button, input, select, canvas[tabindex]"
        wanted = page.locator(f":is({shown}):not(:disabled):not([tabindex='-1'])").locator("visible=true").count()
        reached = set()
        for _ in range(wanted):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        assert len(reached - {0}) == wanted
        session = page.context.new_cdp_session(page)
        nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
        roles = {
            "button",
            "tab",
            "slider",
            "spinbutton",
            "combobox",
            "application",
            "image",
            "tabpanel",
            "MenuListPopup",
        }
        told = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles - {"MenuListPopup"}]
        assert all(node["name"]["value"] for node in told), told
        names |= {node["name"]["value"] for node in told}
    assert {"Example: 4", "layer 2, the output", "pace", "It is really", "The image that the network sees"} <= names


def test_an_example_draws_itself_and_the_network_knows_each(show: Open) -> None:
    page = show(load_checkpoint(NETWORK), is_idle=True)
    page.wait_for_function("() => document.getElementById('spoken').textContent.includes('It looks like 3')")
    assert "An example: draw over it." in page.inner_text("#answer")
    draw(page, (0.5, 0.1), (0.45, 0.9))
    assert page.inner_text("#verdict").startswith("1"), "the first stroke takes the place of the example"
    still = show(load_checkpoint(NETWORK), is_idle=True, reduced_motion="reduce")
    for digit in range(10):
        still.locator(".examples button").nth(digit).press("Enter")
        settle(still)
        assert still.inner_text("#verdict").startswith(str(digit))
        assert still.evaluate("Math.max(...nnfang.network.states.at(-1).a)") > 0.9


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(theme: str, show: Open) -> None:
    page = show(load_checkpoint(NETWORK), Settings(learn=load("mnist-sample")), 390, theme)
    draw(page, *SEVEN)
    for tab in ("unit", "steps", "backward", "learn"):
        page.click(f"#tab-{tab}")
        if tab == "learn":
            page.click("#run")
            page.wait_for_selector("#curve text")
        found = page.evaluate(CONTRASTS)
        assert len(found) > 40
        assert [(ratio, text) for ratio, least, text in found if ratio < least] == []


def test_scribbles_have_probabilities_too(show: Open) -> None:
    page = show(load_checkpoint(NETWORK))
    rows = [(x, y / 60) for y in range(61) for x in (0, 1)]
    zigzag = [(i / 12, 0.05 + 0.9 * (i % 2)) for i in range(13)]
    for points in (((0.5, 0.5), (0.5, 0.5)), zigzag, rows):
        page.click("#clear")
        places = locate(page, *points)
        page.evaluate(
            """points => {
              const pad = document.getElementById("pad");
              const fire = (kind, [clientX, clientY]) =>
                pad.dispatchEvent(new PointerEvent(kind, { pointerId: 1, clientX, clientY, button: 0 }));
              pad.setPointerCapture = () => {};
              fire("pointerdown", points[0]);
              points.slice(1).forEach(point => fire("pointermove", point));
              fire("pointerup", points.at(-1));
            }""",
            places,
        )
        settle(page)
        text = page.inner_text("#answer")
        if points is rows:
            assert "There is no ink found" in text
        else:
            assert "whatever is drawn, the probabilities add up to 1" in text
            assert abs(page.evaluate("nnfang.network.states.at(-1).a.reduce((a, b) => a + b)") - 1) < 1e-6
