from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from nnfang import data
from nnfang.data.idx import IDX_NAMES, read_idx


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
