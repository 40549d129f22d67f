"""A classifier trains as nnfang does, on numbers of any size, and stops when it should."""

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

import nnfang
from nnfang.core.constraints import FieldError
from nnfang.core.network import Network
from nnfang.sklearn import NnfangClassifier
from nnfang.sklearn.training import Table
from nnfang.training.batches import split_rows
from nnfang.training.loop import train
from nnfang.training.recipe import Recipe

Digits = tuple[Any, Any]


def test_it_is_the_training_of_a_recipe(digits: Digits) -> None:
    X, y = digits
    classifier = NnfangClassifier(
        (12, nnfang.Dropout(0.2)),
        "logistic",
        solver=nnfang.Adam(0.01, beta1=0.8),
        schedule="cosine",
        initializer="he_normal",
        batch_size=32,
        max_iter=3,
        loss="mean_squared_error",
        dtype="float64",
        engine="batch",
        random_state=5,
    ).fit(X, y)
    recipe = Recipe(
        layers=(
            nnfang.Dense(12, "sigmoid", "he_normal"),
            nnfang.Dropout(0.2),
            nnfang.Dense(10, "softmax", "he_normal"),
        ),
        optimizer=nnfang.Adam(0.01, beta1=0.8),
        schedule=nnfang.Cosine(),
        batch_size=32,
        epochs=3,
        loss="mean_squared_error",
        dtype="float64",
        engine="batch",
        validation_split=0,
        seed=5,
    )
    table = Table(X, y, tuple("0123456789"))
    network = Network.for_recipe(recipe, table)
    losses = [event.loss for event in train(network, table, recipe) if isinstance(event, nnfang.Epoch)]
    assert classifier.network_.digest() == network.digest()
    assert (classifier.loss_curve_, classifier.loss_, classifier.n_iter_) == (losses, losses[-1], 3)
    assert classifier.engine_ == "batch"


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_from_the_same_weights_it_takes_the_steps_of_mlpclassifier(digits: Digits, momentum: float) -> None:
    X, y = digits[0] / 16, digits[1]
    settings: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.05, "momentum": momentum, "shuffle": False}
    theirs = MLPClassifier((20,), alpha=0.0, batch_size=50, **settings).partial_fit(X, y, classes=range(10))
    ours = NnfangClassifier((20,), dtype="float64", batch_size=50, **settings).partial_fit(X, y, classes=range(10))
    for (W, b), coefs, intercepts in zip(ours.network_.parameters, theirs.coefs_, theirs.intercepts_, strict=True):
        W[...], b[...] = coefs.T, intercepts
    for velocity in (*theirs._optimizer.velocities, *ours._vectors.values()):
        velocity[...] = 0
    for _ in range(3):
        assert ours.partial_fit(X, y) is ours
        theirs.partial_fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)


def test_partial_fit_goes_through_the_rows_in_order_and_goes_on_with_the_optimizer(digits: Digits) -> None:
    X, y = digits
    parts = NnfangClassifier((20,), batch_size=50, random_state=1)
    for start in (0, 100, 200):
        parts.partial_fit(X[start : start + 100], y[start : start + 100], classes=range(10))
    whole = NnfangClassifier((20,), batch_size=50, random_state=1).partial_fit(X[:300], y[:300], range(10))
    assert parts.network_.digest() == whole.network_.digest()
    assert (parts.n_iter_, whole.n_iter_) == (3, 1)
    assert len(parts.loss_curve_) == 3


def test_partial_fit_refuses_what_it_cannot_go_on_with(digits: Digits) -> None:
    X, y = digits
    classifier = NnfangClassifier((20,))
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        classifier.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"labels that are not in classes: \[8, 9\]"):
        classifier.partial_fit(X, y, range(8))
    classifier.partial_fit(X[:5], y[:5], range(10))
    with pytest.raises(ValueError, match="not the same as on the last call"):
        classifier.partial_fit(X, y, range(11))
    with pytest.raises(ValueError, match=r"^solver: another than this network was trained with"):
        classifier.set_params(solver="sgd").partial_fit(X, y)
    with pytest.raises(ValueError, match=r"^hidden_layer_sizes: the network has other layers"):
        classifier.set_params(solver="adam", hidden_layer_sizes=21).partial_fit(X, y)


def test_partial_fit_standardizes_by_the_rows_of_its_first_call(digits: Digits) -> None:
    X, y = digits
    classifier = NnfangClassifier((5,), standardize=True).partial_fit(X[:200], y[:200], classes=range(10))
    scaler: Any = classifier.partial_fit(X[200:], y[200:]).scaler_
    np.testing.assert_allclose(scaler.mean_, X[:200].mean(axis=0))


def test_a_training_that_diverges_leaves_the_classifier_as_it_was(digits: Digits) -> None:
    X, y = digits
    classifier = NnfangClassifier((20,), solver="sgd").partial_fit(X, y, range(10))
    before = classifier.network_.digest()
    with pytest.raises(nnfang.DivergedError):
        classifier.set_params(learning_rate_init=1e9).partial_fit(X, y)
    assert classifier.network_.digest() == before


def test_what_an_engine_cannot_run_is_said_as_the_engine_says_it(digits: Digits) -> None:
    with pytest.raises(FieldError, match=r"^engine: the online engine runs batch_size 1, found 8$"):
        NnfangClassifier((5,), engine="online", batch_size=8).fit(*digits)


def test_training_stops_when_the_loss_has_not_fallen_by_tol_for_some_epochs(digits: Digits) -> None:
    classifier = NnfangClassifier((5,), tol=1e9, n_iter_no_change=3, random_state=0).fit(*digits)
    assert classifier.n_iter_ == 5  # of which the first is always better; as MLPClassifier counts
    peer = MLPClassifier((5,), tol=1e9, n_iter_no_change=3, random_state=0).fit(*digits)
    assert peer.n_iter_ == classifier.n_iter_
    assert classifier.validation_scores_ is None


def test_early_stopping_keeps_the_network_that_did_best_on_rows_held_out(digits: Digits) -> None:
    X, y = digits
    classifier = NnfangClassifier(
        (20,), learning_rate_init=0.1, early_stopping=True, validation_fraction=0.2, n_iter_no_change=4, random_state=0
    ).fit(X, y)
    scores: Any = classifier.validation_scores_
    assert scores[-1] < max(scores)
    assert classifier.n_iter_ == len(scores) == len(classifier.loss_curve_) < 200
    held_out = split_rows(len(X), classifier._recipe)[1]
    assert classifier.score(X[held_out], y[held_out]) == max(scores)
    patient = nnfang.EarlyStopping(patience=1, metric="val_loss")
    assert classifier.set_params(early_stopping=patient).fit(X, y).n_iter_ < len(scores)


@pytest.mark.parametrize("engine", ["batch", "online", "compiled"])
def test_numbers_of_any_size_are_trained_on_by_every_engine(years: Digits, engine: str) -> None:
    X, y = years
    settings: dict[str, Any] = {"solver": nnfang.Sgd(0.05), "batch_size": 1, "max_iter": 5, "schedule": "linear"}
    classifier = NnfangClassifier((6,), standardize=True, dtype="float64", random_state=0, **settings)
    reference = classifier.set_params(engine="batch").fit(X, y).predict_proba(X)
    classifier.set_params(engine=engine).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), reference, rtol=1e-9)
    assert classifier.score(X, y) > 0.9
    assert classifier.classes_.tolist() == ["early", "late"]
    assert set(classifier.predict(X)) == {"early", "late"}


def test_bytes_are_numbers_like_others(digits: Digits) -> None:
    X, y = digits[0].astype(np.uint8), digits[1]
    classifier = NnfangClassifier((5,), max_iter=2, schedule="linear", random_state=0)
    digest = classifier.fit(X.astype(np.float64), y).network_.digest()
    assert classifier.fit(X, y).network_.digest() == digest
    np.testing.assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(X.astype(np.float32)))
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), classifier.predict_proba(X), rtol=1e-4)
