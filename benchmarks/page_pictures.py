"""Draws what the documentation shows of an exported page, in light and in dark, by Chromium.

python -m benchmarks.page_pictures [--folder docs]
"""

import shutil
from argparse import ArgumentParser
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from nnfang.exports import Settings, encode
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load

WIDTH, HEIGHT = 1100, 1120
"""Of the window, in pixels."""

DIGIT = ((0.25, 0.2), (0.7, 0.2), (0.4, 0.85))
"""A stroke, in fractions of the sides of the pad."""

COLOURS = 96


def draw(page: Page) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in DIGIT]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.page_pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="where the pictures are written")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as running:
        file = Path(folder) / "digits.html"
        file.write_bytes(encode(load(NETWORK), "html", Settings()))
        chromium = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        themes: tuple[str, ...] = ("light", "dark")
        for theme in themes:
            page = chromium.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if theme == "dark" else "light"
            )
            page.goto(file.as_uri())
            draw(page)
            page.locator("[role=slider]").nth(1).click(position={"x": 35, "y": 130})
            page.wait_for_timeout(200)
            with Image.open(BytesIO(page.screenshot())) as image:
                image.convert("RGB").quantize(COLOURS).save(options.folder / f"page-{theme}.png", optimize=True)
        chromium.close()


if __name__ == "__main__":
    main()
