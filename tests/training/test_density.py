"""The Gaussians, against SciPy's and scikit-learn's."""

import numpy as np
import pytest

from nnfang.training.density import PRIOR, RIDGE, fit_gaussians

CLASSES, SAMPLES, FEATURES = 3, 900, 6


@pytest.fixture(scope="module")
def cloud() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, SAMPLES)
    shapes, places = rng.normal(size=(CLASSES, FEATURES, FEATURES)), rng.normal(size=(CLASSES, FEATURES)) * 3
    rows = np.einsum("ni,nij->nj", rng.normal(size=(SAMPLES, FEATURES)), shapes[labels]) + places[labels]
    return rows, labels


def test_each_class_has_the_density_of_its_gaussian(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    stats = pytest.importorskip("scipy.stats")
    rows, labels = cloud
    centre, components, means, roots = fit_gaussians(rows, labels, CLASSES)
    position = (rows - centre) @ components
    groups = [position[labels == c] for c in range(CLASSES)]
    within = sum(len(group) * np.cov(group.T, bias=True) for group in groups) / SAMPLES
    assert np.diag(within).mean() == pytest.approx(1)
    for c, group in enumerate(groups):
        np.testing.assert_allclose(means[c], group.mean(axis=0))
        scatter = len(group) * np.cov(group.T, bias=True)
        covariance = (scatter + PRIOR * within) / (len(group) + PRIOR) + RIDGE * np.eye(FEATURES)
        whitened = (position - means[c]) @ roots[c].T
        found = -(whitened**2).sum(axis=1) / 2 + np.log(np.diag(roots[c])).sum() - FEATURES * np.log(2 * np.pi) / 2
        np.testing.assert_allclose(found, stats.multivariate_normal(means[c], covariance).logpdf(position))


def test_components_are_the_principal_ones(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    rows, labels = cloud
    centre, components, _, _ = fit_gaussians(rows, labels, CLASSES)
    np.testing.assert_allclose(centre, rows.mean(axis=0))
    directions = components / np.linalg.norm(components, axis=0)
    alike = np.abs((decomposition.PCA().fit(rows).components_ * directions.T).sum(axis=1))
    np.testing.assert_allclose(alike, 1)
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=0)[None], axis=0)
    assert (largest > 0).all()


def test_a_class_without_images_has_the_mean_and_the_covariance_of_all(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    rows, labels = cloud
    *_, means, roots = fit_gaussians(rows, labels, CLASSES + 1)
    assert not means[CLASSES].any()
    assert np.isfinite(roots).all()


def test_images_that_are_all_the_same_have_a_density() -> None:
    _, components, means, roots = fit_gaussians(np.ones((40, 5)), np.arange(40) % 2, 2)
    assert np.isfinite(components).all()
    assert not means.any()
    assert np.isfinite(roots).all()
    assert (np.diagonal(roots, axis1=1, axis2=2) > 0).all()
