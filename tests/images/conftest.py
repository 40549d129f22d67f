import numpy as np
import pytest

from nnfang import data
from nnfang.images import Grey
from nnfang.images.background import border_pixels


@pytest.fixture(scope="module")
def digits() -> Grey:
    """Forty digits of MNIST with an empty border, which nearly all of them have."""
    x = np.asarray(data.load("mnist-sample").x_test[:60], np.uint8)
    return np.stack([digit for digit in x if not border_pixels(digit).any()][:40])


@pytest.fixture
def digit(digits: Grey) -> Grey:
    picture: Grey = digits[0]
    return picture
