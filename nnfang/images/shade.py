"""Estimate a background with hard edges: the edge of a shadow or of a page, the dark corners of a lens."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from nnfang.images.arrays import Grey

DARKEST = 0.1
"""Of the lightest paper; in a darker place the contrast of ink is not raised any more, since noise would be, too."""

Extreme = Callable[[Grey, Grey], Grey]


def subtract_shade(grey: Grey, side: int) -> Grey:
    """How much darker each pixel is than the background around it, as a fraction of the light there.

    The levels of ink and paper are in the same ratio in a shadow and beside it. The background is the morphological
    closing with a square: an edge between wide areas stays where it is, and only what is dark and narrower than the
    square disappears.

    Args:
        grey: (h, w), dark ink on light paper.
        side: Pixels of the square, more than the strokes are wide.

    Returns:
        (h, w), 0 for background and 255 for black ink in any light.
    """
    smooth = np.asarray(Image.fromarray(grey).filter(ImageFilter.BoxBlur(1)))
    side = max(1, min(side, *grey.shape))
    background = _extreme_filter(_extreme_filter(smooth, side, np.maximum), side, np.minimum)
    light = np.maximum(background, max(1, DARKEST * np.percentile(background, 95))).astype(np.float32)
    darkness: npt.NDArray[np.float32] = (background - smooth.astype(np.float32)) * (np.float32(255) / light)
    foreground: Grey = darkness.clip(0, 255, out=darkness).astype(np.uint8)
    return foreground


def _extreme_filter(levels: Grey, side: int, extreme: Extreme) -> Grey:
    """The maximum or the minimum of the square of pixels around each, in log(side) passes.  (h, w) -> (h, w)."""
    # Where the side is even, a closing needs the two squares to lie on opposite sides of their pixel.
    before = (side - 1) // 2 if extreme is np.maximum else side // 2
    for _ in range(2):
        padded = np.pad(levels, ((before, side - 1 - before), (0, 0)), mode="edge")
        width = 1
        while width < side:
            step = min(width, side - width)
            padded = extreme(padded[:-step], padded[step:])
            width += step
        levels = padded.T
    return levels
