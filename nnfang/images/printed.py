"""Remove straight lines that do not cross the whole page, such as those of the boxes of a form."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnfang.images.arrays import Mask
from nnfang.images.components import label_components
from nnfang.images.ruling import erase_line


@dataclass(frozen=True)
class PrintedThresholds:
    """What may be a printed line rather than a stroke.

    Attributes:
        min_length: Of the shorter side of the picture: how long an uninterrupted part of a line is.
        max_thickness: Of the shorter side of the picture ...
        min_thickness: ... but at least this many pixels.
        clearance: Pixels to either side, in which a stroke that crosses the line shows.
        most: Lines in either direction; what has more is no form.
    """

    min_length: float = 1 / 18
    max_thickness: float = 1 / 40
    min_thickness: int = 3
    clearance: int = 2
    most: int = 12


PRINTED = PrintedThresholds()

Line = tuple[float, float, int]
"""The row in which a line crosses the first column, by how many rows it falls per column, and its thickness."""


def remove_lines(mask: Mask) -> Mask:
    """Remove thin horizontal and vertical lines, except where ink crosses them.  (h, w) -> (h, w)."""
    return _remove_horizontal(_remove_horizontal(mask).T).T


def _remove_horizontal(mask: Mask) -> Mask:
    mask = mask.copy()
    for start, slope, thickness in _find_lines(mask):
        erase_line(mask, start + slope * np.arange(mask.shape[1]), thickness, clearance=PRINTED.clearance)
    return mask


def _find_lines(mask: Mask) -> list[Line]:
    """Nearly horizontal lines: least squares through each long, thin, straight part."""
    shorter = min(mask.shape)
    thickest = max(PRINTED.min_thickness, round(PRINTED.max_thickness * shorter))
    thin = mask & ~_open_rows(mask.T, thickest + 1).T
    thick = thin.copy()  # by a row to either side, so that a line may slope
    thick[1:] |= thin[:-1]
    thick[:-1] |= thin[1:]
    parts = label_components(thin & _open_rows(thick, max(8, round(PRINTED.min_length * shorter))), mask.view(np.uint8))
    lines: list[Line] = []
    for label in np.argsort(-parts.area)[: PRINTED.most]:
        length = parts.size[label, 0]
        if length < PRINTED.min_length * shorter / 2:
            continue
        rows, columns = np.divmod(parts.indices[parts.labels == label], mask.shape[1])
        slope, start = np.polyfit(columns, rows, 1)
        lines.append((float(start), float(slope), max(1, round(int(parts.area[label]) / int(length)))))
    return lines


def _open_rows(mask: Mask, length: int) -> Mask:
    """The pixels of a mask that are in a horizontal run of at least `length`.  (h, w) -> (h, w)."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded.ravel()))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= length
    changes: npt.NDArray[np.int8] = np.zeros(padded.size, np.int8)
    changes[starts[long] + 1] = 1
    changes[ends[long] + 1] = -1
    opened: Mask = np.cumsum(changes, dtype=np.int8).reshape(padded.shape)[:, 1:-1].astype(bool)
    return opened
