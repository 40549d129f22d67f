import io

import numpy as np
import pytest
from PIL import Image

from nnfang import data
from nnfang.data import likeness
from nnfang.data.likeness import ALIKE, find_alike


def compare_all(x: np.ndarray) -> set[tuple[int, int]]:
    """The pairs by their correlation matrix, in float64."""
    correlations = np.corrcoef(x.reshape(len(x), -1).astype(np.float64))
    return {(int(i), int(j)) for i, j in np.argwhere(np.triu(correlations >= ALIKE, k=1))}


def make(n: int, side: int, seed: int) -> np.ndarray:
    """Images of which many are another one, lighter or darker, with more or less noise."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, side, side)).astype(float)
    for i in range(0, n - 1, 2):
        x[i] = np.clip(
            rng.uniform(0.3, 1) * x[rng.integers(n)] + rng.normal(0, rng.uniform(0, 12), (side, side)), 0, 255
        )
    return x.astype(np.uint8)


@pytest.mark.parametrize(("n", "side"), [(2, 5), (40, 2), (700, 8), (900, 28)])
def test_no_pair_is_missed_and_none_invented(n: int, side: int) -> None:
    x = make(n, side, seed=n)
    found = find_alike(x)
    assert found.is_complete
    assert {(i, j) for i, j in found.pairs.tolist()} == compare_all(x)
    assert len(found.pairs) == len(found.correlations)
    as_floats = find_alike((x / 255).astype(np.float32))
    assert {(i, j) for i, j in as_floats.pairs.tolist()} == compare_all(x)


def test_brightness_and_contrast_do_not_count() -> None:
    x = np.random.default_rng(0).integers(0, 100, (3, 9, 9)).astype(np.uint8)
    x[2] = 2 * x[0] + 50
    assert find_alike(x).pairs.tolist() == [[0, 2]]


def test_what_was_saved_again_as_jpeg_is_alike_and_what_was_moved_is_not() -> None:
    x = data.load("mnist-sample").x_test[:100]
    again = []
    for image in x:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=90)
        again.append(np.array(Image.open(file)))
    assert find_alike(np.stack([*x, *again])).pairs.tolist() == [[i, 100 + i] for i in range(100)]
    assert len(find_alike(np.concatenate([x, np.roll(x, 1, axis=2)])).pairs) == 0


def test_images_of_a_single_colour_are_like_none() -> None:
    x = np.zeros((4, 3, 3), np.uint8)
    x[1], x[2] = 255, np.arange(9).reshape(3, 3)
    assert len(find_alike(x).pairs) == 0
    assert len(find_alike(x[:2]).pairs) == 0


def test_the_faintest_images_are_compared_too() -> None:
    x = np.random.default_rng(0).random((2, 5, 5), np.float32)
    faint = np.stack([x[0], x[1], x[0] * np.float32(1e-30)])
    assert find_alike(faint).pairs.tolist() == [[0, 2]]


def test_a_search_that_would_not_end_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "BLOCK", 20)
    x = np.repeat(np.arange(16, dtype=np.uint8).reshape(1, 4, 4), 100, axis=0)
    found = find_alike(x, most_candidates=50)
    assert not found.is_complete
    assert len(found.pairs) == 50
    assert find_alike(x).is_complete


def test_no_two_points_are_farther_apart_than_their_images() -> None:
    smooth = np.random.default_rng(0).normal(size=(300, 3)) @ np.random.default_rng(1).normal(size=(3, 144))
    rough = np.zeros((300, 144))
    rough[np.arange(300), np.arange(300) % 144] = np.linspace(0, 40, 300)  # what few components can hold
    flat = (smooth - smooth.min() + rough).astype(np.float32)
    points, z = likeness._project(flat, np.arange(300)), likeness._scale(flat)
    between = [np.linalg.norm(a[:, None] - a[None], axis=2) for a in (points, z)]
    assert (between[0] <= between[1] + 1e-3).all()
