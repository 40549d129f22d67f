"""Fit what `nnfang.runs` knows of strings of digits, on strings of MNIST's training digits.

python -m benchmarks.fit_strings cuts        train the network that judges cuts, and write nnfang/runs/networks/cuts.npz
python -m benchmarks.fit_strings weights     estimate the weights of nnfang.runs.string_model, and print them

Strings are drawn of the first 50,000 training images; `benchmarks.strings --split train` measures on the others.
"""

import argparse
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

import nnfang
from benchmarks import images
from nnfang.data import Dataset
from nnfang.images import VIEW, Cuts, find_cuts, load_page
from nnfang.images.arrays import Mask
from nnfang.runs.edges import NETWORK
from nnfang.runs.hypotheses import Hypothesis, may_be_several, propose
from nnfang.runs.string_model import MODEL
from tests.images.shapes import Sample, enlarge
from tests.images.strings import GAPS, PAPER, Page, draw_number, fit_ink

FIT_ON = 50_000
"""So many training images, from the first; see `benchmarks.strings.TUNED_ON` for the others."""

SHARE = {"spaced": 0.2, "tight": 0.2, "touching": 0.6}
"""Of the strings, by the gaps between their digits."""

CUT_ERROR = 0.1
"""A cut is right if so much ink of the smaller of two digits is on the wrong side of it, at most."""

OVERLAP = 0.7
"""A hypothesis is right if it has so much in common with a digit, of all that is in either."""

INK = 0.4
"""The level above which a pixel of a drawn digit is ink."""

PENALTY = 1e-4
"""Of the squares of weights, per line, for features of a standard deviation of 1."""

Floats = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_strings", description=__doc__)
    parser.add_argument("what", choices=("cuts", "weights"))
    parser.add_argument("--count", type=int, default=3000, help="strings to draw")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    fit = {"cuts": fit_cuts, "weights": fit_weights}[options.what]
    fit(options.count, options.seed)


def draw(count: int, seed: int) -> Iterator[tuple[Page, list[Sample]]]:
    """Strings of 2 to 8 training digits, on paper of all kinds."""
    data = images.load()
    rng = np.random.default_rng(seed)
    for number in range(count):
        rows = rng.integers(0, min(FIT_ON, len(data.x_train)), rng.integers(2, 9))
        digits = [np.asarray(data.x_train[i]) for i in rows]
        samples = [Sample(enlarge(x), x, int(data.y_train[i])) for x, i in zip(digits, rows, strict=True)]
        spacing = str(rng.choice(list(GAPS), p=[SHARE[name] for name in GAPS]))
        yield draw_number(samples, spacing, list(PAPER)[number % len(PAPER)], rng), samples


def trace(page: Page, samples: Sequence[Sample], shape: tuple[int, ...]) -> list[Mask]:
    """Where the ink of each digit was drawn, (h, w)."""
    masks = []
    for (left, top, right, bottom), sample in zip(page.boxes, samples, strict=True):
        mask = np.zeros(shape, bool)
        mask[top:bottom, left:right] = fit_ink(sample.shape, (right - left, bottom - top)) > INK
        masks.append(mask)
    return masks


def fit_cuts(count: int, seed: int) -> None:
    """Train on cuts of pieces of ink that may be several digits: those that part two digits are right."""
    views: list[npt.NDArray[np.uint8]] = [np.empty((0, *VIEW), np.uint8)]
    labels: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    for drawn, samples in draw(count, seed):
        page = load_page(io.BytesIO(drawn.content))
        digits = trace(drawn, samples, page.ink.levels.shape)
        for line in page.lines:
            for piece in line.pieces:
                if may_be_several(piece, line.height):
                    cuts = find_cuts(piece, line.height)
                    views.append(cuts.views)
                    labels.append((measure_errors(cuts, digits) < CUT_ERROR).astype(np.int64))
    x, y = np.concatenate(views), np.concatenate(labels)
    held = np.arange(len(x)) > 0.95 * len(x)
    print(f"{len(x):,} cuts, of which {y.mean():.1%} are right")
    recipe = nnfang.Recipe(
        dataset="cuts",
        layers=(nnfang.Dense(48, "relu"), nnfang.Dense(16, "relu"), nnfang.Dense(2, "softmax")),
        optimizer=nnfang.AdamW(learning_rate=0.002, weight_decay=0.02),
        schedule=nnfang.Cosine(),
        batch_size=128,
        epochs=8,
        validation_split=0,
        seed=seed,
    )
    found = nnfang.fit(recipe, Dataset("cuts", x[~held], y[~held], x[held], y[held], ("wrong", "right")))
    print(f"log loss on {held.sum():,} held-out cuts: {found.measure_losses(x[held], y[held]).mean():.4f}")
    replace(found, familiarity=None).for_inference().save(NETWORK)


def measure_errors(cuts: Cuts, digits: Sequence[Mask]) -> Floats:
    """How much ink of the smaller of two neighbouring digits in a piece is on the wrong side of each cut, at best."""
    left, top, right, bottom = cuts.piece.box
    inside = [digit[top:bottom, left:right] & cuts.piece.mask for digit in digits]
    size = [max(1, int(digit.sum())) for digit in digits]
    here = [k for k, mask in enumerate(inside) if mask.sum() > 0.3 * size[k]]
    columns = np.arange(right - left)
    is_left = columns < cuts.paths[..., None]
    errors = np.full(len(cuts.paths), np.inf)
    for k, after in itertools.pairwise(here):
        before, behind = np.any(inside[: k + 1], axis=0), np.any(inside[after:], axis=0)
        wrong = (is_left & (behind & ~before)).sum(axis=(1, 2)) + (~is_left & (before & ~behind)).sum(axis=(1, 2))
        errors = np.minimum(errors, wrong / min(size[k], size[after]))
    return errors


class Lattices:
    """The hypotheses of many lines, numbered through.

    Attributes:
        phi: (n, k) of each hypothesis; 0 for one that is no digit.
        fixed: (n,) what is added to its score.
        start, stop: (n,) edges, numbered through.
        is_right: (n,)
        line: (n,) of each.
        first, last: (lines,) edges of each line.
    """

    def __init__(self, lines: Sequence[tuple[Sequence[Hypothesis], Sequence[bool]]]) -> None:
        counts = [max(found.stop for found in hypotheses) for hypotheses, _ in lines]
        self.first = np.cumsum([0, *(count + 1 for count in counts)])[:-1]
        self.last = self.first + counts
        self.edges = int(self.last[-1]) + 1
        rows = [(found, right, k) for k, line in enumerate(lines) for found, right in zip(*line, strict=True)]
        rows.sort(key=lambda row: row[0].start)
        line = np.array([k for _, _, k in rows])
        level = np.array([found.start for found, _, _ in rows])
        self.start = level + self.first[line]
        self.stop = np.array([found.stop for found, _, _ in rows]) + self.first[line]
        self.is_right = np.array([right for _, right, _ in rows])
        none = np.zeros(len(MODEL.weights))
        self.phi = np.stack([none if found.phi is None else found.phi for found, _, _ in rows])
        self.fixed = np.array([found.score if found.phi is None else 0 for found, _, _ in rows])
        self.line = line
        self.bounds = np.flatnonzero(np.diff(level, prepend=-1, append=level[-1] + 1))

    def log_partition(self, score: Floats) -> tuple[float, Floats]:
        """Σ log Z over the lines, and how probable each hypothesis is; -inf scores are impossible ones."""
        forward, backward = np.full((2, self.edges), -np.inf)
        forward[self.first] = backward[self.last] = 0
        blocks = [slice(a, b) for a, b in zip(self.bounds, self.bounds[1:], strict=False)]
        for block in blocks:
            np.logaddexp.at(forward, self.stop[block], forward[self.start[block]] + score[block])
        for block in blocks[::-1]:
            np.logaddexp.at(backward, self.start[block], backward[self.stop[block]] + score[block])
        Z = forward[self.last]
        return float(Z.sum()), np.exp(forward[self.start] + score + backward[self.stop] - Z[self.line])


def collect(count: int, seed: int) -> Lattices:
    """The lines of strings for which some string of hypotheses is right."""
    classifier = nnfang.load("bundled")
    lines = []
    for drawn, samples in draw(count, seed):
        page = load_page(io.BytesIO(drawn.content))
        if len(page.lines) > 1:
            continue
        digits = trace(drawn, samples, page.ink.levels.shape)
        ink = np.zeros(page.ink.levels.shape, bool)
        for piece in page.lines[0].pieces:
            left, top, right, bottom = piece.box
            ink[top:bottom, left:right] |= piece.mask
        (hypotheses,) = propose(classifier, page)
        rights = [is_right(found, [digit & ink for digit in digits]) for found in hypotheses]
        if can_be_right(hypotheses, rights):
            lines.append((hypotheses, rights))
    print(f"{len(lines):,} lines of {count:,} can be read right, {sum(len(line) for line, _ in lines):,} hypotheses")
    return Lattices(lines)


def is_right(found: Hypothesis, digits: Sequence[Mask]) -> bool:
    """Whether a hypothesis is one of the digits, or is taken for none and has little ink of any."""
    left, top, right, bottom = found.piece.box
    shared = [int((digit[top:bottom, left:right] & found.piece.mask).sum()) for digit in digits]
    area = int(found.piece.mask.sum())
    if found.phi is None:
        return sum(shared) < area / 2
    return any(both > OVERLAP * (area + digit.sum() - both) for both, digit in zip(shared, digits, strict=True))


def can_be_right(hypotheses: Sequence[Hypothesis], rights: Sequence[bool]) -> bool:
    """Whether hypotheses that are right cover a line."""
    reached = {0}
    for found, right in sorted(zip(hypotheses, rights, strict=True), key=lambda pair: pair[0].start):
        if right and found.start in reached:
            reached.add(found.stop)
    return max(found.stop for found in hypotheses) in reached


def fit_weights(count: int, seed: int) -> None:
    """Maximise log P(some right string) of all lines: Σ log Z of the right hypotheses - Σ log Z of all."""
    lattices = collect(count, seed + 1)
    scale = lattices.phi.std(axis=0)
    scale[0] = 1
    phi = lattices.phi / scale

    def loss(w: Floats) -> tuple[float, Floats]:
        score = phi @ w + lattices.fixed
        every, p = lattices.log_partition(score)
        right, q = lattices.log_partition(np.where(lattices.is_right, score, -np.inf))
        n = len(lattices.first)
        return (every - right) / n + PENALTY * float(w @ w), (p - q) @ phi / n + 2 * PENALTY * w

    found = minimize(loss, np.array(MODEL.weights) * scale, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    print(f"{found.message}, {found.nit} iterations, -log P {found.fun:.4f} per line")
    print("weights =", tuple(float(f"{w:.4g}") for w in found.x / scale))


if __name__ == "__main__":
    main()
