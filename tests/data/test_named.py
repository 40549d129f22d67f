from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from nnfang import data
from nnfang.data.cache import fetch
from nnfang.data.formats.idx import IDX_NAMES, read_idx
from nnfang.data.registry import DATASETS
from tests.data.servers import MakeTiny, Serve, assert_complete


def test_the_sample_is_balanced_and_looks_like_mnist() -> None:
    dataset = data.load("mnist-sample", offline=True)
    assert dataset.x_train.shape == (10_000, 28, 28)
    assert dataset.x_test.shape == (2_000, 28, 28)
    assert np.bincount(dataset.y_train).tolist() == [1_000] * 10
    assert np.bincount(dataset.y_test).tolist() == [200] * 10
    assert dataset.class_names == tuple("0123456789")
    assert dataset.preparation == "digit"
    assert dataset.source == "bundled with nnfang"
    assert dataset.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_the_files_are_small_reproducible_and_come_with_their_terms() -> None:
    folder = files("nnfang.data") / "sample"
    contents = [(folder / f"{name}.gz").read_bytes() for name in IDX_NAMES]
    assert sum(map(len, contents)) < 2_000_000
    for content in contents:
        assert content[3:8] == bytes(5)  # neither a name nor a date
    terms = (folder / "LICENSE.md").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in terms
    assert "LeCun" in terms


@pytest.mark.full
@pytest.mark.parametrize(("part", "of_each"), [("train", 1_000), ("t10k", 200)])
def test_the_sample_is_the_first_of_each_digit_in_official_order(part: str, of_each: int, official: Path) -> None:
    x = read_idx(official / "mnist" / f"{part}-images-idx3-ubyte.gz")
    y = read_idx(official / "mnist" / f"{part}-labels-idx1-ubyte.gz")
    kept = np.zeros(len(y), bool)
    for digit in range(10):
        kept[np.flatnonzero(y == digit)[:of_each]] = True
    sample = data.load("mnist-sample")
    x_sample, y_sample = (sample.x_train, sample.y_train) if part == "train" else (sample.x_test, sample.y_test)
    np.testing.assert_array_equal(x_sample, x[kept])
    np.testing.assert_array_equal(y_sample, y[kept])


def test_loads_by_name(
    served: Path,
    serve: Serve,
    make_tiny: MakeTiny,
    cache: Path,
    arrays: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(DATASETS, "tiny", make_tiny(serve(folder=served / "tiny")))
    dataset = data.load("tiny")
    for found, expected in zip((dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (dataset.name, dataset.class_names, dataset.preparation) == ("tiny", ("a", "b", "c"), "negative")
    assert dataset.source == str(cache / "tiny")


@pytest.mark.full
def test_mnist_by_name_from_a_mirror(
    official: Path, serve: Serve, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=official))
    dataset = data.load("mnist")
    assert dataset.x_train.shape == (60_000, 28, 28)
    assert dataset.x_test.shape == (10_000, 28, 28)
    assert np.bincount(dataset.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert dataset.preparation == "digit"
    assert_complete(cache / "mnist", DATASETS["mnist"])
    assert data.load("mnist", offline=True).fingerprint == dataset.fingerprint


@pytest.mark.full
def test_fashion_mnist_by_name_from_a_mirror(official: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=official))
    dataset = data.load("fashion-mnist")
    assert dataset.x_train.shape == (60_000, 28, 28)
    assert dataset.class_names[int(dataset.y_train[0])] == "Ankle boot"


def test_the_sample_is_always_available(
    served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data.find_available() == ["mnist-sample"]
    known = make_tiny(serve(folder=served / "tiny"))
    monkeypatch.setitem(DATASETS, "tiny", known)
    fetch(known)
    assert data.find_available() == ["tiny", "mnist-sample"]
