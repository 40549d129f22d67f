"""From a data set to what an engine takes: which images are trained on, and their pixels as rows of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnfang.core.arrays import Images, Labels, scale_pixels
from nnfang.core.constraints import FieldError
from nnfang.core.randomness import Purpose, generator
from nnfang.machine.processor import count_processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

    def __init__(
        self,
        data: Examples,
        rows: int,
        inputs_dtype: np.dtype[Any],
        distortion: Distortion | None,
        parts: Callable[[int], list[slice]] = lambda rows: [slice(0, rows)],
        processes: int = 1,
    ) -> None:
        """Allocate buffers.

        Args:
            data: Its training images are loaded.
            rows: Images of a chunk.
            inputs_dtype: Of what they become; bytes stay bytes.
            distortion: Distorts them, if they are to be.
            parts: Which rows of a chunk are wanted, as of an engine; the others are left undefined.
            processes: How many want the processors.
        """
        self.images, self.labels = data.x_train, data.y_train.astype(np.intp)
        self.rows, self.distortion, self.parts = rows, distortion, parts
        self.is_ahead = distortion is not None and count_processors() > processes
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
        parts = self.parts(len(rows))
        for part in [slice(None)] if self.distortion else parts:
            np.take(self.images, rows[part], axis=0, out=pixels[part], mode="clip")
        if self.distortion:
            self.distortion(pixels, epoch, start, x, parts)
        elif x.dtype != pixels.dtype:
            for part in parts:
                scale_pixels(pixels[part], x[part])
        return x, self.labels[rows]
