"""Connected parts of a mask, and which of them are the digit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnfang.images.reading import Grey
from nnfang.images.ruling import Mask

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """The connected parts of a mask; each array has one entry a part.

    Attributes:
        places: (pixels,), where the pixels of the mask are, counted along rows.
        owner: (pixels,), the part of each.
        shape: (h, w) of the mask.
        area: pixels.
        mass: the sum of their levels.
        box: (parts, 4), left, top, right, bottom.
        rim: (parts, 4), the pixels at the left, top, right and bottom border of the picture.
    """

    places: Ints
    owner: Ints
    shape: tuple[int, int]
    area: Ints
    mass: Ints
    box: Ints
    rim: Floats

    @property
    def size(self) -> Ints:
        """(parts, 2), width and height."""
        return self.box[:, 2:] - self.box[:, :2]


def find_parts(mask: Mask, levels: Grey) -> Parts:
    """Find what hangs together, diagonally too: runs of rows, joined by union-find.

    Args:
        mask: (h, w)
        levels: (h, w), the weight of each pixel.
    """
    height, width = mask.shape
    stride = width + 2
    padded = np.zeros((height, stride), np.int8)
    padded[:, 1:-1] = mask
    runs = np.flatnonzero(np.diff(padded.ravel(), prepend=0)).reshape(-1, 2)
    owner = _join(runs, stride)
    count = int(owner.max(initial=-1)) + 1
    length = runs[:, 1] - runs[:, 0]
    places = np.flatnonzero(mask)
    of_pixels = np.repeat(owner, length)
    row, left = np.divmod(runs[:, 0], stride)
    left -= 1
    right = left + length
    box = np.empty((count, 4), np.int64)
    order = np.argsort(owner, kind="stable")
    if count:
        first = np.searchsorted(owner[order], np.arange(count))
        for place, (values, extreme) in enumerate(
            [(left, np.minimum), (row, np.minimum), (right, np.maximum), (row + 1, np.maximum)]
        ):
            box[:, place] = extreme.reduceat(values[order], first)
    rim = [left == 0, (row == 0) * length, right == width, (row == height - 1) * length]
    return Parts(
        places,
        of_pixels,
        (height, width),
        np.bincount(owner, length, count),
        np.bincount(of_pixels, levels.ravel()[places], count).astype(np.int64),
        box,
        np.stack([np.bincount(owner, pixels, count) for pixels in rim], axis=1),
    )


def _join(runs: Ints, stride: int) -> Ints:
    """Number the runs by the part they belong to.  (n, 2) -> (n,)."""
    starts, ends = runs.T
    first = np.searchsorted(ends, starts + stride)  # the runs below that reach to this one or beyond, a corner included
    after = np.searchsorted(starts, ends + stride, side="right")
    touching = np.maximum(after - first, 0)
    above = np.repeat(np.arange(len(runs)), touching)
    below = np.arange(touching.sum()) - np.repeat(np.cumsum(touching) - touching, touching) + np.repeat(first, touching)
    root = np.arange(len(runs))
    while True:
        one, other = root[above], root[below]
        if (one == other).all():
            return np.unique(root, return_inverse=True)[1].reshape(-1)
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while (root != (shorter := root[root])).any():
            root = shorter


def paint(parts: Parts, chosen: Mask) -> Mask:
    """The mask of some parts.  (parts,) -> (h, w)."""
    mask = np.zeros(parts.shape, bool)
    mask.ravel()[parts.places[chosen[parts.owner]]] = True
    return mask


SPECK = 0.01
"""The share of the main part's pixels below which another one is dust."""

NEAR, CLOSE = 0.3, 0.05
"""Strokes of one digit are this much of its size apart at most, and crumbs of a broken stroke so much."""

BESIDE, TALL = 0.04, 0.6
"""What is this far to the side and this tall, as shares of a digit's height, is another digit, not a stroke of it."""

PALE = 0.5
"""The share of the main part's mean level below which another one is not of the same ink."""

SHORT = 0.15
"""The share of a digit's size below which a part is a crumb, as is any at the border of the picture."""

EDGE = 0.35
"""What covers this much of a side of the picture is a frame or the edge of the page."""

TOUCHING, FRAME = 0.1, 1e-6
"""How much less likely it is that something at the border is meant, or a frame."""


def choose_digit(parts: Parts) -> tuple[Mask, bool, bool]:
    """Which parts are the digit, whether it touches the border, and whether others could be one; (parts,).

    The main part is the one with the most ink, but for frames; strokes near it belong to it.
    """
    weight = weigh(parts)
    if not weight.any():
        return np.zeros(len(weight), bool), False, False
    main = int(weight.argmax())
    chosen = np.zeros(len(weight), bool)
    chosen[main] = True
    is_stroke = (weight > FRAME * parts.mass) & (parts.area > max(1, SPECK * parts.area[main]))
    tone = parts.mass / parts.area
    is_stroke &= tone > PALE * tone[main]
    box = parts.box[main].copy()
    while True:
        near = is_stroke & ~chosen & _is_near(parts, box)
        if not near.any():
            break
        chosen |= near
        box[:2] = parts.box[chosen, :2].min(axis=0)
        box[2:] = parts.box[chosen, 2:].max(axis=0)
    is_rival = is_stroke & ~chosen & (parts.mass > 0.15 * parts.mass[main])
    is_rival &= parts.size[:, 1] > 0.5 * (box[3] - box[1])
    return chosen, bool((parts.rim[chosen] > 0).any()), bool(is_rival.any())


def weigh(parts: Parts) -> Floats:
    """How likely each part is the digit: its mass, less where it touches the border, 0 for frames and boxes."""
    height, width = parts.shape
    sides = np.array([height, width, height, width])
    weight = parts.mass.astype(np.float64)
    weight[(parts.rim > 0).any(axis=1)] *= TOUCHING
    weight[(parts.rim > EDGE * sides).any(axis=1)] *= FRAME
    weight[find_boxes(parts, weight)] = 0
    return weight


def find_boxes(parts: Parts, weight: Floats) -> Mask:
    """Which of the heaviest parts are rectangles around another; (parts,)."""
    boxes = np.zeros(len(weight), bool)
    for place in np.argsort(-weight)[:5]:
        boxes[place] = _is_box(parts, place) and _holds_another(parts, place)
    return boxes


def _is_near(parts: Parts, box: Ints) -> Mask:
    """Which parts are near a box, and not another digit beside it."""
    gap = np.maximum(parts.box[:, :2] - box[2:], box[:2] - parts.box[:, 2:])
    size = box[2:] - box[:2]
    is_beside = (gap[:, 0] > BESIDE * size[1]) & (parts.size[:, 1] > TALL * size[1])
    is_crumb = (parts.size.max(axis=1) < SHORT * size.max()) | (parts.rim > 0).any(axis=1)
    is_near: Mask = gap.max(axis=1) <= np.where(is_crumb, CLOSE, NEAR) * size.max()
    is_near &= ~is_beside
    return is_near


STRAIGHT, HOLLOW, SMALLEST = 0.85, 0.4, 16
"""A box that is printed has this much ink along a side, so much in all at most, and as many pixels across."""


def _is_box(parts: Parts, place: int) -> bool:
    """Whether a part is a rectangle around something: thin, and straight along three sides at least."""
    left, top, right, bottom = parts.box[place]
    width, height = parts.size[place]
    if min(width, height) < SMALLEST or parts.area[place] > HOLLOW * width * height:
        return False
    only = np.zeros(len(parts.area), bool)
    only[place] = True
    ink = paint(parts, only)[top:bottom, left:right]
    band = max(2, min(width, height) // 20)
    sides = ink[:band].any(axis=0), ink[-band:].any(axis=0), ink[:, :band].any(axis=1), ink[:, -band:].any(axis=1)
    return sum(float(side.mean()) > STRAIGHT for side in sides) >= len(sides) - 1


def _holds_another(parts: Parts, place: int) -> bool:
    inside = (parts.box[:, :2] > parts.box[place, :2]) & (parts.box[:, 2:] < parts.box[place, 2:])
    return bool((inside.all(axis=1) & (parts.size.max(axis=1) > 0.15 * parts.size[place].min())).any())
