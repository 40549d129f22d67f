"""From a data set to what an engine takes: which images are trained on, and their pixels as rows of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.arrays import Images, Labels, scale_pixels
from nnfang.core.constraints import FieldError
from nnfang.core.randomness import Purpose, generator
from nnfang.machine.processor import count_processors

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """Turns rows of a data set into an engine's inputs, in the same buffers each time.

    Distorting takes about as long as training. So where there is another processor, a thread there distorts one chunk
    while the chunk before is trained on; what comes out does not depend on it, since each chunk draws its own numbers.
    """

    def __init__(self, data: Examples, rows: int, inputs_dtype: np.dtype[Any], distortion: Distortion | None) -> None:
        """Allocate buffers for chunks of `rows` images, which become inputs of the given dtype; bytes stay bytes."""
        self.images, self.labels = data.x_train, data.y_train.astype(np.intp)
        self.rows, self.distortion = rows, distortion
        self.is_ahead = distortion is not None and count_processors() > 1
        self.pixels = np.empty((rows, *self.images.shape[1:]), self.images.dtype)
        flat = self.pixels.reshape(rows, -1)
        self.inputs = [flat]
        if distortion or flat.dtype != inputs_dtype:
            self.inputs = [np.empty(flat.shape, inputs_dtype) for _ in range(1 + self.is_ahead)]

    def load(self, order: Labels, epoch: int, start: int) -> Iterator[tuple[Images, Labels]]:
        """Load the images and labels of consecutive chunks: (m, inputs), of the given dtype, and (m,).

        Args:
            order: Indices of the images of an epoch.
            epoch: Its number.
            start: Position of the first image that is loaded.

        Yields:
            Arrays that are valid until the next are asked for.
        """
        starts = range(start, len(order), self.rows)
        if not self.is_ahead or not starts:
            yield from (self._load(order, epoch, position) for position in starts)
            return
        from concurrent.futures import ThreadPoolExecutor  # which most trainings do not need

        with ThreadPoolExecutor(1) as executor:
            loading = executor.submit(self._load, order, epoch, start)
            for position in starts[1:]:
                loaded = loading.result()
                loading = executor.submit(self._load, order, epoch, position)
                yield loaded
            yield loading.result()

    def _load(self, order: Labels, epoch: int, start: int) -> tuple[Images, Labels]:
        """A chunk, in the buffer that the chunk before it has left alone."""
        rows = order[start : start + self.rows]
        pixels, x = self.pixels[: len(rows)], self.inputs[start // self.rows % len(self.inputs)][: len(rows)]
        np.take(self.images, rows, axis=0, out=pixels, mode="clip")
        if self.distortion:
            self.distortion(pixels, epoch, start, x)
        elif x.dtype != pixels.dtype:
            scale_pixels(pixels, x)
        return x, self.labels[rows]
