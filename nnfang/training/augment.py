"""Distortions of training images: whole batches at once, drawn from the seed and the position.

A distorted image takes each of its pixels from somewhere near in the original: the place is that of an affine map, plus
a smooth random field. Sources: P. Simard, D. Steinkraus, J. Platt 2003, "Best Practices for Convolutional Neural
Networks Applied to Visual Document Analysis"; D. Cireşan, U. Meier, L. Gambardella, J. Schmidhuber 2010, "Deep, Big,
Simple Neural Nets for Handwritten Digit Recognition".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from nnfang.core.constraints import FieldError, Fraction, NonNegative, Positive, check_fields
from nnfang.core.randomness import Purpose, generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnfang.core.arrays import Array, Images, Pixels
    from nnfang.engines.sampling import Sampler

BLOCK = 25_000
"""Pixels distorted at a time, about: what belongs to them stays in the cache."""

EXACT = 2**24
"""Up to here each whole number is a float32."""

SMALLEST = 0.05
"""Waves of an elastic field smaller than this fraction of the largest are left out, with 0.3% of the variance."""


@dataclass(frozen=True)
class Elastic:
    """A smooth random field: white noise in ±1, blurred by a Gaussian, times `alpha`.

    Attributes:
        alpha: Strength, in pixels; the field itself is much smaller, since blurring averages noise away.
        sigma: Standard deviation of the Gaussian, in pixels.
    """

    alpha: NonNegative = 34.0
    sigma: Positive = 4.0

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Augment:
    """How much each training image is distorted, differently in each epoch.

    Amounts are drawn uniformly between minus and plus the given one.

    Attributes:
        rotate: Largest rotation, in degrees.
        scale: Largest change of height and, independently, of width, as a fraction of it.
        shear: Largest shear, in pixels to the side per pixel of height.
        shift: Largest shift in either direction, in pixels.
        elastic: The smooth random field that bends the image; null bends nothing.
        thickness: Largest change of the strokes; 1 makes them one pixel wider, or narrower, all around.
        mirror: Whether a random half of the images is flipped left to right.
    """

    rotate: NonNegative = 0.0
    scale: Fraction = 0.0
    shear: NonNegative = 0.0
    shift: NonNegative = 0.0
    elastic: Elastic | None = None
    thickness: Fraction = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        check_fields(self)


class Distortion:
    """Distorts images of one shape."""

    def __init__(self, augment: Augment, shape: tuple[int, ...], seed: int, *, is_compiled: bool = False) -> None:
        """Make room.

        Args:
            augment: How much.
            shape: (h, w) of the images.
            seed: Of the numbers drawn.
            is_compiled: Interpolate with numba, in a third of the time and with the same result to rounding.

        Raises:
            FieldError: The images have no height and width, or are too large; or numba cannot compile.
        """
        if len(shape) != 2:  # noqa: PLR2004 - height and width
            raise FieldError("augment", f"needs images of a height and a width, found the shape {shape}")
        self.augment, self.seed = augment, seed
        self.h, self.w = h, w = shape
        if (h + 2) * (w + 2) > EXACT:
            raise FieldError("augment", f"images of {h} x {w} pixels are too large, {EXACT:,} are possible")
        y, x = np.mgrid[:h, :w].reshape(2, -1) - np.array([[(h - 1) / 2], [(w - 1) / 2]])
        maps = np.stack([y, x, np.ones(h * w)])
        waves = smooth_waves(h, w, augment.elastic) if augment.elastic else np.empty((0, h * w))
        self.parts = np.concatenate([maps, waves]).astype(np.float32)
        self.rows = rows = max(BLOCK // (h * w), 1)
        self.padded = np.zeros((rows, h + 2, w + 2), np.float32)
        self.first = np.arange(rows, dtype=np.float32)[:, None] * ((h + 2) * (w + 2))
        self.places, self.corners = np.empty((2, 2, rows, h * w), np.float32)
        self.index = np.empty((rows, h * w), np.intp)
        self.neighbours = np.empty((4, rows, h * w), np.float32)
        self.sampler = create_sampler(rows, h, w) if is_compiled else None

    def __call__(
        self, images: Images, epoch: int, position: int, out: Array, wanted: Sequence[slice] | None = None
    ) -> None:
        """Write the network's inputs: the images distorted, in 0 .. 1.

        Args:
            images: (m, h, w), bytes, or floats in 0 .. 1.
            epoch: In which they are seen.
            position: Of the first of them in the epoch.
            out: (m, h w).
            wanted: The rows that must be written; None means all.
        """
        m, rng = len(images), generator(self.seed, Purpose.AUGMENT, epoch, position)
        amounts = self.draw_amounts(m, rng)
        thickness = rng.uniform(-1, 1, (m, 1, 1)) * self.augment.thickness
        for start in range(0, m, self.rows):
            rows = slice(start, start + self.rows)
            # Whole blocks, also where only some rows are wanted: BLAS rounds a product by its size.
            if wanted is not None and not any(part.start < rows.stop and rows.start < part.stop for part in wanted):
                continue
            self._distort(images[rows], thickness[rows], amounts[:, rows], out[rows])

    def draw_amounts(self, m: int, rng: np.random.Generator) -> Array:
        """(2, m, parts): what each part contributes to y, and to x, of the places in the padded original.

        The first three parts are a pixel's y and x, counted from the middle, and 1; the others are smooth waves.
        """
        of, amounts = self.augment, np.empty((2, m, len(self.parts)), np.float32)
        angle = rng.uniform(-1, 1, m) * (of.rotate * pi / 180)
        size = 1 / (1 + rng.uniform(-1, 1, (2, m, 1)) * of.scale)
        if of.mirror:
            size[1] *= rng.choice([-1, 1], (m, 1))
        shear = rng.uniform(-1, 1, m) * of.shear
        cos, sin = np.cos(angle), np.sin(angle)
        amounts[0, :, :2] = np.stack([cos, sin], axis=1)
        amounts[1, :, :2] = np.stack([shear * cos - sin, shear * sin + cos], axis=1)
        amounts[:, :, :2] *= size
        middle = np.array([[self.h + 1], [self.w + 1]]) / 2
        amounts[:, :, 2] = middle + rng.uniform(-of.shift, of.shift, (2, m))
        amounts[:, :, 3:] = rng.standard_normal((2, m, len(self.parts) - 3), np.float32)
        return amounts

    def _fill(self, images: Images, thickness: Array) -> None:
        """Write the originals into `padded`, in 0 .. 1, within a border of 0, their strokes thickened or thinned."""
        padded = self.padded[: len(images)]
        factor = 1 / 255 if images.dtype == np.uint8 else 1
        np.multiply(images, factor, out=padded[:, 1:-1, 1:-1], dtype=np.float32, casting="unsafe")
        if self.augment.thickness:
            change_thickness(padded, thickness)

    def _distort(self, images: Images, thickness: Array, amounts: Array, out: Array) -> None:
        """Take the pixels of a few images at the places that `amounts` say."""
        m, sampler = len(images), self.sampler
        places = self.places[:, :m]
        for axis in range(2):
            np.matmul(amounts[axis], self.parts, out=places[axis])
        if sampler and images.dtype == np.uint8 and not self.augment.thickness:
            sampler.pixels[:m, 1:-1, 1:-1] = images
            sampler.sample_bytes(places, out)
            return
        self._fill(images, thickness)
        if sampler:
            sampler.sample_floats(self.padded, places, out)
        else:
            self._sample(places, out)

    def _sample(self, places: Array, out: Array) -> None:
        """Interpolate between the four pixels around each place; outside the image everything is 0."""
        m, row = len(out), self.w + 2
        corners, neighbours, index = self.corners[:, :m], self.neighbours[:, :m], self.index[:m]
        for axis, side in enumerate((self.h, self.w)):
            np.clip(places[axis], 0, np.float32(side + 0.999), out=places[axis])
        np.floor(places, out=corners)
        places -= corners
        flat, (y, x) = corners[0], places
        flat *= row  # floats, because NumPy is slow where types mix; exact, because they are whole and below EXACT
        flat += corners[1]
        flat += self.first[:m]
        np.copyto(index, flat, casting="unsafe")
        pixels = self.padded.reshape(-1)
        for at, offset in enumerate((0, 1, row, row + 1)):
            pixels[offset:].take(index, out=neighbours[at], mode="clip")
        upper, lower = blend(neighbours[0], neighbours[1], x), blend(neighbours[2], neighbours[3], x)
        out[...] = blend(upper, lower, y)


def create_sampler(rows: int, h: int, w: int) -> Sampler | None:
    """The compiled sampler for images of this shape, unless they are too small."""
    from nnfang.engines.sampling import Sampler  # numba takes a while to import

    return Sampler(rows, h, w) if Sampler.is_able(h, w) else None


def preview_distortions(augment: Augment, images: Images, seed: int, rows: int, columns: int) -> Pixels:
    """A sheet of images: in each row one as it is, then distorted as it may be seen in the first epochs.

    Args:
        augment: How much is distorted.
        images: (n, h, w), of which `rows` are taken at even distances.
        seed: Of the numbers drawn.
        rows: Images on the sheet, fewer if there are fewer.
        columns: Copies of each, the undistorted one included.

    Returns:
        (rows, columns, h, w), uint8.

    Raises:
        FieldError: The images have no height and width, or are too large.
    """
    distortion = Distortion(augment, images.shape[1:], seed)
    chosen = images[np.linspace(0, len(images) - 1, min(rows, len(images))).astype(int)]
    sheet = np.empty((len(chosen), columns, distortion.h * distortion.w), np.float32)
    sheet[:, 0] = chosen.reshape(len(chosen), -1) / (255 if chosen.dtype == np.uint8 else 1)
    for column in range(1, columns):
        distortion(chosen, column, 0, sheet[:, column])
    return np.rint(sheet * 255).clip(0, 255).astype(np.uint8).reshape(len(chosen), columns, distortion.h, distortion.w)


def blend(a: Array, b: Array, fraction: Array) -> Array:
    """a + fraction (b - a), in b's place."""
    b -= a
    b *= fraction
    b += a
    return b


def smooth_waves(h: int, w: int, elastic: Elastic) -> Array:
    """(r, h w) such that a white row of r normal numbers times it is an elastic field.

    Blurring noise N (h, w) by a Gaussian is a product with a matrix from either side, G N Hᵀ. With G = U S Vᵀ and
    H = P T Qᵀ that is U S (Vᵀ N Q) T Pᵀ, and VᵀNQ is white again if N is normal. So the field is a sum, with white
    weights, of the waves sᵢ tⱼ uᵢ pⱼᵀ, and only those with the largest sᵢ tⱼ matter: the smoother the field, the fewer
    numbers need be drawn. Noise that is even in ±1 has the variance 1/3.
    """
    (U, S, _), (P, T, _) = (np.linalg.svd(gaussian_blur(side, elastic.sigma)) for side in (h, w))
    i, j = np.nonzero(np.outer(S, T) > SMALLEST * S[0] * T[0])
    down, across = (U * S).T[i], (P * T).T[j] * (elastic.alpha / np.sqrt(3))
    waves: Array = (down[:, :, None] * across[:, None, :]).reshape(len(i), h * w)
    return waves


def gaussian_blur(side: int, sigma: float) -> Array:
    """G (side, side), the matrix that blurs a column of `side` pixels by a Gaussian of sum 1; beyond its ends is 0."""
    distance = np.arange(side)[:, None] - np.arange(side)
    reach = np.arange(-4 * side, 4 * side + 1)
    G: Array = np.exp(-0.5 * (distance / sigma) ** 2) / np.exp(-0.5 * (reach / sigma) ** 2).sum()
    return G


def change_thickness(padded: Array, amount: Array) -> None:
    """Move each image some of the way to what a pixel more all around would make of it, or a pixel less.

    Args:
        padded: (m, h + 2, w + 2), changed in place but for its border.
        amount: (m, 1, 1) in ±1, the fraction of the way; negative is thinner.
    """
    inner = padded[:, 1:-1, 1:-1]
    neighbours = padded[:, :-2, 1:-1], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]
    wide, narrow = inner.copy(), inner.copy()
    for neighbour in neighbours:
        np.maximum(wide, neighbour, out=wide)
        np.minimum(narrow, neighbour, out=narrow)
    target = np.where(amount > 0, wide, narrow)
    target -= inner
    target *= np.abs(amount).astype(np.float32)
    inner += target
