"""Draws what the README shows of a report: its top and its mistakes, in light and in dark, by Chromium.

python -m benchmarks.report_pictures [--folder docs]
"""

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from nnfang.data import find_available

WIDTH, TOP = 1100, 1165
"""Of the window, in pixels, and what is shown of its top."""

ROWS = 2
"""Of mistakes."""

MARGIN = 12
"""Around them, in pixels."""

COLOURS = 96


def make_report(folder: Path) -> Path:
    """The report of the default network, on MNIST where it was downloaded."""
    dataset = "mnist" if "mnist" in find_available() else "mnist-sample"
    for arguments in (
        ["train", "--dataset", dataset, "--epochs", "10", "--batch-size", "16", "-q", "-o", "runs/first"],
        ["report", "runs/first", "-o", "report.html"],
    ):
        subprocess.run([sys.executable, "-m", "nnfang", *arguments], cwd=folder, check=True)
    return folder / "report.html"


def save(picture: bytes, path: Path) -> None:
    """Write a PNG with few colours, of which it has few."""
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.report_pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="where the pictures are written")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as running:
        report = make_report(Path(folder))
        chromium = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            page = chromium.new_page(viewport={"width": WIDTH, "height": TOP}, color_scheme=theme)
            page.goto(report.as_uri())
            save(page.screenshot(), options.folder / f"report-{theme}.png")
            box, rows = page.locator(".gallery").bounding_box(), page.locator(".gallery figure")
            last = rows.nth(ROWS * 10 - 1).bounding_box()
            assert box
            assert last
            clip: Any = {
                "x": box["x"] - MARGIN,
                "y": box["y"] - MARGIN,
                "width": box["width"] + 2 * MARGIN,
                "height": last["y"] + last["height"] - box["y"] + 2 * MARGIN,
            }
            save(page.screenshot(full_page=True, clip=clip), options.folder / f"mistakes-{theme}.png")
        chromium.close()


if __name__ == "__main__":
    main()
