"""Which images are trained on, and what an engine is given of them."""

from dataclasses import replace

import pytest

from nnfang.core.constraints import FieldError
from nnfang.training.batches import split_rows
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
