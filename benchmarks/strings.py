"""How well numbers are read: strings of 2 to 8 digits, spaced, tight and touching, on paper of several kinds.

python -m benchmarks.strings [--model bundled] [--count 200] [--length 5] [--split test]

Digits are those that are read right, missed and added digits being errors: 1 - edit distance / digits.  Of the strings
of which "touching" is made, the ink of a digit begins 1 to 3 pixels of MNIST before that of its left neighbour ends.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import images
from nnfang.runs.bundled import BUNDLED
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.finding import load_model
from nnfang.runs.numbers import Number, predict_numbers
from tests.images.shapes import Sample, enlarge
from tests.images.strings import GAPS, PAPER, Page, draw_number, edit_distance

TUNED_ON = slice(50_000, None)
"""The training images with which the model of strings was tuned."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strings", description=__doc__)
    parser.add_argument("--model", default=BUNDLED, help="a checkpoint")
    parser.add_argument("--count", type=int, default=200, help="strings of each spacing")
    parser.add_argument("--length", type=int, help="digits of a string; by default 2 to 8")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("test", "train"), default="test")
    parser.add_argument("--papers", action="store_true", help="tell the kinds of paper apart")
    parser.add_argument("--errors", type=Path, metavar="FOLDER", help="write the pictures that were read wrongly there")
    options = parser.parse_args()
    checkpoint = load_model(options.model)
    print("| spacing | paper | strings | digits, % | whole strings, % |\n|---|---|---:|---:|---:|")
    for number, spacing in enumerate(GAPS):
        rng = np.random.default_rng([options.seed, number])
        pages = []
        for k in range(options.count):
            samples = take(options.split, options.length or int(rng.integers(2, 9)), rng)
            pages.append((list(PAPER)[k % len(PAPER)], draw_number(samples, spacing, list(PAPER)[k % len(PAPER)], rng)))
        labels = [read(checkpoint, page) for _, page in pages]
        for paper in [None, *PAPER] if options.papers else [None]:
            chosen = [k for k, (kind, _) in enumerate(pages) if paper in (None, kind)]
            print(format_row(spacing, paper or "all", [pages[k][1] for k in chosen], [labels[k] for k in chosen]))
        if options.errors:
            save_errors(options.errors, spacing, [page for _, page in pages], labels)


def take(split: str, count: int, rng: np.random.Generator) -> list[Sample]:
    """Digits of MNIST."""
    data = images.load()
    part = slice(None) if split == "test" else TUNED_ON
    x, y = (data.x_test, data.y_test) if split == "test" else (data.x_train[part], data.y_train[part])
    return [Sample(enlarge(np.asarray(x[i])), np.asarray(x[i]), int(y[i])) for i in rng.integers(0, len(x), count)]


def read(checkpoint: Checkpoint, page: Page) -> str:
    """What is read; nothing where no digit is found."""
    (found,) = predict_numbers(checkpoint, ["-"], stdin=io.BytesIO(page.content))
    return found.label if isinstance(found, Number) else ""


def format_row(spacing: str, paper: str, pages: Sequence[Page], labels: Sequence[str]) -> str:
    digits = sum(len(page.label) for page in pages)
    errors = sum(edit_distance(page.label, label) for page, label in zip(pages, labels, strict=True))
    whole = np.mean([page.label == label for page, label in zip(pages, labels, strict=True)])
    return f"| {spacing} | {paper} | {len(pages)} | {100 * (1 - errors / digits):.1f} | {100 * whole:.1f} |"


def save_errors(folder: Path, spacing: str, pages: Sequence[Page], labels: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, (page, label) in enumerate(zip(pages, labels, strict=True)):
        if page.label != label:
            name = f"{spacing}-{number:04d}-{page.label}-read-{label.replace(' ', '_')}"
            suffix = "png" if page.content.startswith(b"\x89PNG") else "jpg"
            (folder / f"{name}.{suffix}").write_bytes(page.content)


if __name__ == "__main__":
    main()
