"""Remove the ruling of lined and squared paper."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nnfang.images.arrays import Mask


@dataclass(frozen=True)
class RulingThresholds:
    """What counts as a ruled line.

    Attributes:
        min_side: Pixels along the shorter side of a page; smaller pictures are of a digit, and have no ruling.
        strips: A line is followed across a page in this many vertical strips.
        max_slope: The largest slope, rise over run, of a line.
        min_covered: The smallest fraction of the width of a strip that a line covers.
        max_beside: The largest fraction that is covered just above and below a line.
        min_clearance: Pixels above and below a line that must be background, at least ...
        rows_per_clearance: ... or one pixel per this many rows of the page.
        min_strips: The smallest fraction of the strips in which one of several lines is seen ...
        min_strips_alone: ... and in which a line is seen that is the only one.
    """

    min_side: int = 100
    strips: int = 16
    max_slope: float = 0.05
    min_covered: float = 0.6
    max_beside: float = 0.4
    min_clearance: int = 6
    rows_per_clearance: int = 60
    min_strips: float = 1 / 2
    min_strips_alone: float = 3 / 4


RULING = RulingThresholds()

RULING_OF_NUMBERS = replace(RULING, min_side=40, min_strips=3 / 8)
"""On a page of numbers: a picture of one line is not high, and its digits hide much of a line that they cross."""

Line = tuple[float, int]
"""The row in which a line crosses the middle of the page, and its thickness in pixels."""


def remove_ruling(mask: Mask, limits: RulingThresholds = RULING) -> Mask:
    """Remove thin straight lines that cross the whole page, except where ink crosses them.  (h, w) -> (h, w)."""
    if min(mask.shape) < limits.min_side:
        return mask
    return _remove_horizontal(_remove_horizontal(mask, limits).T, limits).T


def _remove_horizontal(mask: Mask, limits: RulingThresholds) -> Mask:
    lines, rise = _find_lines(mask, limits)
    if not lines:
        return mask
    mask = mask.copy()
    drift = rise * (np.arange(mask.shape[1]) / mask.shape[1] - 0.5)
    for middle, thickness in lines:
        erase_line(mask, middle + drift, thickness, clearance=1)
    return mask


def erase_line(mask: Mask, centre: npt.NDArray[np.floating[Any]], thickness: int, *, clearance: int) -> None:
    """Remove a nearly horizontal line from a mask (h, w), except where ink crosses it.

    Args:
        mask: Changed in place.
        centre: (w,), the row of the line in each column.
        thickness: Of the line, in rows.
        clearance: Rows to either side of it, in which ink that crosses it shows.
    """
    height, width = mask.shape
    rows, columns, half = np.rint(centre).astype(int), np.arange(width), thickness // 2 + 1
    above, below = (np.clip(rows + side * (half + clearance), 0, height - 1) for side in (-1, 1))
    is_crossed = mask[above, columns] | mask[below, columns]
    for offset in range(-half, half + 1):
        mask[np.clip(rows + offset, 0, height - 1), columns] &= is_crossed


def _find_lines(mask: Mask, limits: RulingThresholds) -> tuple[list[Line], int]:
    """Find nearly horizontal lines, and by how many pixels all of them rise across the page."""
    candidates = _find_candidates(mask)
    if candidates.sum() < RULING.strips // 2:
        return [], 0
    height, width = mask.shape
    max_rise = int(RULING.max_slope * width)
    padded = np.pad(candidates, ((max_rise, max_rise), (0, 0))).view(np.uint8)
    strips, rows = np.arange(RULING.strips), np.arange(height)[:, None] + max_rise
    # The rise for which the strips agree best, as in a Hough transform.
    best_score, best_rise, counts, spans = 0, 0, np.zeros(height, int), np.zeros(height, bool)
    for rise in range(-max_rise, max_rise + 1):
        drift = np.rint(rise * ((strips + 0.5) / RULING.strips - 0.5)).astype(int)
        sheared = padded[rows + drift, strips]
        votes = sheared.sum(axis=1, dtype=int)
        score = int((votes**3).sum())
        if score > best_score:
            best_score, best_rise = score, rise
            counts, spans = votes, (sheared[:, 0] & sheared[:, -1]).astype(bool)
    return _select_lines(counts, spans, limits), best_rise


def _find_candidates(mask: Mask) -> Mask:
    """Where a line may cross a strip: covered, with background above and below.  (h, w) -> (h, strips)."""
    height, width = mask.shape
    dilated = mask.copy()
    dilated[1:] |= mask[:-1]
    dilated[:-1] |= mask[1:]
    run = width // RULING.strips
    strips = dilated[:, : run * RULING.strips].reshape(height, RULING.strips, run)
    covered = strips.view(np.uint8).sum(axis=2, dtype=np.uint16)
    clearance = max(RULING.min_clearance, height // RULING.rows_per_clearance)
    is_clear = np.pad(covered < RULING.max_beside * run, ((clearance, clearance), (0, 0)), constant_values=True)
    candidates: Mask = (covered > RULING.min_covered * run) & is_clear[: -2 * clearance] & is_clear[2 * clearance :]
    return candidates


def _select_lines(counts: npt.NDArray[np.int_], spans: Mask, limits: RulingThresholds) -> list[Line]:
    """Group adjacent rows that are a line in enough strips.

    A line that is the only one must span the page, or it might be the stroke of a 1 or a 7.

    Args:
        counts: (h,), in how many strips each row is a line.
        spans: (h,), whether it is one in both the first and the last strip.
        limits: What counts as a line.
    """
    lines = _group_rows(counts >= limits.strips * limits.min_strips)
    if len(lines) > 1:
        return lines
    return _group_rows((counts >= limits.strips * limits.min_strips_alone) & spans)


def _group_rows(is_line: Mask) -> list[Line]:
    edges = np.flatnonzero(np.diff(np.pad(is_line, 1).astype(np.int8)))
    # The dilation made each line two rows thicker.
    return [((start + end - 1) / 2, max(1, end - start - 2)) for start, end in edges.reshape(-1, 2).tolist()]
