"""How far a count of images can tell the accuracy on all images of their kind."""

from statistics import NormalDist

from nnfang.training.evaluation import wilson_interval


def wilson(correct: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval (low, high) of an accuracy of `correct` in `count` images, see `wilson_interval`.

    Raises:
        ValueError: There are no images, more are correct than there are, or the confidence is not between 0 and 1.
    """
    if not 0 <= correct <= count or not count or not 0 < confidence < 1:
        raise ValueError(f"no interval of {correct} correct in {count} images at confidence {confidence}")
    return wilson_interval(correct, count, NormalDist().inv_cdf((1 + confidence) / 2))
