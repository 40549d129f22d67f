"""scikit-learn's digits, a tenth of them, and quick classifiers."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

ROWS = 500


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any]:
    """X (500, 64), numbers from 0 to 16, and y."""
    X, y = load_digits(return_X_y=True)
    return X[:ROWS], y[:ROWS]


@pytest.fixture(scope="session")
def years() -> tuple[Any, Any]:
    """A table whose columns have nothing in common: (300, 3), and labels that are words."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(2000, 8, 300), rng.normal(0, 1e-4, 300), rng.normal(-5e6, 1e6, 300)])
    return X, np.where(X[:, 0] > 2000 + 4e4 * X[:, 1], "late", "early")
