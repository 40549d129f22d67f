"""Whether two networks differ by more than chance, seen from their answers on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Pairing:
    """Two networks, A and B, on the same images.

    Attributes:
        mends: Images that A gets wrong and B right.
        breaks: Images that A gets right and B wrong.
    """

    mends: int
    breaks: int

    @property
    def p_value(self) -> float:
        """The p-value of the exact McNemar test: `mcnemar`."""
        return mcnemar(self.mends, self.breaks)


def pair(is_correct_a: npt.NDArray[np.bool_], is_correct_b: npt.NDArray[np.bool_]) -> Pairing:
    """Count on which images only one of two networks is right.  (n,) and (n,), the same images in the same order."""
    return Pairing(int((is_correct_b & ~is_correct_a).sum()), int((is_correct_a & ~is_correct_b).sum()))


def mcnemar(mends: int, breaks: int) -> float:
    """How likely counts as unequal as these, or more, are if both networks are equally good: the exact test, two-sided.

    Each image on which only one network is right is then a fair coin: p = 2 Σ_{i ≤ k} C(n, i) / 2ⁿ, at most 1, where n
    is the sum of the counts and k the smaller. The sum is one of integers, so nothing is rounded but the result.

    Source: McNemar 1947; Fagerland, Lydersen, Laake 2013, eq. 1.
    """
    n, k = mends + breaks, min(mends, breaks)
    if mends == breaks:
        return 1.0  # where both tails hold the middle
    term = total = 1
    for i in range(k):
        term = term * (n - i) // (i + 1)
        total += term
    return min(1.0, 2 * total / (1 << n))
