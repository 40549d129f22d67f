"""Classifiers become files that nnfang's commands read, and runs of nnfang become classifiers."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.base import clone

import nnfang
from nnfang.commands import main
from nnfang.runs.checkpoint import load as load_checkpoint
from nnfang.runs.checkpoint import save as save_checkpoint
from nnfang.sklearn import NnfangClassifier, load
from nnfang.sklearn.loading import name_classes
from tests.shades import RECIPE, make_shades

Digits = tuple[Any, Any]
QUICK: dict[str, Any] = {"max_iter": 4, "schedule": "cosine", "learning_rate_init": 0.01, "random_state": 0}


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("layers", [(20,), (nnfang.Dropout(0.1), 20), ()])
def test_what_is_saved_predicts_the_same_from_rows_and_from_pictures(
    digits: Digits, tmp_path: Path, standardize: bool, layers: Any
) -> None:
    X, y = digits
    classifier = NnfangClassifier(layers, standardize=standardize, **QUICK).fit(X, y)
    classifier.save(tmp_path / "digits.npz", largest=16, input_shape=(8, 8), preparation="negative")
    model, expected = nnfang.load(tmp_path / "digits.npz"), classifier.predict_proba(X)
    assert model.network.dtype == np.float32
    assert (model.meta.input_shape, model.meta.preparation) == ((8, 8), "negative")
    np.testing.assert_allclose(model.predict((X / 16).reshape(-1, 8, 8)), expected, atol=2e-5)
    pixels = np.round(X * 255 / 16).astype(np.uint8)
    np.testing.assert_allclose(model.predict(pixels), classifier.predict_proba(pixels * (16 / 255)), atol=2e-5)
    back = load(tmp_path / "digits.npz")
    assert back.classes_.tolist() == list(range(10))
    assert (back.predict(X / 16) == classifier.predict(X)).all()


def test_a_table_far_from_0_is_saved_with_64_bits(years: Digits, tmp_path: Path) -> None:
    X, y = years
    classifier = NnfangClassifier((6,), standardize=True, **QUICK).fit(X, y)
    classifier.save(tmp_path / "years.npz")
    model = nnfang.load(tmp_path / "years.npz")
    assert model.class_names == ("early", "late")
    assert model.network.dtype == np.float64
    np.testing.assert_allclose(model.predict(X), classifier.predict_proba(X), atol=1e-5)
    assert load(tmp_path / "years.npz").predict(X).tolist() == classifier.predict(X).tolist()


def test_the_commands_take_what_was_saved(
    digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    X, y = digits
    classifier = NnfangClassifier((20,), **QUICK).fit(X, y)
    classifier.save(tmp_path / "digits.npz", largest=16, input_shape=(8, 8))
    images = (X / 16).astype(np.float32).reshape(-1, 8, 8)
    np.savez(tmp_path / "data.npz", x_train=images, y_train=y, x_test=images, y_test=y)
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["evaluate", "-m", "digits.npz", "--dataset", "data.npz"],
        ["predict", "-m", "digits.npz", "sample:7"],
        ["export", "-m", "digits.npz", "again.npz"],
    ):
        monkeypatch.setattr("sys.argv", ["nnfang", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
    assert f"{classifier.score(X, y):.2%}" in capsys.readouterr().out
    assert load_checkpoint(tmp_path / "again.npz").network.digest() == load("digits.npz").network_.digest()


def test_what_cannot_be_saved_is_refused_and_no_file_is_written(digits: Digits, tmp_path: Path) -> None:
    classifier = NnfangClassifier((5,), **QUICK).fit(*digits)
    for arguments, message in (
        ({"largest": 0}, "^largest: found 0"),
        ({"input_shape": (28, 28)}, r"^input_shape: found \(28, 28\), but X has 64 features"),
        ({"preparation": "none"}, "^preparation: found 'none'"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier.save(tmp_path / "x.npz", **arguments)
    with pytest.raises(nnfang.ConfigError, match="unknown ending"):
        classifier.save(tmp_path / "x.docx")
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_run_is_a_classifier_whose_clone_trains_in_the_same_way(tmp_path: Path) -> None:
    data = make_shades(60, 2)
    model = nnfang.fit(RECIPE, data, tmp_path / "run")
    classifier = load(tmp_path / "run")
    X = data.x_train.reshape(60, -1) / 255
    assert classifier.predict(X).tolist() == [data.class_names[i] for i in model.predict(data.x_train).argmax(axis=1)]
    assert classifier.n_iter_ == len(classifier.loss_curve_) == model.meta.epoch
    again = clone(load(tmp_path / "run", classes=range(3))).fit(X, data.y_train)
    np.testing.assert_allclose(again.predict_proba(X), model.predict(data.x_train), atol=1e-5)
    with pytest.raises(ValueError, match="labels that are not in classes"):
        load(tmp_path / "run").partial_fit(X, data.y_train)


def test_a_run_is_trained_on_from_where_it_stood(tmp_path: Path) -> None:
    data = make_shades(60, 2)
    nnfang.fit(RECIPE, data, tmp_path / "run")
    X = data.x_train.reshape(60, -1) / 255
    classifier = load(tmp_path / "run" / "last.npz", classes=range(3))
    state, vectors = classifier._state.epoch, dict(classifier._vectors)
    assert state == RECIPE.epochs
    assert np.abs(vectors["velocity"]).max() > 0
    assert classifier.partial_fit(X, data.y_train).n_iter_ == RECIPE.epochs + 1


def test_a_checkpoint_within_an_epoch_is_trained_on_from_the_first_row(tmp_path: Path) -> None:
    data = make_shades(60, 2)
    model = nnfang.fit(RECIPE, data)
    within = msgspec.structs.replace(model.meta.state, seen=8, correct=3, step=model.meta.step + 1)
    meta = msgspec.structs.replace(model.meta, state=within, step=within.step)
    save_checkpoint(tmp_path / "within.npz", model.network, meta, model.optimizer_state)
    classifier = load(tmp_path / "within.npz", classes=range(3))
    classifier.partial_fit(data.x_train.reshape(60, -1) / 255, data.y_train)
    assert classifier._state.step == within.step + -(-60 // RECIPE.batch_size)


def test_names_become_numbers_only_where_their_order_is_that_of_the_numbers() -> None:
    assert name_classes(("-1", "0", "12")).tolist() == [-1, 0, 12]
    for names in (("1", "0"), ("0", "01"), ("0", "1.5"), ("zero", "1")):
        assert name_classes(names).tolist() == list(names)


def test_a_network_for_inference_is_trained_on_from_the_first_step(digits: Digits, tmp_path: Path) -> None:
    X, y = digits
    classifier = NnfangClassifier((20,), **QUICK).fit(X, y)
    classifier.save(tmp_path / "x.npz")
    back = load(tmp_path / "x.npz").partial_fit(X, y)
    assert back._state.step == -(-len(X) // 200)
    back.save(tmp_path / "y.npz")
    assert nnfang.load(tmp_path / "y.npz").network.digest() == back.network_.digest()


@pytest.mark.parametrize(
    ("classes", "message"),
    [([0, 1], "expected 3 different labels"), ([2, 1, 0], "in their order"), ([0, 1, 1], "different labels")],
)
def test_classes_that_do_not_fit_are_refused(tmp_path: Path, classes: Any, message: str) -> None:
    nnfang.fit(RECIPE, make_shades(60, 2), tmp_path / "run")
    with pytest.raises(ValueError, match=message):
        load(tmp_path / "run", classes=classes)


def test_a_network_without_probabilities_is_no_classifier(tmp_path: Path) -> None:
    recipe = nnfang.Recipe(
        layers=(nnfang.Dense(4), nnfang.Dense(3, "linear")), loss="mean_squared_error", epochs=1, batch_size=8
    )
    nnfang.fit(recipe, make_shades(60, 2), tmp_path / "run")
    with pytest.raises(nnfang.NnfangError, match="no probabilities"):
        load(tmp_path / "run")
