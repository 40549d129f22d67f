"""How well a network tells what is no digit: pictures that show something else, beside true digits.

python -m benchmarks.doubt [--model bundled] [--count 500]

AUROC is the chance that of a true test image and a stranger the stranger is the less familiar; 1 is perfect, 0.5 a
guess. Beside it is that of the largest probability alone, and how many strangers `predict --reject` would reject.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks import images
from nnfang.core.arrays import Images
from nnfang.errors import PictureError
from nnfang.images import Grey
from nnfang.images.preparation import PREPARATIONS
from nnfang.runs.bundled import BUNDLED
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.finding import load_model
from nnfang.training.familiarity import UNFAMILIAR
from tests.images.accuracy import measure_kind, take_samples
from tests.images.kinds import KINDS
from tests.images.strangers import PUNCTUATION, STRANGERS, Rng, print_one_of

Floats = npt.NDArray[np.float64]

CALIBRATION_BINS = 15


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doubt", description=__doc__)
    parser.add_argument("--model", default=BUNDLED, help="a checkpoint")
    parser.add_argument("--count", type=int, default=500, help="pictures per kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--characters", action="store_true", help="tell the punctuation marks apart")
    options = parser.parse_args()
    checkpoint = load_model(options.model)
    true = images.load().x_test
    measures = measure(checkpoint, true)
    print(f"{(measures[0] < UNFAMILIAR).mean():.2%} of {len(true):,} true test images are rejected\n")
    print("| stranger | AUROC | of the largest probability | rejected, % |\n|---|---:|---:|---:|")
    print(format_row("Fashion-MNIST", measures, measure(checkpoint, images.load("fashion-mnist").x_test)))
    for number, (name, draw) in enumerate(STRANGERS.items()):
        strangers = collect(draw, options.count, np.random.default_rng([options.seed, number]))
        print(format_row(name, measures, measure(checkpoint, strangers)), flush=True)
    if options.characters:
        for number, character in enumerate(PUNCTUATION):
            marks = collect(partial(print_one_of, character), 100, np.random.default_rng([options.seed, 100 + number]))
            print(format_row(f"`{character}`", measures, measure(checkpoint, marks)), flush=True)
    print_digits(checkpoint, options.count // 3, options.seed)


def collect(draw: Callable[[Rng], Grey], count: int, rng: Rng) -> Grey:
    """Pages, prepared; those on which no ink is found would be refused, and are drawn again."""
    prepared: list[Grey] = []
    while len(prepared) < count:
        try:
            prepared.append(PREPARATIONS["digit"](draw(rng), (28, 28)).image)
        except PictureError:
            continue
    return np.stack(prepared)


def measure(checkpoint: Checkpoint, pictures: Images) -> tuple[Floats, Floats]:
    """Familiarity and largest probability of each."""
    outputs = checkpoint.predict(pictures)
    assert checkpoint.familiarity, "this network does not know what it was trained on"
    return checkpoint.familiarity.measure(pictures, outputs), outputs.max(axis=1).astype(float)


def auroc(true: Floats, strange: Floats) -> float:
    """The chance that a true value is larger than a strange one; equal ones count half."""
    order = np.sort(strange)
    below, not_above = (np.searchsorted(order, true, side) for side in ("left", "right"))
    return float((below + not_above).mean() / 2 / len(strange))


def format_row(name: str, true: tuple[Floats, Floats], strange: tuple[Floats, Floats]) -> str:
    familiarity, probability = (auroc(a, b) for a, b in zip(true, strange, strict=True))
    rejected = 100 * (strange[0] < UNFAMILIAR).mean()
    return f"| {name} | {familiarity:.4f} | {probability:.4f} | {rejected:.1f} |"


def print_digits(checkpoint: Checkpoint, count: int, seed: int) -> None:
    """How many pictures of digits would be rejected, and how far probabilities can be believed."""
    print("\n| digits | rejected, % |\n|---|---:|")
    rejected, probabilities, correct = [], [], []
    for number, (name, draw) in enumerate(KINDS.items()):
        rng = np.random.default_rng([seed, number])
        outcome = measure_kind(draw, take_samples(count, rng), rng, checkpoint.predict, checkpoint.familiarity)
        familiarity, probability = measure(checkpoint, outcome.inputs)
        rejected.append(100 * (familiarity < UNFAMILIAR).mean())
        probabilities.append(probability)
        correct.append(outcome.prepared)
        print(f"| {name} | {rejected[-1]:.1f} |", flush=True)
    print(f"| mean | {np.mean(rejected):.1f} |\n")
    data = images.load()
    outputs = checkpoint.predict(data.x_test)
    error = calibration_error(outputs.max(axis=1).astype(float), outputs.argmax(axis=1) == data.y_test)
    print(f"expected calibration error: {error:.2%} of the test images, ", end="")
    print(f"{calibration_error(np.concatenate(probabilities), np.concatenate(correct)):.2%} of these pictures")


def calibration_error(probability: Floats, correct: npt.NDArray[np.bool_]) -> float:
    """|accuracy - mean probability| of the images in bins of equal width, by their shares."""
    bins = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, probability - correct, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(probability))


if __name__ == "__main__":
    main()
