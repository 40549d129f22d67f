"""Label the connected components of a mask, and measure them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnfang.images.arrays import Grey, Mask

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """The connected components of a mask; arrays have one entry per component unless they say otherwise.

    Attributes:
        indices: (pixels,), the flat indices of the pixels of the mask, in row-major order.
        labels: (pixels,), the component of each of these pixels, from 0.
        shape: (h, w) of the mask.
        area: (n,), pixels.
        mass: (n,), the sum of the levels of the pixels.
        box: (n, 4), left, top, right, bottom of the bounding box.
        border: (n, 4), how many pixels are at the left, top, right and bottom border of the picture.
    """

    indices: Ints
    labels: Ints
    shape: tuple[int, int]
    area: Ints
    mass: Ints
    box: Ints
    border: Floats

    @property
    def size(self) -> Ints:
        """(n, 2), width and height of the bounding box."""
        return self.box[:, 2:] - self.box[:, :2]

    @property
    def touches_border(self) -> Mask:
        """(n,), whether a pixel is at the border of the picture."""
        touches: Mask = self.border.sum(axis=1) > 0
        return touches

    def mask(self, selected: Mask) -> Mask:
        """The pixels of the selected components.  (n,) -> (h, w)."""
        mask = np.zeros(self.shape, bool)
        mask.ravel()[self.indices[selected[self.labels]]] = True
        return mask


def label_components(mask: Mask, levels: Grey) -> Components:
    """Label the 8-connected components: horizontal runs of pixels, merged by union-find.

    Args:
        mask: (h, w)
        levels: (h, w), the weight of each pixel.
    """
    height, width = mask.shape
    stride = width + 2
    padded = np.zeros((height, stride), np.int8)
    padded[:, 1:-1] = mask
    runs = np.flatnonzero(np.diff(padded.ravel(), prepend=0)).reshape(-1, 2)
    run_labels = _label_runs(runs, stride)
    count = int(run_labels.max(initial=-1)) + 1
    length = runs[:, 1] - runs[:, 0]
    row, left = np.divmod(runs[:, 0], stride)
    left -= 1
    right = left + length
    border = [left == 0, (row == 0) * length, right == width, (row == height - 1) * length]
    indices = np.flatnonzero(mask)
    labels = np.repeat(run_labels, length)
    return Components(
        indices,
        labels,
        (height, width),
        np.bincount(run_labels, length, count).astype(np.int64),
        np.bincount(labels, levels.ravel()[indices], count).astype(np.int64),
        _bounding_boxes(run_labels, count, left, row, right),
        np.stack([np.bincount(run_labels, pixels, count) for pixels in border], axis=1),
    )


def _label_runs(runs: Ints, stride: int) -> Ints:
    """The component of each run.

    Args:
        runs: (n, 2), the first flat index of each run, and the one after its last.
        stride: The length of a row.

    Returns:
        (n,), labels from 0.
    """
    starts, ends = runs.T
    # The runs in the row below that overlap with this one, or touch a corner of it.
    first = np.searchsorted(ends, starts + stride)
    stop = np.searchsorted(starts, ends + stride, side="right")
    neighbours = np.maximum(stop - first, 0)
    above = np.repeat(np.arange(len(runs)), neighbours)
    preceding = np.repeat(np.cumsum(neighbours) - neighbours, neighbours)
    below = np.arange(neighbours.sum()) - preceding + np.repeat(first, neighbours)
    root = np.arange(len(runs))
    while True:
        one, other = root[above], root[below]
        if (one == other).all():
            return np.unique(root, return_inverse=True)[1].reshape(-1)
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while (root != (shorter := root[root])).any():
            root = shorter


def _bounding_boxes(run_labels: Ints, count: int, left: Ints, row: Ints, right: Ints) -> Ints:
    """Left, top, right, bottom of each component from its runs.  (runs,) -> (count, 4)."""
    boxes = np.empty((count, 4), np.int64)
    if count:
        order = np.argsort(run_labels, kind="stable")
        first = np.searchsorted(run_labels[order], np.arange(count))
        sides = (left, np.minimum), (row, np.minimum), (right, np.maximum), (row + 1, np.maximum)
        for column, (values, extreme) in enumerate(sides):
            boxes[:, column] = extreme.reduceat(values[order], first)
    return boxes
