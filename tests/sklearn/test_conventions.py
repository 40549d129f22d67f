"""scikit-learn's own demands, and its tools around a classifier of nnfang."""

import pickle
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nnfang
from nnfang.sklearn import NnfangClassifier

Digits = tuple[Any, Any]

QUICK: dict[str, Any] = {"max_iter": 4, "schedule": "cosine", "learning_rate_init": 0.01, "random_state": 0}
"""A schedule that ends with the last epoch, so that nobody warns that there were few of them."""


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::sklearn.exceptions.SkipTestWarning"
)
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [
        NnfangClassifier(),
        NnfangClassifier(20, standardize=True, dtype="float64", engine="batch", loss="mean_squared_error"),
    ]
)
def test_scikit_learn_finds_nothing_to_complain_of(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_works_within_a_pipeline_a_grid_search_and_a_cross_validation(digits: Digits) -> None:
    pipeline = make_pipeline(
        MinMaxScaler(), NnfangClassifier(engine="batch", batch_size=10, **QUICK | {"max_iter": 12})
    )
    grid = {
        "nnfangclassifier__hidden_layer_sizes": [(), (np.int64(30), nnfang.Dropout(0.1), 20)],
        "nnfangclassifier__solver": ["sgd", nnfang.RmsProp(np.float64(0.003))],
    }
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(*digits)
    assert search.best_score_ > 0.8
    assert (cross_val_score(pipeline, *digits, cv=3) > 0.75).all()


def test_a_clone_trains_to_the_same_bits_and_a_pickle_predicts_and_trains_on(digits: Digits, tmp_path: Path) -> None:
    X, y = digits
    first = NnfangClassifier((20,), **QUICK).fit(X, y)
    joblib.dump(first, tmp_path / "first.joblib")
    copies = pickle.loads(pickle.dumps(first)), joblib.load(tmp_path / "first.joblib")
    assert clone(first).fit(X, y).network_.digest() == first.network_.digest()
    first.partial_fit(X, y)
    for copy in copies:
        assert copy.network_.digest() != first.network_.digest()
        assert copy.partial_fit(X, y).network_.digest() == first.network_.digest()


def test_the_random_state_is_what_it_is_everywhere(digits: Digits) -> None:
    def train(random_state: Any) -> str:
        digest: str = NnfangClassifier((5,), **QUICK | {"random_state": random_state}).fit(*digits).network_.digest()
        return digest

    assert train(3) == train(np.int64(3)) != train(4)
    rng = np.random.RandomState(3)
    assert train(np.random.RandomState(3)) == train(rng) != train(rng)
    assert train(None) != train(None)


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda X, y: (np.where(X > 15, np.nan, X), y), ValueError, "Input X contains NaN"),
        (lambda X, y: (X * 1e200, y), ValueError, "value too large for dtype"),
        (lambda X, y: (csr_matrix(X), y), TypeError, "Sparse data was passed"),
        (lambda X, y: (X.astype(str), np.full(len(y), "seven")), ValueError, "only one class: 'seven'"),
        (lambda X, y: (X, y * 0.3), ValueError, "Unknown label type: continuous"),
        (lambda X, y: (X, np.eye(10)[y]), ValueError, "y should be a 1d array|Unknown label type|multi-label"),
    ],
)
def test_what_is_no_table_of_two_classes_is_refused(
    digits: Digits, spoil: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        NnfangClassifier(**QUICK).fit(*spoil(*digits))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": (8, 0)}, r"^hidden_layer_sizes\[1\]: found 0, expected an integer >= 1, or a layer"),
        ({"activation": "swish"}, "^activation: found 'swish'"),
        ({"solver": "lbfgs"}, "^solver: found 'lbfgs', expected one of sgd, adam, adamw, rmsprop, or an optimizer"),
        ({"schedule": "falling"}, "^schedule: found 'falling'"),
        ({"batch_size": 0}, "^batch_size: found 0"),
        ({"max_iter": 0}, "^max_iter: found 0"),
        ({"tol": -1.0}, "^tol: found -1.0"),
        ({"early_stopping": "yes"}, "^early_stopping: found 'yes', expected true or false, or nnfang.EarlyStopping"),
        ({"early_stopping": True, "validation_fraction": 0.0}, "^early_stopping: there are no rows to watch"),
        ({"early_stopping": True, "validation_fraction": 1e-4}, "^validation_fraction: 0.0001 of 500 rows leaves none"),
        ({"random_state": -1}, "Seed must be between 0 and"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(digits: Digits, parameters: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NnfangClassifier(**QUICK | parameters).fit(*digits)


def test_numbers_of_numpy_are_numbers(digits: Digits) -> None:
    usual = NnfangClassifier((5,), **QUICK, batch_size=50, early_stopping=True).fit(*digits)
    of_numpy: dict[str, Any] = {"batch_size": np.int32(50), "early_stopping": np.bool_(True)}
    grid = NnfangClassifier(np.array([5]), **QUICK, **of_numpy)
    assert grid.fit(*digits).network_.digest() == usual.network_.digest()


def test_a_training_that_reaches_its_last_epoch_warns_unless_its_schedule_ends_there(digits: Digits) -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter=2 epochs were reached"):
        NnfangClassifier((5,), max_iter=2).fit(*digits)
    NnfangClassifier((5,), max_iter=2, schedule=nnfang.Linear()).fit(*digits)


def test_nothing_is_predicted_or_saved_before_it_is_trained(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        NnfangClassifier().predict(digits[0])
    with pytest.raises(NotFittedError):
        NnfangClassifier().save(tmp_path / "x.npz")


def test_without_scikit_learn_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import nnfang.sklearn"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode
    assert done.stderr.endswith("nnfang.sklearn needs scikit-learn: pip install 'nnfang[sklearn]'\n")
