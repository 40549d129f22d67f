"""Pens of any width -> strokes about as thick as those of MNIST."""

import numpy as np

from nnfang.images.placing import fit, fit_shape, resize
from nnfang.images.reading import Grey

FINE = 4
"""Strokes are measured and changed at this many times the resolution of the result."""

THINNEST, THIN, THICK, THICKEST = 1.9, 2.4, 3.0, 4.3
"""Of 20 pixels: strokes beyond the outer two are brought to the inner two. In MNIST 98 % are from 1.3 to 4.4."""

SOLID = 0.85
"""What fills this much of the box around it has no strokes."""

MOST_TIMES = 3
"""Strokes of different thickness need more than one try."""

HALF, TRACE = 127, 63
"""The levels above which a pixel is in a stroke, and at all part of the ink."""

MOST = 0.4
"""How much of its thickness a stroke may lose."""


def measure_thickness(ink: Grey) -> float:
    """Twice the area over the perimeter, which is the thickness of any long stroke; in pixels.  (h, w)."""
    mask = np.pad(ink > HALF, 1)
    steps = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    # A slanting edge has more steps than length: 4 / π as many on average.
    return 2 * np.count_nonzero(mask) / max(1.0, steps * np.pi / 4)


def even_thickness(ink: Grey, box: tuple[int, int]) -> Grey:
    """Make strokes that are far too thin or too thick for MNIST thicker or thinner.

    Args:
        ink: (height, width), the smallest box that holds a digit.
        box: (h, w), into which it will be scaled.

    Returns:
        The same if its strokes are as they should be; otherwise a digit of about `FINE` times the box.
    """
    for _ in range(MOST_TIMES):
        fine = resize(ink, fit_shape(ink.shape, (box[0] * FINE, box[1] * FINE)))
        unit = FINE * max(box) / 20
        # As it will be in the end: grain and ragged edges are gone.
        thickness = measure_thickness(resize(fit(ink, box), fine.shape)) / unit
        if thickness > THICKEST and fine.mean() < SOLID * 255:
            steps = -round(min(thickness - THICK, MOST * thickness) * unit / 2)
        elif thickness < THINNEST:
            steps = round((THIN - thickness) * unit / 2)
        else:
            break
        moved = _move_outline(fine, steps)
        y, x = (np.flatnonzero((moved > TRACE).any(axis=axis)) for axis in (1, 0))
        if not y.size:
            break
        ink = moved[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    return ink


def _move_outline(ink: Grey, steps: int) -> Grey:
    """Move the outline outwards, or inwards where steps are negative, by pixels; the ink grows by a margin."""
    moved = np.pad(ink, abs(steps) + 1)
    extreme = np.maximum if steps > 0 else np.minimum
    for step in range(abs(steps)):
        near = moved.copy()
        extreme(near[1:], moved[:-1], out=near[1:])
        extreme(near[:-1], moved[1:], out=near[:-1])
        # Square and diamond in turn make an octagon.
        source = near if step % 2 else moved
        wide = near.copy()
        extreme(wide[:, 1:], source[:, :-1], out=wide[:, 1:])
        extreme(wide[:, :-1], source[:, 1:], out=wide[:, :-1])
        moved = wide
    return moved
