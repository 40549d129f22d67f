"""How well pictures of each kind are read, next to the same digits as MNIST has them.

python -m benchmarks.pictures [--model bundled] [--count 150] [--errors FOLDER] [--examples FILE.jpg]
python -m benchmarks.pictures --samples nnfang/images/samples
"""

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from nnfang import images
from nnfang.images import SAMPLES
from nnfang.runs.bundled import BUNDLED
from nnfang.runs.finding import load_model
from tests.images.accuracy import Outcome, measure_kind, take_samples
from tests.images.kinds import KINDS
from tests.images.samples import draw_samples


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__)
    parser.add_argument("--model", default=BUNDLED, help="a checkpoint")
    parser.add_argument("--count", type=int, default=150, help="pictures per kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--errors", type=Path, metavar="FOLDER", help="write the pictures that were read wrongly there")
    parser.add_argument("--examples", type=Path, metavar="FILE", help="write a picture of each kind to this file")
    parser.add_argument("--samples", type=Path, metavar="FOLDER", help="only draw the samples that come with nnfang")
    options = parser.parse_args()
    if options.samples:
        for name, content in draw_samples().items():
            (options.samples / SAMPLES[name].file).write_bytes(content)
        return
    network = load_model(options.model)
    table, outcomes = [], {}
    print("| kind | as MNIST has them, % | prepared, % | points | naive, % |\n|---|---:|---:|---:|---:|")
    for kind in options.kinds:
        rng = np.random.default_rng([options.seed, list(KINDS).index(kind)])
        samples = take_samples(options.count, rng)
        outcome = measure_kind(KINDS[kind], samples, rng, network.predict, network.familiarity)
        outcomes[kind] = outcome
        table.append([100 * float(correct.mean()) for correct in (outcome.original, outcome.prepared, outcome.naive)])
        print(format_row(kind, table[-1]), flush=True)
        if options.errors:
            save_errors(options.errors / f"{kind.replace(' ', '-')}.png", outcome)
    print(format_row("mean", np.mean(table, axis=0).tolist()))
    if options.examples:
        save_examples(options.examples, outcomes)


def format_row(kind: str, percentages: list[float]) -> str:
    original, prepared, naive = percentages
    return f"| {kind} | {original:.1f} | {prepared:.1f} | {prepared - original:+.1f} | {naive:.1f} |"


def save_errors(path: Path, outcome: Outcome) -> None:
    """The digits that could not be read from their picture alone: the picture, the input made of it, MNIST's image."""
    errors = np.flatnonzero(outcome.original & ~outcome.prepared)[:40]
    sheet = Image.new("RGB", (5 * 360, 120 * -(-max(1, len(errors)) // 5)))
    for position, i in enumerate(errors):
        x, y = position % 5 * 360, position // 5 * 120
        small = Image.fromarray(images.read_picture(io.BytesIO(outcome.pictures[i])))
        small.thumbnail((130, 112))
        sheet.paste(small, (x, y))
        for k, image in enumerate((outcome.inputs[i], outcome.samples[i].image)):
            sheet.paste(Image.fromarray(image).resize((112, 112)), (x + 132 + 114 * k, y))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def save_examples(path: Path, outcomes: dict[str, Outcome]) -> None:
    """A picture of each kind, its name, and the input made of it."""
    columns, (width, height) = 6, (168, 130)
    sheet = Image.new("RGB", (columns * width, height * -(-len(outcomes) // columns)), "white")
    pen = ImageDraw.Draw(sheet)
    for position, (kind, outcome) in enumerate(outcomes.items()):
        x, y = position % columns * width, position // columns * height
        with Image.open(io.BytesIO(outcome.pictures[0])) as picture:
            upright = ImageOps.exif_transpose(picture)
            flat = upright.point(lambda level: level / 257).convert("L") if upright.mode == "I;16" else upright
            small = flat.convert("RGBA")
        small.thumbnail((width - 68, height - 32))
        sheet.paste((225, 225, 225), (x, y, x + small.width, y + small.height))
        sheet.paste(small, (x, y), small)
        sheet.paste(Image.fromarray(outcome.inputs[0]).resize((56, 56)), (x + width - 64, y))
        pen.text((x, y + height - 26), kind, fill="black", font_size=13)
    sheet.save(path, quality=88)


if __name__ == "__main__":
    main()
