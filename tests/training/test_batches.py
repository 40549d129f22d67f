"""Which images are trained on, and what an engine is given of them."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from time import sleep
from typing import Any

import numpy as np
import pytest

from nnfang.core.arrays import Array, Images
from nnfang.core.constraints import FieldError
from nnfang.data import Dataset
from nnfang.training import batches
from nnfang.training.augment import Augment, Distortion
from nnfang.training.batches import BatchLoader, split_rows
from nnfang.training.recipe import Recipe


@pytest.mark.parametrize("fraction", [0, 0.1, 0.25, 0.5, 0.99])
@pytest.mark.parametrize("limit", [None, 57, 1000])
def test_a_split_takes_every_image_once(fraction: float, limit: int | None) -> None:
    recipe = Recipe(validation_split=fraction, limit=limit, seed=3)
    rows, held_out = split_rows(200, recipe)
    images = min(200, limit or 200)
    assert sorted([*rows, *held_out]) == list(range(images))
    assert len(held_out) == round(images * fraction)
    again = split_rows(200, replace(recipe, epochs=99, batch_size=7, shuffle=False))
    assert [part.tolist() for part in again] == [rows.tolist(), held_out.tolist()]


def test_another_seed_splits_otherwise() -> None:
    assert split_rows(200, Recipe(seed=0))[1].tolist() != split_rows(200, Recipe(seed=1))[1].tolist()


@pytest.mark.parametrize(
    ("images", "fraction", "message"),
    [
        (200, 0.999, "validation_split: 0.999 of 200 images leaves none to train on"),
        (4, 0.1, "validation_split: 0.1 of 4 images leaves none for validation; 0 does without, or use more images"),
        (1, 0.5, "validation_split: 0.5 of 1 images leaves none for validation"),
    ],
)
def test_a_split_that_leaves_a_side_empty_is_refused(images: int, fraction: float, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        split_rows(images, Recipe(validation_split=fraction))


def load_all(loader: BatchLoader, start: int = 0) -> tuple[list[bytes], list[int]]:
    """Each chunk's inputs as they are while they are valid, and all labels."""
    chunks, labels = [], []
    for x, y in loader.load(np.arange(90)[::-1], 3, start):
        sleep(0.003)  # while a thread may write the next
        chunks.append(x.tobytes())
        labels += y.tolist()
    return chunks, labels


@pytest.fixture
def digits() -> Dataset:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (90, 8, 8), np.uint8), np.arange(90) % 3
    return Dataset("d", pixels, labels, pixels[:9], labels[:9], ("a", "b", "c"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("start", [0, 7, 83])
def test_distorting_ahead_in_a_thread_changes_nothing(
    start: int, dtype: Any, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = (digits.x_train / (1 if dtype == np.uint8 else 255)).astype(dtype)
    data = replace(digits, x_train=images, x_test=images[:9])
    found = []
    for processors in (1, 2):
        monkeypatch.setattr(batches, "count_processors", lambda count=processors: count)
        loader = BatchLoader(data, 8, np.dtype(np.float32), Distortion(Augment(rotate=20, shift=2), (8, 8), 5))
        assert loader.is_ahead == (processors == 2)
        found.append(load_all(loader, start))
    assert found[0] == found[1]
    assert len(set(found[0][0])) == len(found[0][0]) == -(-(90 - start) // 8)
    assert found[0][1] == [i % 3 for i in range(90)][::-1][start:]


def test_the_thread_ends_with_the_epoch_and_with_whoever_stops_it(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "count_processors", lambda: 2)
    loader = BatchLoader(digits, 8, np.dtype(np.float32), Distortion(Augment(rotate=20), (8, 8), 5))
    before = threading.active_count()
    chunks = loader.load(np.arange(90), 1, 0)
    next(chunks)
    assert threading.active_count() == before + 1
    del chunks
    assert threading.active_count() == before
    load_all(loader)
    assert threading.active_count() == before


def test_what_fails_in_the_thread_fails_the_training(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "count_processors", lambda: 2)

    class Broken(Distortion):
        def __call__(
            self, images: Images, epoch: int, position: int, out: Array, wanted: Sequence[slice] | None = None
        ) -> None:
            if position >= 40:
                raise MemoryError("no room")

    loader = BatchLoader(digits, 8, np.dtype(np.float32), Broken(Augment(rotate=20), (8, 8), 5))
    chunks = loader.load(np.arange(90), 1, 0)
    assert sum(len(next(chunks)[0]) for _ in range(5)) == 40
    with pytest.raises(MemoryError, match="no room"):
        next(chunks)
