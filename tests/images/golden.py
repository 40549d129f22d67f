"""Pictures of all kinds and the images that nnfang makes of them, written once: python -m tests.images.golden.

To be written again only where the preparation was changed on purpose, and benchmarks.pictures says that it got better.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnfang.images import load_prepared
from nnfang.images.preparation import Prepared
from tests.images.accuracy import take_samples
from tests.images.kinds import KINDS
from tests.images.pages import MNIST_SHAPE

TOLERANCE = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0])
"""By how much the numbers of `facts_of` may differ, where another version decodes or resizes differently."""

FILE = Path(__file__).parent / "golden.npz"
EACH = 4
"""Pictures of each kind."""


def prepare_kinds() -> Iterator[tuple[str, Prepared]]:
    """What comes of each picture now."""
    rng = np.random.default_rng(77)
    for kind, draw in KINDS.items():
        for sample in take_samples(EACH, rng):
            yield kind, load_prepared(io.BytesIO(draw(sample, rng)), MNIST_SHAPE, "digit")


def main() -> None:
    images, facts = zip(*((prepared.image, facts_of(prepared)) for _, prepared in prepare_kinds()), strict=True)
    np.savez_compressed(FILE, images=np.stack(images), facts=np.stack(facts))


def facts_of(prepared: Prepared) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What is said of a preparation, in numbers: the crop, the scale, the shift, the polarity, how many warnings."""
    return np.array(
        [*prepared.crop, 100 * prepared.scale, *prepared.shift, prepared.is_inverted, len(prepared.warnings)], float
    )


if __name__ == "__main__":
    main()
