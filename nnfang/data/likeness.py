"""Images that are nearly the same, among many: those whose pixels correlate almost perfectly.

Two images are compared as z, their pixels less their mean, scaled to length 1, so that neither brightness nor contrast
counts. Their Pearson correlation r is then z1 . z2, and |z1 - z2|^2 = 2 (1 - r). A projection never makes a distance
larger: where two images are farther apart than that in their first principal components, they need not be compared. So
of the 2.4 billion pairs of 70,000 images only a few thousand are, and none that is alike is missed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnfang.data.dataset import Images

ALIKE = 0.995
"""The correlation from which on two images are nearly the same."""

COMPONENTS = 31
"""Principal components in which images are compared first; with what they leave over, there are 32 numbers each."""

EXAMPLES = 500
"""Images of which the principal components are found."""

BLOCK = 256
"""Images that are compared at once with those after them, and ..."""

ROOM = 2**21
"""... pixels that are scaled at once."""

MOST_CANDIDATES = 500_000
"""Pairs that are compared pixel by pixel at most, in some five seconds. MNIST has a few thousand."""

SLACK = 1e-4
"""What float32 may have lost of a squared distance, which is at most 4."""

Floats: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Likeness:
    """Pairs of images that are nearly the same.

    Attributes:
        pairs: Indices (m, 2), the smaller one first, in their order.
        correlations: Of each pair, (m,).
        is_complete: Whether there are no others; the search ends where too many have to be compared.
    """

    pairs: Indices
    correlations: Floats
    is_complete: bool


def find_alike(x: Images, most_candidates: int = MOST_CANDIDATES) -> Likeness:
    """Find all pairs of images x (n, ...) whose correlation is at least `ALIKE`; one of a single colour has none.

    Args:
        x: The images.
        most_candidates: Pairs that are compared pixel by pixel at most.
    """
    flat = x.reshape(len(x), -1)
    rows = _count_rows(flat)
    kept = np.flatnonzero(flat.min(axis=1) < flat.max(axis=1))
    pairs, correlations, candidates = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)], 0
    for found in _find_candidates(flat, kept) if len(kept) > 1 else ():
        room = most_candidates - candidates
        candidates += len(found)
        for i in range(0, min(len(found), room), rows):
            some = found[i : min(i + rows, room)]
            correlation = np.einsum("ij,ij->i", _scale(flat[some[:, 0]]), _scale(flat[some[:, 1]]))
            is_alike = correlation >= ALIKE
            pairs.append(some[is_alike])
            correlations.append(correlation[is_alike])
        if candidates > most_candidates:
            break
    together = np.sort(np.concatenate(pairs), axis=1)
    order = np.lexsort(together.T[::-1])
    return Likeness(together[order], np.concatenate(correlations)[order], candidates <= most_candidates)


def _find_candidates(flat: Images, kept: Indices) -> Iterator[Indices]:
    """Pairs (m, 2) of the images flat (n, pixels) at `kept` that no projection tells apart."""
    points = _project(flat, kept)
    order = np.argsort(points[:, 0], kind="stable")
    points, kept = points[order], kept[order]
    squares = np.einsum("ij,ij->i", points, points)
    ones = np.ones_like(squares)
    left = np.column_stack([-2 * points, squares, ones])  # left . right = |p1 - p2|^2
    right = np.column_stack([points, ones, squares])
    farthest = 2 * (1 - ALIKE) + SLACK
    ends = np.searchsorted(points[:, 0], points[:, 0] + np.sqrt(farthest), side="right")
    for start in range(0, len(points), BLOCK):
        stop = min(start + BLOCK, len(points))
        near = left[start:stop] @ right[start : ends[stop - 1]].T <= farthest
        near[:, : stop - start] &= np.tri(stop - start, dtype=bool).T  # each pair once
        np.fill_diagonal(near, val=False)
        first, second = np.nonzero(near)
        if len(first):
            yield np.column_stack([kept[start + first], kept[start + second]])


def _project(flat: Images, kept: Indices) -> Floats:
    """The images as points (n, components + 1), which are nowhere farther apart than the images."""
    examples = _scale(flat[kept[:: -(-len(kept) // EXAMPLES)]])
    centre = examples.mean(axis=0)
    examples -= centre
    _, vectors = np.linalg.eigh(examples @ examples.T)
    basis, _ = np.linalg.qr(examples.T @ vectors[:, : -COMPONENTS - 1 : -1])
    points = np.empty((len(kept), basis.shape[1] + 1), np.float32)
    rows = _count_rows(flat)
    for start in range(0, len(kept), rows):
        z = _scale(flat[kept[start : start + rows]]) - centre
        inside = z @ basis
        left_over = np.einsum("ij,ij->i", z, z) - np.einsum("ij,ij->i", inside, inside)
        points[start : start + rows, :-1] = inside
        points[start : start + rows, -1] = np.sqrt(np.maximum(left_over, 0))
    return points


def _scale(flat: Images) -> Floats:
    """Each image less its mean, scaled to length 1."""
    z = flat.astype(np.float32)
    z -= z.mean(axis=1, keepdims=True)
    z /= np.abs(z).max(axis=1, keepdims=True)  # or the squares of the faintest images would vanish
    z /= np.sqrt(np.einsum("ij,ij->i", z, z))[:, None]
    return z


def _count_rows(flat: Images) -> int:
    return max(1, ROOM // int(flat.shape[1]))
