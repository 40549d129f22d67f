"""Where the images of each class lie: a Gaussian for each, in a space of few dimensions that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from nnfang.core.arrays import Array, Labels

MOST_COMPONENTS = 64
"""Principal components that are kept."""

PRIOR = 100
"""Images that the covariance of all classes counts for in that of each class."""

RIDGE = 0.1
"""What is added to each variance, as a part of the mean variance within a class."""

SMALLEST_VARIANCE = 1e-6
"""Stands in for the variance within a class where all images of each class are the same."""


def fit_gaussians(features: Array, labels: Labels, classes: int) -> tuple[Array, Array, Array, Array]:
    """Fit a Gaussian to the features of each class.

    Args:
        features: (m, k) of some images.
        labels: (m,) their classes.
        classes: How many there are, n; one without an image has the mean and the covariance of all.

    Returns:
        centre (k,), the mean of all; components (k, q), onto which what differs from it is projected, scaled so that
        the mean variance within a class is 1; means (n, q), μ of each class; roots (n, q, q), R of each class, lower
        triangular, with Σ⁻¹ = Rᵀ R.
    """
    rows = features.astype(np.float64)
    centre = rows.mean(axis=0)
    components = _principal_components(rows - centre)
    projected = (rows - centre) @ components
    groups = [projected[labels == c] for c in range(classes)]
    within = sum(_scatter(group) for group in groups if len(group)) / len(rows)
    scale = np.sqrt(max(float(np.diag(within).mean()), SMALLEST_VARIANCE))
    within /= scale**2
    ridge = RIDGE * np.eye(len(within))
    means, roots = np.zeros((classes, len(within))), np.empty((classes, *within.shape))
    for c, group in enumerate(groups):
        count, scatter = len(group), _scatter(group) / scale**2 if len(group) else 0
        means[c] = group.mean(axis=0) / scale if count else 0
        covariance = (scatter + PRIOR * within) / (count + PRIOR) + ridge
        roots[c] = np.linalg.inv(np.linalg.cholesky(covariance))
    return centre, components / scale, means, np.tril(roots)


def _principal_components(deviations: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Directions of the largest variance, the largest first.  (m, k) -> (k, q)."""
    _, vectors = np.linalg.eigh(deviations.T @ deviations)  # by increasing variance
    components: npt.NDArray[np.float64] = vectors[:, ::-1][:, :MOST_COMPONENTS]
    largest = np.abs(components).argmax(axis=0)
    signs = np.sign(np.take_along_axis(components, largest[None], axis=0))
    components *= signs  # of the two signs that LAPACK may choose, the same on every processor
    return components


def _scatter(group: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sum of the squared deviations from the mean.  (m, q) -> (q, q)."""
    deviations = group - group.mean(axis=0)
    scatter: npt.NDArray[np.float64] = deviations.T @ deviations
    return scatter
