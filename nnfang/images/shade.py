"""Estimate a background with hard edges: the edge of a shadow or of a page, the dark corners of a lens."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from nnfang.images.arrays import Grey
from nnfang.images.morphology import extreme_filter

DARKEST = 0.1
"""Of the lightest paper; in a darker place the contrast of ink is not raised any more, since noise would be, too."""


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
    background = extreme_filter(extreme_filter(smooth, side, np.maximum), side, np.minimum)
    light = np.maximum(background, max(1, DARKEST * np.percentile(background, 95))).astype(np.float32)
    darkness: npt.NDArray[np.float32] = (background - smooth.astype(np.float32)) * (np.float32(255) / light)
    foreground: Grey = darkness.clip(0, 255, out=darkness).astype(np.uint8)
    return foreground
