"""Openings and closings with a square."""

import numpy as np
import pytest

from nnfang.images.morphology import extreme_filter


@pytest.mark.parametrize("side", [1, 2, 3, 6, 7, 16])
def test_a_minimum_after_a_maximum_is_the_closing_with_a_square(side: int) -> None:
    """For every square that holds a pixel the largest level in it, and of these the smallest."""
    levels = np.random.default_rng(side).integers(0, 256, (20, 24)).astype(np.uint8)
    padded = np.pad(levels, side, mode="edge")
    rows, columns = (range(length - side + 1) for length in padded.shape)
    largest = np.array([[padded[y : y + side, x : x + side].max() for x in columns] for y in rows])
    y, x = side + 3, side + 5
    expected = [largest[y + i - side + 1 : y + i + 1, x + 7 - side + 1 : x + 7 + 1].min() for i in range(12)]
    closed = extreme_filter(extreme_filter(levels, side, np.maximum), side, np.minimum)
    assert closed.shape == levels.shape
    inside = slice(side, 20 - side)  # elsewhere squares reach beyond the picture
    np.testing.assert_array_equal(closed[3:15, 12][inside], np.array(expected)[inside])
