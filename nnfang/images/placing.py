"""Ink of any size -> a digit of MNIST's size in MNIST's place."""

import numpy as np

from nnfang.images.reading import Grey


def fit(ink: Grey, box: tuple[int, int]) -> Grey:
    """Scale ink to the largest size that the box takes, keeping its aspect.  (height, width) -> (<= h, <= w)."""
    small = resize(ink, fit_shape(ink.shape, box))
    # Thin lines are faint once they are scaled down.
    full: Grey = np.rint(small * (255 / max(1, small.max()))).astype(np.uint8)
    return full


def fit_shape(shape: tuple[int, ...], box: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) of the same aspect that the box takes."""
    scale = min(box[0] / shape[0], box[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def resize(grey: Grey, shape: tuple[int, int]) -> Grey:
    """Resample with anti-aliasing (Lanczos); a picture of this shape stays as it is.  (height, width) -> (h, w)."""
    from PIL import Image

    height, width = shape
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.LANCZOS))


def place_by_mass(ink: Grey, shape: tuple[int, int]) -> Grey:
    """Put ink on an empty field, its centre of mass at pixel (h / 2, w / 2), where MNIST has it.

    Args:
        ink: (height, width), no larger than the field.
        shape: (h, w) of the field.

    Returns:
        (h, w); no ink is pushed over the edge, even if the centre of mass ends up beside the middle.
    """
    field = np.zeros(shape, np.uint8)
    top, left = find_place(ink, shape)
    field[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return field


def find_place(ink: Grey, shape: tuple[int, int]) -> tuple[int, int]:
    """The row and the column of the field where `place_by_mass` puts the first pixel of ink (height, width)."""
    starts = [
        min(max(round(size / 2 - centre), 0), size - side)
        for size, centre, side in zip(shape, find_centre(ink), ink.shape, strict=True)
    ]
    return starts[0], starts[1]


def find_centre(ink: Grey) -> tuple[float, float]:
    """The row and the column of the centre of mass.  (height, width) -> (y, x)."""
    down, across = ink.sum(axis=1), ink.sum(axis=0)
    total = down.sum()
    return float(down @ np.arange(len(down)) / total), float(across @ np.arange(len(across)) / total)
