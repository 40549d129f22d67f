"""From a data set to what an engine takes: which images are trained on, and their pixels as rows of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.arrays import Images, Labels, scale_pixels
from nnfang.core.constraints import FieldError
from nnfang.core.randomness import Purpose, generator

if TYPE_CHECKING:
    from nnfang.training.augment import Distortion
    from nnfang.training.examples import Examples
    from nnfang.training.recipe import Recipe


DENSITY_IMAGES = 1000
"""Training images by which an engine is chosen, where that depends on how many of their pixels are 0."""


def measure_density(images: Images) -> float:
    """The fraction of the pixels that are not 0, of the first images."""
    some = images[:DENSITY_IMAGES]
    return float(np.count_nonzero(some) / some.size)


def split_rows(images: int, recipe: Recipe) -> tuple[Labels, Labels]:
    """The indices of the training images that are trained on, and of those held out for validation.

    Both are drawn from the seed alone, out of the first `limit` images, so that a later evaluation finds the same.

    Raises:
        FieldError: Nothing is left to train on, or to validate with.
    """
    images = min(images, recipe.limit or images)
    held_out = round(images * recipe.validation_split)
    if held_out >= images or (recipe.validation_split and not held_out):
        lack = "to train on" if held_out else "for validation; 0 does without, or use more images"
        raise FieldError("validation_split", f"{recipe.validation_split} of {images} images leaves none {lack}")
    order = generator(recipe.seed, Purpose.SPLIT).permutation(images)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


class BatchLoader:
    """Turns rows of a data set into an engine's inputs, in the same buffers each time."""

    def __init__(self, data: Examples, rows: int, inputs_dtype: np.dtype[Any], distortion: Distortion | None) -> None:
        """Allocate buffers for `rows` images, which become inputs of the given dtype; bytes stay as they are."""
        self.images, self.labels = data.x_train, data.y_train.astype(np.intp)
        self.distortion = distortion
        self.pixels = np.empty((rows, *self.images.shape[1:]), self.images.dtype)
        self.x = self.pixels.reshape(rows, -1)
        if self.x.dtype != inputs_dtype:
            self.x = np.empty(self.x.shape, inputs_dtype)

    def load(self, rows: Labels, epoch: int, position: int) -> tuple[Images, Labels]:
        """The images and labels of `rows`: (m, inputs), of the given dtype, and (m,), valid until the next call.

        Args:
            rows: Indices of the images.
            epoch: In which they are seen.
            position: Of the first of them in the epoch.
        """
        pixels, x = self.pixels[: len(rows)], self.x[: len(rows)]
        np.take(self.images, rows, axis=0, out=pixels, mode="clip")
        if self.distortion:
            self.distortion(pixels, epoch, position, x)
        elif x.dtype != pixels.dtype:
            scale_pixels(pixels, x)
        return x, self.labels[rows]
