"""What every test of the maths has in common."""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def loud_arithmetic() -> Iterator[None]:
    """A division by zero, an overflow or a NaN out of numbers is an error."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield
