"""How much an image is like those that a network was trained on.

A network names one of its classes whatever it is shown. That an image is unlike all that it was trained on can be told
from two measures, both of the class c that it names:

    d = ½ ‖R_c (f - μ_c)‖² - log |R_c|    the edges f are not those of the class: -log of a Gaussian, Σ_c⁻¹ = R_cᵀ R_c
    o = log (1 - ŷ_c) - log ŷ_c           the network itself is not sure: the log odds against the class

Each is counted in units of what is usual for true images of the class, (d - t) / s, and both are added. The familiarity
of an image is the share of held-out images whose sum is at least as large: a true image is below 1 % once in a hundred
times.

Of pixels, principal components, residuals, nearest neighbours and the hidden layer, none tells as much as edges do;
a classifier that was trained on made-up images beside the true ones knows others no better.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.constraints import FieldError
from nnfang.training.density import MOST_COMPONENTS, fit_gaussians
from nnfang.training.edges import EDGES, SMALLEST_SIDE, edge_histograms

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Images, Labels
    from nnfang.core.network import Network

UNFAMILIAR = 0.01
"""Familiarity below which an image is called unfamiliar."""

PER_CLASS, MOST_HELD_OUT = 100, 3000
"""Training images per class that are enough to learn from, and held-out images that are enough to measure with."""

FEWEST_HELD_OUT = 100
"""Held-out images with which something can be said of one in a hundred."""

USUAL = 0.8
"""Part of the true images that is quite usual: t is this quantile of a measure, and s the mean excess over it."""

FEWEST_OF_CLASS = 50
"""Held-out images with which a class has a t and s of its own."""

LEVELS = np.array([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001])
"""The familiarities of which the sums are kept; between them, the logarithm is interpolated."""

LEAST = float(LEVELS[-1])
"""The smallest familiarity: one that is smaller still is not told from it."""

ROUNDING = 1e-2
"""By how much numbers of float16 may differ where one processor rounds otherwise than another."""

PICTURE_AXES = 3


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What is kept of the images that a network was trained on; n classes, k numbers of edges, q components.

    Attributes:
        centre: (k,) the mean of the edges of all images.
        components: (k, q), which project onto the space of the Gaussians.
        means: (n, q) μ of each class.
        roots: (n, q, q) R of each class.
        usual: (n, 2) t of d and of o.
        excess: (n, 2) s of d and of o.
        sums: (levels,), the sum that a share of `LEVELS` of the held-out images reach.
    """

    centre: Array
    components: Array
    means: Array
    roots: Array
    usual: Array
    excess: Array
    sums: Array

    @classmethod
    def allocate(cls, classes: int) -> Familiarity:
        """Arrays of the shapes and dtypes that any other has: float16 what takes most of the space."""
        q = min(MOST_COMPONENTS, EDGES)
        return cls(
            centre=np.zeros(EDGES, np.float32),
            components=np.zeros((EDGES, q), np.float16),
            means=np.zeros((classes, q), np.float32),
            roots=np.zeros((classes, q, q), np.float16),
            usual=np.zeros((classes, 2), np.float32),
            excess=np.ones((classes, 2), np.float32),
            sums=np.zeros(len(LEVELS), np.float32),
        )

    @staticmethod
    def count_bytes(classes: int) -> int:
        """About how much memory `allocate` takes; for many classes, nothing but their roots counts."""
        return classes * MOST_COMPONENTS**2 * np.dtype(np.float16).itemsize

    @property
    def arrays(self) -> dict[str, Array]:
        """What is kept, by the names of the attributes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check(self) -> None:
        """Refuse numbers that nothing can be measured with.

        Raises:
            FieldError: One is infinite or not a number, or has a sign or an order that it cannot have.
        """
        if not all(np.isfinite(array).all() for array in self.arrays.values()):
            raise FieldError("familiarity", "what it knows of its training images is infinite or not a number")
        diagonals = np.diagonal(self.roots, axis1=1, axis2=2)
        if not ((diagonals > 0).all() and (self.excess > 0).all() and (np.diff(self.sums) >= 0).all()):
            raise FieldError("familiarity", "what it knows of its training images contradicts itself")

    def is_close(self, other: Familiarity | None) -> bool:
        """Whether another was learned in the same way, but for the rounding of another processor."""
        return other is not None and all(
            np.allclose(array, other.arrays[name], rtol=ROUNDING, atol=ROUNDING) for name, array in self.arrays.items()
        )

    def measure(self, images: Images, outputs: Array) -> npt.NDArray[np.float64]:
        """The familiarity of each image.

        Args:
            images: (m, h, w), as for the network.
            outputs: (m, n), what the network makes of them.

        Returns:
            (m,) in `LEAST` .. 1.
        """
        sums = self.surprise(images, outputs).sum(axis=1)
        familiarity: npt.NDArray[np.float64] = np.exp(np.interp(sums, self.sums, np.log(LEVELS)))
        return familiarity

    def surprise(self, images: Images, outputs: Array) -> npt.NDArray[np.float64]:
        """(d - t) / s and (o - t) / s of each image, of which `measure` makes one number; as for that.  (m, 2)."""
        predicted = outputs.argmax(axis=1)
        return self._standardize(self._measure(images, outputs, predicted), predicted)

    def calibrate(self, images: Images, outputs: Array) -> Familiarity:
        """The same, calibrated on true images that were not trained on; as for `measure`."""
        predicted = outputs.argmax(axis=1)
        measures = self._measure(images, outputs, predicted)
        usual, excess = np.empty_like(self.usual), np.empty_like(self.excess)
        for c in range(len(usual)):
            here = measures[predicted == c]
            here = here if len(here) >= FEWEST_OF_CLASS else measures
            usual[c] = np.quantile(here, USUAL, axis=0)
            excess[c] = np.maximum(here - usual[c], 0).mean(axis=0) / (1 - USUAL)
        excess = np.maximum(excess, np.finfo(np.float32).tiny)
        found = replace(self, usual=usual, excess=excess)
        sums = np.quantile(found._standardize(measures, predicted).sum(axis=1), 1 - LEVELS)
        return replace(found, sums=sums.astype(np.float32))

    def _measure(self, images: Images, outputs: Array, predicted: Labels) -> npt.NDArray[np.float64]:
        """d and o of each image.  (m, h, w), (m, n), (m,) -> (m, 2)."""
        position = (edge_histograms(images) - self.centre) @ self.components.astype(np.float32)
        measures = np.empty((len(images), 2))
        for c in np.unique(predicted):
            here, R = predicted == c, self.roots[c].astype(np.float32)
            whitened = (position[here] - self.means[c]) @ R.T
            measures[here, 0] = (whitened**2).sum(axis=1) / 2 - np.log(np.diag(R)).sum()
        measures[:, 1] = log_odds_against(outputs, predicted)
        return measures

    def _standardize(self, measures: npt.NDArray[np.float64], predicted: Labels) -> npt.NDArray[np.float64]:
        """In units of what is usual for each class.  (m, 2), (m,) -> (m, 2)."""
        standardized: npt.NDArray[np.float64] = (measures - self.usual[predicted]) / self.excess[predicted]
        return standardized


def learn_familiarity(
    network: Network, images: Images, labels: Labels, rows: Labels, held_out: Labels
) -> Familiarity | None:
    """Describe the images that a network was trained on.

    Args:
        network: After training.
        images: (m, h, w), those in its training.
        labels: (m,) their classes.
        rows: Of those that it was trained on.
        held_out: Of those that it was not trained on. Where there are none, some of the others stand in for them; of
            these the network is surer.

    Returns:
        None where there is nothing to learn: the inputs are no images, or there are too few.
    """
    if images.ndim != PICTURE_AXES or min(images.shape[1:]) < SMALLEST_SIDE:
        return None
    chosen = _spread(rows, PER_CLASS * network.outputs)
    held_out = _spread(held_out if len(held_out) else np.setdiff1d(rows, chosen), MOST_HELD_OUT)
    if len(held_out) < FEWEST_HELD_OUT:
        return None
    gaussians = fit_gaussians(edge_histograms(images[chosen]), labels[chosen], network.outputs)
    familiarity = Familiarity.allocate(network.outputs)
    arrays = familiarity.centre, familiarity.components, familiarity.means, familiarity.roots
    for array, values in zip(arrays, gaussians, strict=True):
        array[...] = values
    return familiarity.calibrate(images[held_out], network.predict(images[held_out]))


def log_odds_against(outputs: Array, predicted: Labels) -> npt.NDArray[np.float64]:
    """log (1 - ŷ_c) - log ŷ_c, from the other outputs, since 1 - ŷ_c would be rounded.  (m, n), (m,) -> (m,)."""
    here = np.arange(len(outputs)), predicted
    others = outputs.astype(np.float64)
    largest = others[here]
    others[here] = 0
    tiny = np.finfo(np.float64).tiny
    odds: npt.NDArray[np.float64] = np.log(np.maximum(others.sum(axis=1), tiny)) - np.log(np.maximum(largest, tiny))
    return odds


def _spread(rows: Labels, count: int) -> Labels:
    """At most `count` of the rows, evenly spread over them, since they may be sorted by class."""
    return rows if len(rows) <= count else rows[np.linspace(0, len(rows) - 1, count).astype(int)]
