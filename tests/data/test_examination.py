from pathlib import Path

import numpy as np
import pytest

from nnfang import data
from nnfang.data import Collector, Dataset, Unreadable, examination, examine
from nnfang.errors import DataError

RNG = np.random.default_rng(5)


def make(train: np.ndarray, y_train: list[int], test: np.ndarray, y_test: list[int]) -> Dataset:
    return Dataset("made", train, np.array(y_train), test, np.array(y_test), ("a", "b", "c"))


def noise(n: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, 6, 6), np.uint8)


@pytest.fixture
def planted() -> Dataset:
    """Training images 0 to 9 and test images 10 to 13, counted through, with one fault of each kind and more."""
    train, test = noise(10), noise(4)
    train[3] = train[1]
    train[7] = train[1]
    train[5] = train[4]
    train[8] = 7
    train[9] = train[0] // 2 + 20
    test[0] = train[1]
    test[2] = test[1]
    return make(train, [0, 1, 0, 1, 2, 0, 0, 1, 0, 1], test, [1, 2, 2, 0])


def test_what_was_planted_is_found(planted: Dataset) -> None:
    found = examine(planted)
    assert found.counts.tolist() == [[5, 4, 1], [1, 1, 2]]
    assert found.groups == ((1, 3, 7, 10), (4, 5), (11, 12))
    assert found.contradictions == [(4, 5)]
    assert found.duplicates == ([(1, 3, 7), (4, 5)], [(11, 12)])
    assert found.overlap == [(1, 10)]
    assert found.blank.tolist() == [8]
    assert found.alike.tolist() == [[0, 9]]
    assert found.near_search == "complete"
    assert found.correlations[0] > 0.999


def test_images_are_counted_through(planted: Dataset) -> None:
    found = examine(planted)
    assert found.locate(9) == ("train", 9, None)
    assert found.locate(10) == ("test", 0, None)
    assert (found.label(9), found.label(13)) == (1, 0)


def test_of_several_earlier_images_the_most_alike_is_named() -> None:
    x = noise(4)
    x[2] = np.clip(x[0].astype(int) + RNG.integers(-9, 10, (6, 6)), 0, 255)
    x[3] = np.clip(x[2].astype(int) + RNG.integers(-1, 2, (6, 6)), 0, 255)
    assert examine(make(x, [0, 1, 0, 0], noise(1), [0])).alike.tolist() == [[0, 2], [2, 3]]


def test_a_brief_look_leaves_out_near_duplicates_among_many(planted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert examine(planted, briefly=True).alike.tolist() == [[0, 9]]
    monkeypatch.setattr(examination, "BRIEF_IMAGES", 13)
    found = examine(planted, briefly=True)
    assert (len(found.alike), found.near_search) == (0, "left out")
    assert found.groups == examine(planted).groups


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    found = examine(make(noise(9), [0, 1, 2] * 3, noise(3), [0, 1, 2]))
    assert (found.groups, found.contradictions, found.overlap, len(found.blank), len(found.alike)) == ((), [], [], 0, 0)


def test_features_and_floats_are_examined_too() -> None:
    x = RNG.random((6, 30), np.float32)
    x[4] = x[2]
    found = examine(make(x, [0, 1, 2, 0, 1, 2], x[:1], [0]))
    assert (found.contradictions, found.overlap) == ([(2, 4)], [(0, 6)])


def test_too_much_that_cannot_be_read_is_no_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "MOST_UNREADABLE", 2)
    collector = Collector()
    for i in range(2):
        collector(Unreadable("x", i, "torn"))
    with pytest.raises(DataError, match="more than 2 cannot be read; the last: torn"):
        collector(Unreadable("x", 2, "torn"))


@pytest.mark.full
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_official_files_have_no_image_twice(name: str, official: Path) -> None:
    found = examine(data.load(official / name), briefly=True)
    assert (found.groups, len(found.blank)) == ((), 0)
    assert found.counts.sum(axis=1).tolist() == [60_000, 10_000]


@pytest.mark.full
def test_fashion_has_near_duplicates(official: Path) -> None:
    full = data.load(official / "fashion-mnist")
    part = Dataset(
        "part", full.x_train[:9000], full.y_train[:9000], full.x_test[:999], full.y_test[:999], full.class_names
    )
    found = examine(part)
    x = np.concatenate([part.x_train, part.x_test]).reshape(9999, -1)
    assert found.near_search == "complete"
    assert len(found.alike) == 3
    for (i, j), correlation in zip(found.alike.tolist(), found.correlations.tolist(), strict=True):
        assert correlation == pytest.approx(np.corrcoef(x[i], x[j])[0, 1], abs=1e-5)
