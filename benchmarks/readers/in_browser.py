"""The page in Chromium, which is open already: starting it is nothing that the page could change."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import which

import numpy as np

from benchmarks.readers.reader import Reader
from nnfang.core.arrays import Images, Labels
from nnfang.machine.description import find_version

ANSWER = "#verdict .figure:not(:empty)"
SEND = "text => { globalThis.images = Uint8Array.from(atob(text), each => each.charCodeAt(0)); }"
CLASSIFY = """() => {
  const { images, nnfang: { network, forward } } = globalThis; // once, since globals are slow
  const labels = [];
  for (let start = 0; start < images.length; start += 784) {
    const x = new Float64Array(784);
    for (let i = 0; i < 784; i++) x[i] = images[start + i] / 255;
    const { a } = forward(network.layers, x).at(-1);
    labels.push(a.indexOf(Math.max(...a)));
  }
  return labels;
}"""


@contextmanager
def chromium(folder: Path) -> Iterator[list[Reader]]:
    """From navigation to the answer about the example that it opens with; and its own forward pass, image by image."""
    program = which("chromium") or which("chromium-browser") or which("google-chrome")
    if not program or not find_version("playwright"):
        print("Chromium: skipped, it or Playwright is not installed")
        yield []
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        kept, opened = (browser.new_page(reduced_motion="reduce") for _ in range(2))
        kept.goto((folder / "digits.html").as_uri())
        sent: list[Images] = []

        def classify(images: Images) -> Labels:
            if not any(each is images for each in sent):  # once: the page is timed, not the way to it
                kept.evaluate(SEND, b64encode(images.tobytes()).decode())
                sent[:] = [images]
            return np.array(kept.evaluate(CLASSIFY))

        def answer(file: str) -> None:
            opened.goto((folder / file).as_uri())
            opened.wait_for_selector(ANSWER)

        yield [
            Reader("Chromium", "digits.html", partial(answer, "digits.html"), classify),
            Reader("Chromium", "learn.html", partial(answer, "learn.html"), None),
        ]
        browser.close()
