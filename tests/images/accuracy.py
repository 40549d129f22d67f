"""How many pictures of each kind are read, next to the same digits as MNIST has them.

python -m tests.images.accuracy --model runs/best [--count 150] [--sheets FOLDER]
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from nnfang import images, runs
from nnfang.core.arrays import Array
from nnfang.errors import PictureError
from nnfang.images import Grey
from tests.images.kinds import KINDS, Draw
from tests.images.shapes import Sample, draw_digits, take_digits

FIELD = (28, 28)
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """What became of the digits of one kind; each array has one entry a digit.

    Attributes:
        pictures: files.
        seen: (n, 28, 28), what the network saw.
        samples: the digits.
        original, prepared, naive: whether each was read right as MNIST has it, from its picture, and from the picture
            made grey and resized.
    """

    pictures: list[bytes]
    seen: Grey
    samples: list[Sample]
    original: Bools
    prepared: Bools
    naive: Bools


def try_kind(draw: Draw, samples: list[Sample], predict: Callable[[Grey], Array], rng: np.random.Generator) -> Outcome:
    """Draw each digit, read the picture, and compare."""
    pictures = [draw(sample, rng) for sample in samples]
    seen = np.stack([load(picture, "digit") for picture in pictures])
    labels = np.array([sample.label for sample in samples])

    def is_right(x: Grey) -> Bools:
        right: Bools = predict(x).argmax(axis=1) == labels
        return right

    original, naive = np.stack([sample.image for sample in samples]), np.stack([load(p, "plain") for p in pictures])
    return Outcome(pictures, seen, samples, is_right(original), is_right(seen), is_right(naive))


def load(picture: bytes, preparation: str) -> Grey:
    """What a network sees; nothing where no ink is found."""
    try:
        return images.load(io.BytesIO(picture), FIELD, preparation)
    except PictureError:
        return np.zeros(FIELD, np.uint8)


def take_samples(count: int, rng: np.random.Generator) -> list[Sample]:
    """Three quarters from MNIST, the rest drawn stroke by stroke."""
    drawn = count // 4
    return take_digits(count - drawn, rng) + draw_digits(drawn, rng)


def save_sheet(path: Path, outcome: Outcome) -> None:
    """The digits that only their picture made unreadable: picture, what was seen of it, and what MNIST has."""
    missed = np.flatnonzero(outcome.original & ~outcome.prepared)[:40]
    sheet = Image.new("RGB", (5 * 360, 120 * -(-max(1, len(missed)) // 5)))
    for place, i in enumerate(missed):
        x, y = place % 5 * 360, place // 5 * 120
        small = Image.fromarray(images.read_picture(io.BytesIO(outcome.pictures[i])))
        small.thumbnail((130, 112))
        sheet.paste(small, (x, y))
        for k, image in enumerate((outcome.seen[i], outcome.samples[i].image)):
            sheet.paste(Image.fromarray(image).resize((112, 112)), (x + 132 + 114 * k, y))
    sheet.save(path)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--sheets", type=Path)
    options = parser.parse_args()
    network = runs.load_model(options.model)
    table = []
    say(f"{'kind':24}{'as MNIST':>10}{'prepared':>10}{'gap':>8}{'naive':>10}")
    for number, kind in enumerate(options.kinds):
        rng = np.random.default_rng([options.seed, number])
        outcome = try_kind(KINDS[kind], take_samples(options.count, rng), network.predict, rng)
        shares = [100 * float(right.mean()) for right in (outcome.original, outcome.prepared, outcome.naive)]
        table.append(shares)
        say(row(kind, shares))
        if options.sheets:
            save_sheet(options.sheets / f"{kind.replace(' ', '-')}.png", outcome)
    say(row("mean", np.mean(table, axis=0).tolist()))


def row(kind: str, shares: list[float]) -> str:
    """One line of the table."""
    original, prepared, naive = shares
    return f"{kind:24}{original:9.1f}%{prepared:9.1f}%{prepared - original:+8.1f}{naive:9.1f}%"


if __name__ == "__main__":
    main()
