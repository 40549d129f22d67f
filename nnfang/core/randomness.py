"""Every random number comes from the seed, a purpose and a position, never from what was drawn before.

A resumed run, a repeated run and a run on several processes therefore see the same numbers.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What numbers are drawn for; the values are part of the checkpoint format and never change."""

    WEIGHTS = 0
    SPLIT = 1
    SHUFFLE = 2
    DROPOUT = 3
    AUGMENT = 4
    CHECK = 5


def generator(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """The generator of `seed`, `purpose` and `position` (such as a layer, an epoch or a step; all >= 0)."""
    return np.random.default_rng((seed, purpose, *position))
