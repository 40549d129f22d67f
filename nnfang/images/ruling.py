"""Lines and squares printed on paper -> paper."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

STRIPS = 16
"""A line is followed across a picture in this many strips."""

STEEPEST = 0.05
"""How much a page may be turned: the rise of a line over its run."""

SMALLEST = 100
"""Pictures with fewer pixels along a side are of a digit, not of a page."""


def remove_ruling(mask: Mask) -> Mask:
    """Take straight thin lines out that go across the whole page, but not where ink crosses them.  (h, w) -> (h, w)."""
    if min(mask.shape) < SMALLEST:
        return mask
    return _remove_level(_remove_level(mask).T).T


def _remove_level(mask: Mask) -> Mask:
    """The same for lines that are nearly level."""
    lines, rise = _find_lines(mask)
    if not lines:
        return mask
    mask = mask.copy()
    columns = np.arange(mask.shape[1])
    drift = rise * (columns / mask.shape[1] - 0.5)
    for middle, thickness in lines:
        centre = np.rint(middle + drift).astype(int)
        half = thickness // 2 + 1
        above, below = (np.clip(centre + offset, 0, mask.shape[0] - 1) for offset in (-half - 1, half + 1))
        is_bare = ~(mask[above, columns] | mask[below, columns])
        for offset in range(-half, half + 1):
            row = np.clip(centre + offset, 0, mask.shape[0] - 1)
            mask[row, columns] &= ~is_bare
    return mask


def _find_lines(mask: Mask) -> tuple[list[tuple[float, int]], int]:
    """Where nearly level lines cross the middle of a picture, how thick they are, and by how much all of them rise."""
    height, width = mask.shape
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    run = width // STRIPS
    share = tall[:, : run * STRIPS].reshape(height, STRIPS, run).view(np.uint8).sum(axis=2, dtype=np.uint16)
    is_line = share > 0.6 * run
    # Nothing but paper a little above and below.
    clear = max(6, height // 60)
    is_bare = np.pad(share < 0.4 * run, ((clear, clear), (0, 0)), constant_values=True)
    is_line &= is_bare[: -2 * clear] & is_bare[2 * clear :]
    if is_line.sum() < STRIPS // 2:
        return [], 0
    most = int(STEEPEST * width)
    padded = np.pad(is_line, ((most, most), (0, 0))).view(np.uint8)
    strips, rows = np.arange(STRIPS), np.arange(height)[:, None] + most
    best, rise, counts, ends = 0, 0, np.zeros(height, int), np.zeros(height, bool)
    for candidate in range(-most, most + 1):
        drift = np.rint(candidate * ((strips + 0.5) / STRIPS - 0.5)).astype(int)
        turned = padded[rows + drift, strips]
        strength = int((turned.sum(axis=1, dtype=int) ** 3).sum())
        if strength > best:
            best, rise = strength, candidate
            counts, ends = turned.sum(axis=1, dtype=int), (turned[:, 0] & turned[:, -1]).astype(bool)
    return _pick_lines(counts, ends), rise


def _pick_lines(counts: npt.NDArray[np.int_], ends: Mask) -> list[tuple[float, int]]:
    """Group rows that are lines in enough strips: (middle, thickness).

    A line that is alone must go from one end of the page to the other, or it might be the stroke of a 1 or 7.
    """
    several = _group(counts >= STRIPS // 2)
    return several if len(several) > 1 else _group((counts >= STRIPS * 3 // 4) & ends)


def _group(is_line: Mask) -> list[tuple[float, int]]:
    edges = np.flatnonzero(np.diff(np.pad(is_line, 1).astype(np.int8)))
    # Each line was made two rows thicker before it was looked for.
    return [((a + b - 1) / 2, max(1, b - a - 2)) for a, b in edges.reshape(-1, 2).tolist()]
