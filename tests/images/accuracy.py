"""How many pictures of each kind are read, next to the same digits as MNIST has them.

python -m tests.images.accuracy [--model bundled] [--count 150] [--sheets FOLDER] [--examples FILE.jpg]
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from nnfang import images
from nnfang.core.arrays import Array
from nnfang.errors import PictureError
from nnfang.images import Grey
from nnfang.runs import folder as runs
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


def save_examples(path: Path, outcomes: dict[str, Outcome]) -> None:
    """A picture of each kind, its name, and what was seen of it."""
    columns, (width, height) = 6, (168, 130)
    sheet = Image.new("RGB", (columns * width, height * -(-len(outcomes) // columns)), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (kind, outcome) in enumerate(outcomes.items()):
        x, y = place % columns * width, place // columns * height
        with Image.open(io.BytesIO(outcome.pictures[0])) as picture:
            upright = ImageOps.exif_transpose(picture)
            flat = upright.point(lambda level: level / 257).convert("L") if upright.mode == "I;16" else upright
            small = flat.convert("RGBA")
        small.thumbnail((width - 68, height - 32))
        sheet.paste((225, 225, 225), (x, y, x + small.width, y + small.height))
        sheet.paste(small, (x, y), small)
        sheet.paste(Image.fromarray(outcome.seen[0]).resize((56, 56)), (x + width - 64, y))
        pen.text((x, y + height - 26), kind, fill="black", font_size=13)
    sheet.save(path, quality=88)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=runs.BUNDLED)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--sheets", type=Path, help="where to put what was read wrong, by kind")
    parser.add_argument("--examples", type=Path, help="where to put a picture of each kind")
    options = parser.parse_args()
    network = runs.load_model(options.model)
    table, outcomes = [], {}
    say("| kind | as MNIST has them, % | prepared, % | points | naive, % |\n|---|---:|---:|---:|---:|")
    for number, kind in enumerate(options.kinds):
        rng = np.random.default_rng([options.seed, number])
        outcomes[kind] = outcome = try_kind(KINDS[kind], take_samples(options.count, rng), network.predict, rng)
        shares = [100 * float(right.mean()) for right in (outcome.original, outcome.prepared, outcome.naive)]
        table.append(shares)
        say(row(kind, shares))
        if options.sheets:
            save_sheet(options.sheets / f"{kind.replace(' ', '-')}.png", outcome)
    say(row("mean", np.mean(table, axis=0).tolist()))
    if options.examples:
        save_examples(options.examples, outcomes)


def row(kind: str, shares: list[float]) -> str:
    """One line of the table."""
    original, prepared, naive = shares
    return f"| {kind} | {original:.1f} | {prepared:.1f} | {prepared - original:+.1f} | {naive:.1f} |"


if __name__ == "__main__":
    main()
