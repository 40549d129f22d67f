"""The nearest images, whatever type they have, among those that are asked for."""

import numpy as np
import pytest

from nnfang.training import neighbours
from nnfang.training.neighbours import find_nearest


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_the_nearest_are_those_of_the_smallest_distance(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 3, 2), np.uint8)
    labels, rows = np.arange(40) % 4, np.arange(0, 40, 2)
    given = images if kind is np.uint8 else images.astype(np.float32) / np.float32(255)
    found = find_nearest(given[5], given, labels, rows, 3)
    distances = np.sqrt((((images - images[5].astype(float)) / 255) ** 2).sum(axis=(1, 2)))
    expected = rows[np.argsort(distances[rows])][:3]
    np.testing.assert_array_equal(found.rows, expected)
    np.testing.assert_array_equal(found.labels, labels[expected])
    np.testing.assert_allclose(found.distances, distances[expected], rtol=1e-5)
    np.testing.assert_array_equal(found.images, given[expected])


def test_of_few_images_all_are_found_and_of_equals_the_first_comes_first() -> None:
    images = np.zeros((3, 2, 2), np.uint8)
    found = find_nearest(images[0], images, np.array([7, 8, 9]), np.arange(3), 5)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.distances.tolist() == [0, 0, 0]
