"""How the weights of each layer are distributed, and what its units give for some images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from nnfang.core.arrays import scale_pixels
from nnfang.core.backprop import forward
from nnfang.core.layers import Dense
from nnfang.training.activity import MOST_IMAGES

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images
    from nnfang.core.network import Network

BINS = 60


@dataclass(frozen=True, eq=False)
class Distribution:
    """Many numbers, counted.

    Attributes:
        counts: (bins,) how many are in each bin, zeros left out.
        edges: (bins + 1,) from the smallest to the largest.
        zeros: The fraction of them that are exactly 0, as relu gives.
        mean: Of all.
        deviation: Their standard deviation.
    """

    counts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    zeros: float
    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Array, bins: int = BINS) -> Self:
        """Count numbers, of which those that are not finite are left out."""
        finite = values[np.isfinite(values)].astype(np.float64)
        is_zero = finite == 0
        others = finite[~is_zero]
        low, high = (float(others.min()), float(others.max())) if len(others) else (0.0, 0.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        counts, edges = np.histogram(others, np.linspace(low, high, bins + 1))
        some = finite if len(finite) else np.zeros(1)
        with np.errstate(over="ignore"):  # of numbers as large as that, an infinite deviation says enough
            mean, deviation = float(some.mean()), float(some.std())
        return cls(counts, edges, float(is_zero.mean()) if len(finite) else 0.0, mean, deviation)


@dataclass(frozen=True, eq=False)
class LayerDistributions:
    """A dense layer.

    Attributes:
        index: Its place among the layers, from 0.
        weights: Of W.
        outputs: Of a, over units and images.
    """

    index: int
    weights: Distribution
    outputs: Distribution


def measure_distributions(network: Network, images: Images) -> list[LayerDistributions]:
    """Each dense layer in order; of more than `MOST_IMAGES` images (m, …) the first are looked at."""
    images = images[:MOST_IMAGES]
    x, workspace = np.empty((len(images), network.inputs), network.dtype), network.allocate(len(images))
    scale_pixels(images, x)
    with np.errstate(all="ignore"):  # the weights of a training that went wrong may be of any size
        forward(network, x, workspace)
        return [
            LayerDistributions(i, Distribution.of(parameters[0].ravel()), Distribution.of(here.a.ravel()))
            for i, (layer, parameters, here) in enumerate(
                zip(network.layers, network.parameters, workspace, strict=True)
            )
            if isinstance(layer, Dense)
        ]
