"""Distortions of training images: whole batches at once, NumPy only, drawn from the seed and the position.

A distorted image takes each of its pixels from somewhere near in the original: the place is that of an affine map, plus
a smooth random field. Sources: P. Simard, D. Steinkraus, J. Platt 2003, "Best Practices for Convolutional Neural
Networks Applied to Visual Document Analysis"; D. Cireşan, U. Meier, L. Gambardella, J. Schmidhuber 2010, "Deep, Big,
Simple Neural Nets for Handwritten Digit Recognition".
"""

from dataclasses import dataclass
from math import pi

import numpy as np

from nnfang.core.arrays import Array, Images
from nnfang.core.constraints import Fraction, NonNegative, Positive, check_fields
from nnfang.core.randomness import Purpose, generator

BLOCK = 64
"""Images distorted at a time: what belongs to them stays in the cache."""

SMALLEST = 1e-3
"""Singular values of the smoothing below this share of the largest are left out: their waves are invisible."""


@dataclass(frozen=True)
class Elastic:
    """A smooth random field: white noise in ±1, blurred by a Gaussian, times `alpha`.

    Attributes:
        alpha: In pixels; the field itself is much smaller than that, since blurring averages noise away.
        sigma: Standard deviation of the Gaussian, in pixels.
    """

    alpha: NonNegative = 34.0
    sigma: Positive = 4.0

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Augment:
    """How much each training image is distorted, anew in each epoch. All are drawn evenly between minus and plus.

    Attributes:
        rotate: Degrees.
        scale: Share by which it grows or shrinks, in height and width apart.
        shear: Pixels to the side per pixel of height.
        shift: Pixels, in either direction.
        elastic: A smooth random field.
        thickness: Share of the way to strokes that are one pixel wider or narrower all around.
    """

    rotate: NonNegative = 0.0
    scale: Fraction = 0.0
    shear: NonNegative = 0.0
    shift: NonNegative = 0.0
    elastic: Elastic | None = None
    thickness: Fraction = 0.0

    def __post_init__(self) -> None:
        check_fields(self)


class Distortion:
    """Distorts images of one shape."""

    def __init__(self, augment: Augment, shape: tuple[int, ...], seed: int) -> None:
        """Make room.

        Args:
            augment: How much.
            shape: (h, w) of the images.
            seed: Of the numbers drawn.

        Raises:
            ValueError: The images have no height and width.
        """
        if len(shape) != 2:  # noqa: PLR2004 - height and width
            raise ValueError(f"augment: needs images of a height and a width, found the shape {shape}")
        self.augment, self.seed = augment, seed
        self.h, self.w = h, w = shape
        y, x = np.mgrid[:h, :w].reshape(2, -1) - np.array([[(h - 1) / 2], [(w - 1) / 2]])
        maps = np.stack([y, x, np.ones(h * w)])
        waves = smooth_waves(h, w, augment.elastic) if augment.elastic else np.empty((0, h * w))
        self.parts = np.concatenate([maps, waves]).astype(np.float32)
        self.shares = np.empty((BLOCK, 2, len(self.parts)), np.float32)
        self.padded = np.zeros((BLOCK, h + 2, w + 2), np.float32)
        self.first = np.arange(BLOCK)[:, None] * ((h + 2) * (w + 2))

    def __call__(self, images: Images, epoch: int, position: int, out: Array) -> None:
        """Write the network's inputs: the images distorted, in 0 .. 1.

        Args:
            images: (m, h, w), bytes, or floats in 0 .. 1.
            epoch: In which they are seen.
            position: Of the first of them in the epoch.
            out: (m, h w).
        """
        rng = generator(self.seed, Purpose.AUGMENT, epoch, position)
        for start in range(0, len(images), BLOCK):
            self._distort(images[start : start + BLOCK], rng, out[start : start + BLOCK])

    def _distort(self, images: Images, rng: np.random.Generator, out: Array) -> None:
        """At most BLOCK images: places first, then the pixels that are there."""
        m, shares = len(images), self.shares[: len(images)]
        self._draw_maps(shares[:, :, :3], rng)
        rng.standard_normal(out=(noise := np.empty((m, 2, len(self.parts) - 3), np.float32)), dtype=np.float32)
        shares[:, :, 3:] = noise
        places = (shares.reshape(2 * m, -1) @ self.parts).reshape(m, 2, -1)  # map and field in one product
        inner = self.padded[:m, 1:-1, 1:-1]
        np.multiply(images, 1 / 255 if images.dtype == np.uint8 else 1, out=inner, dtype=np.float32, casting="unsafe")
        if self.augment.thickness:
            change_thickness(self.padded[:m], rng.uniform(-1, 1, (m, 1, 1)) * self.augment.thickness)
        self._sample(places, out)

    def _draw_maps(self, maps: Array, rng: np.random.Generator) -> None:
        """Write (m, 2, 3): from a pixel's (y, x, 1), counted from the middle, to its place in the padded original."""
        of, m = self.augment, len(maps)
        angle = rng.uniform(-1, 1, m) * (of.rotate * pi / 180)
        size = 1 / (1 + rng.uniform(-1, 1, (m, 2, 1)) * of.scale)
        shear = rng.uniform(-1, 1, m) * of.shear
        cos, sin = np.cos(angle), np.sin(angle)
        maps[:, 0, :2] = np.stack([cos, sin], axis=1)
        maps[:, 1, :2] = np.stack([shear * cos - sin, shear * sin + cos], axis=1)
        maps[:, :, :2] *= size
        maps[:, :, 2] = rng.uniform(-of.shift, of.shift, (m, 2))
        maps[:, :, 2] += np.array([self.h + 1, self.w + 1]) / 2

    def _sample(self, places: Array, out: Array) -> None:
        """Interpolate between the four pixels around each place; outside the image everything is 0."""
        m, row = len(places), self.w + 2
        np.clip(places, 0, np.array([[self.h + 0.999], [self.w + 0.999]], np.float32), out=places)
        corner = places.astype(np.intp)
        places -= corner
        at = corner[:, 0]
        at *= row
        at += corner[:, 1]
        at += self.first[:m]
        pixels, (y, x) = self.padded.reshape(-1), (places[:, 0], places[:, 1])
        upper = blend(pixels.take(at), pixels[1:].take(at), x)
        lower = blend(pixels[row:].take(at), pixels[row + 1 :].take(at), x)
        out[...] = blend(upper, lower, y)


def blend(a: Array, b: Array, share: Array) -> Array:
    """a + share (b - a), in b's place."""
    b -= a
    b *= share
    b += a
    return b


def smooth_waves(h: int, w: int, elastic: Elastic) -> Array:
    """(r, h w) such that a white row of r normal numbers times it is an elastic field.

    Blurring noise N (h, w) by a Gaussian is a product with a matrix from either side, G N Hᵀ. With G = U S Vᵀ and
    H = P T Qᵀ that is U S (Vᵀ N Q) T Pᵀ, and VᵀNQ is white again if N is normal. So the field is a sum of products of a
    column of U S with a column of P T, with white weights; and only the largest of S and T matter: the smoother the
    field, the fewer numbers need be drawn. Noise that is even in ±1 has the variance 1/3.
    """
    down, across = (principal_waves(side, elastic.sigma) for side in (h, w))
    waves: Array = np.kron(down, across).T * (elastic.alpha / np.sqrt(3))
    return waves


def principal_waves(side: int, sigma: float) -> Array:
    """U S (side, r) of the matrix that blurs a row of `side` pixels; beyond its ends are zeros."""
    distance = np.arange(side)[:, None] - np.arange(side)
    reach = np.arange(-4 * side, 4 * side + 1)
    gaussian = np.exp(-0.5 * (distance / sigma) ** 2) / np.exp(-0.5 * (reach / sigma) ** 2).sum()
    U, S, _ = np.linalg.svd(gaussian)
    r = int((S[0] * SMALLEST < S).sum())
    waves: Array = U[:, :r] * S[:r]
    return waves


def change_thickness(padded: Array, share: Array) -> None:
    """Move each image a share of the way to what a pixel more all around would make of it, or a pixel less.

    Args:
        padded: (m, h + 2, w + 2), changed in place but for its border.
        share: (m, 1, 1) in ±1; negative is thinner.
    """
    inner = padded[:, 1:-1, 1:-1]
    neighbours = padded[:, :-2, 1:-1], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]
    wide, narrow = inner.copy(), inner.copy()
    for neighbour in neighbours:
        np.maximum(wide, neighbour, out=wide)
        np.minimum(narrow, neighbour, out=narrow)
    target = np.where(share > 0, wide, narrow)
    target -= inner
    target *= np.abs(share).astype(np.float32)
    inner += target
