"""Histograms of edges, against the formula pixel by pixel, and against pictures whose edges are known."""

import numpy as np
import pytest

from nnfang.core.arrays import Array
from nnfang.training.edges import CELLS, CHUNK, DIRECTIONS, EDGES, SHARPNESS, edge_histograms


def count_edges(image: Array) -> Array:
    """The formula of the module, with angles, pixel by pixel.  (h, w) -> (EDGES,)."""
    height, width = image.shape
    histogram = np.zeros((DIRECTIONS, CELLS, CELLS))
    for y in range(height):
        for x in range(width):
            g_x = image[y, x + 1] - image[y, x - 1] if 0 < x < width - 1 else 0.0
            g_y = image[y + 1, x] - image[y - 1, x] if 0 < y < height - 1 else 0.0
            for b in range(DIRECTIONS):
                along = np.cos(2 * (np.arctan2(g_y, g_x) - np.pi * b / DIRECTIONS))
                strength = max(0.0, along - SHARPNESS) * np.hypot(g_x, g_y) / (1 - SHARPNESS)
                for i in range(CELLS):
                    for j in range(CELLS):
                        row = max(0.0, 1 - abs((y + 0.5) * CELLS / height - (i + 0.5)))
                        column = max(0.0, 1 - abs((x + 0.5) * CELLS / width - (j + 0.5)))
                        histogram[b, i, j] += row * column * strength
    return np.sqrt(histogram).ravel()


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (9, 14), (4, 4)])
def test_each_number_is_that_of_the_formula(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    images = rng.random((3, *shape)) * (rng.random((3, *shape)) > 0.5)
    found = edge_histograms(images)
    assert found.shape == (3, EDGES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [count_edges(image) for image in images], atol=2e-3)


def test_bytes_are_levels_from_0_to_1_and_no_image_depends_on_another() -> None:
    images = np.random.default_rng(1).integers(0, 256, (CHUNK + 3, 12, 10), np.uint8)
    found = edge_histograms(images)
    np.testing.assert_allclose(found, edge_histograms(images / 255), atol=1e-3)
    np.testing.assert_allclose(found, [edge_histograms(image[None])[0] for image in images], atol=1e-6)


def test_a_line_has_one_direction_whichever_side_is_light() -> None:
    rows = np.zeros((1, 28, 28))
    rows[0, 14:] = 1
    found = edge_histograms(rows).reshape(DIRECTIONS, CELLS, CELLS)
    per_direction = (found**2).sum(axis=(1, 2))
    assert per_direction.argmax() == DIRECTIONS // 2
    assert per_direction.max() > 0.95 * per_direction.sum()
    assert np.flatnonzero(found.sum(axis=(0, 2))).tolist() == [1, 2]
    np.testing.assert_allclose(found.ravel(), edge_histograms(1 - rows)[0], atol=1e-6)
    columns = edge_histograms(rows.transpose(0, 2, 1)).reshape(DIRECTIONS, CELLS, CELLS)
    assert (columns**2).sum(axis=(1, 2)).argmax() == 0


def test_an_even_image_has_no_edges() -> None:
    assert not edge_histograms(np.full((2, 5, 6), 255, np.uint8)).any()
