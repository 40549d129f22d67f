"""The interval of an accuracy, against the equation that defines it."""

from math import sqrt
from statistics import NormalDist

import pytest

from nnfang.reports.intervals import wilson


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
@pytest.mark.parametrize(("correct", "count"), [(1, 2), (81, 263), (9790, 10000)])
def test_at_its_ends_the_count_is_just_as_far_off_as_the_confidence_says(
    correct: int, count: int, confidence: float
) -> None:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    for p in wilson(correct, count, confidence):
        assert abs(correct / count - p) == pytest.approx(z * sqrt(p * (1 - p) / count), rel=1e-9)


def test_newcombe_1998_has_the_same_figures() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(("correct", "count", "confidence"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_what_is_no_count_has_no_interval(correct: int, count: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval of"):
        wilson(correct, count, confidence)
