"""Choose among the readings of a picture the one that looks most like what a network was trained on.

Where a page is plain and its first reading familiar, as most are, the others are not even made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.core.arrays import Array, Images
    from nnfang.images import Picture, Prepared, Readings
    from nnfang.training.familiarity import Familiarity

ENOUGH, ENOUGH_IN_DOUBT = 0.1, 0.3
"""The first reading is taken if it is this familiar; the latter where something on the page speaks against it."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A reading, and what a network makes of it.

    Attributes:
        picture: The reading.
        outputs: (classes,)
        familiarity: None where the network does not know what it was trained on.
        page: The picture that was read, where it is known.
    """

    picture: Prepared
    outputs: Array
    familiarity: float | None
    page: Picture | None = None


def choose(readings: Readings, predict: Callable[[Images], Array], familiarity: Familiarity | None = None) -> Judged:
    """The reading that is most familiar to a network, among those of the class that all of them speak for.

    Several readings of a page are often of the same digit; a scrawl that looks like another digit is alone. So the
    class is the one whose readings together are the most familiar.

    A network that does not know what it was trained on is surer of some scrawls than of digits. It chooses the reading
    with the largest output, and only where something on the page speaks against the first.

    Args:
        readings: Of one picture.
        predict: (m, h, w) -> (m, classes), the outputs of the network.
        familiarity: What the network was trained on, if that is known.
    """

    def judge(picture: Prepared) -> Judged:
        image = picture.image[None]
        outputs = predict(image)
        known = float(familiarity.measure(image, outputs)[0]) if familiarity else None
        return Judged(picture, outputs[0], known, readings.page)

    first = judge(readings.first)
    if _is_enough(first, is_plain=readings.is_plain):
        return first
    judged = [first, *map(judge, readings.others)]
    if first.familiarity is None:
        return max(judged, key=_confidence)
    votes = np.zeros(len(first.outputs))
    for reading in judged:
        votes[reading.outputs.argmax()] += reading.familiarity
    of_class = [reading for reading in judged if reading.outputs.argmax() == votes.argmax()]
    return max(of_class, key=_rank)


def _is_enough(first: Judged, *, is_plain: bool) -> bool:
    if first.familiarity is None:
        return is_plain
    return first.familiarity >= (ENOUGH if is_plain else ENOUGH_IN_DOUBT)


def _confidence(judged: Judged) -> float:
    return float(judged.outputs.max())


def _rank(judged: Judged) -> tuple[float, float]:
    """Familiarity, and where that is equal, confidence."""
    return judged.familiarity or 0.0, _confidence(judged)
