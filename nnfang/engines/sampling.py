"""What distorts images beside the compiled engine: see `nnfang.engines.kernels.sampling`."""

import numpy as np

from nnfang.core.arrays import Array, Images
from nnfang.engines.compilation import load_kernel
from nnfang.engines.kernels import sampling
from nnfang.engines.kernels.vectors import LANES


class Sampler:
    """Interpolates images of one shape, a few at a time.

    Attributes:
        pixels: (rows, h + 2, w + 2), bytes within a border of 0, to be filled by the caller.
    """

    def __init__(self, rows: int, h: int, w: int) -> None:
        """Make room for `rows` images, and compile what is needed or load it.

        Raises:
            FieldError: It cannot be compiled.
        """
        size = (h + 2) * (w + 2)
        self._flat = np.zeros(rows * size + sampling.AHEAD + w + 3, np.uint8)
        self.pixels = self._flat[: rows * size].reshape(rows, h + 2, w + 2)
        self._words = np.zeros(size + sampling.AHEAD, np.uint32)
        self._sides = np.float32(h), np.float32(w)
        self._bytes, self._floats = load_kernel(sampling.sample_bytes), load_kernel(sampling.sample_floats)
        nothing = np.empty((0, h * w), np.float32)
        self._bytes.prepare(self._flat, self._words, nothing, nothing, *self._sides, nothing)
        self._floats.prepare(np.empty(0, np.float32), nothing, nothing, *self._sides, nothing)

    @staticmethod
    def is_able(h: int, w: int) -> bool:
        """Whether images of this shape have enough pixels."""
        return h * w >= LANES

    def sample_bytes(self, places: Array, out: Array) -> None:
        """Write `pixels` at the places (2, m, h w), rows and columns counted in the padded image, in 0 .. 1."""
        self._bytes(self._flat, self._words, places[0], places[1], *self._sides, out)

    def sample_floats(self, padded: Images, places: Array, out: Array) -> None:
        """The same of padded images in 0 .. 1.  padded (m or more, h + 2, w + 2)."""
        self._floats(padded.reshape(-1), places[0], places[1], *self._sides, out)
