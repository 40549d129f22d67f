"""Select the connected components that are the digit, among frames, boxes, other digits and dust."""

from dataclasses import dataclass

import numpy as np

from nnfang.images.arrays import Mask
from nnfang.images.components import Components, Floats, Ints


@dataclass(frozen=True)
class SelectionThresholds:
    """How components relate to the main one, which has the most ink; all are fractions unless they say otherwise.

    Attributes:
        border_weight: A component at the border of the picture is this much less likely to be the digit.
        frame_weight: A frame is this much less likely to be the digit.
        frame_side: What covers this fraction of a side of the picture is a frame, or the edge of the page.
        min_area: Of the area of the main component; smaller ones are dust.
        min_tone: Of the mean level of the main component; paler ones are not of the same ink.
        max_gap: Of the size of the digit: how far apart its strokes may be ...
        max_fragment_gap: ... and how far a fragment of a broken stroke may be.
        fragment_size: Of the size of the digit; smaller components are fragments, as are all at the border.
        beside_gap: Of the height of the digit; what is this far to its side ...
        beside_height: ... and this tall is another digit rather than a stroke of it.
        rival_mass: Of the mass of the main component; what has more ...
        rival_height: ... and is this tall relative to the digit could be a digit itself.
        box_candidates: How many of the components with the most ink may be printed boxes; a number.
        box_min_side: Pixels along the shorter side of a box.
        box_straight: The fraction of a side of a box that has ink along it.
        box_max_filled: The largest fraction of its bounding box that the ink of a box covers.
        box_content: Of the shorter side of a box; so large is what it holds.
    """

    border_weight: float = 0.1
    frame_weight: float = 1e-6
    frame_side: float = 0.35
    min_area: float = 0.01
    min_tone: float = 0.5
    max_gap: float = 0.3
    max_fragment_gap: float = 0.05
    fragment_size: float = 0.15
    beside_gap: float = 0.04
    beside_height: float = 0.6
    rival_mass: float = 0.15
    rival_height: float = 0.5
    box_candidates: int = 5
    box_min_side: int = 16
    box_straight: float = 0.85
    box_max_filled: float = 0.4
    box_content: float = 0.15


SELECTION = SelectionThresholds()


@dataclass(frozen=True)
class Selection:
    """The components that are the digit.

    Attributes:
        mask: (h, w), their pixels.
        touches_border: Whether the digit is at the border of the picture, and may be cut off.
        has_rivals: Whether other components could be the digit.
    """

    mask: Mask
    touches_border: bool
    has_rivals: bool


def select_digit(components: Components) -> Selection | None:
    """Select the component with the most ink that is no frame, and the strokes near it; None if there is none."""
    weight = weigh(components)
    if not weight.any():
        return None
    main = int(weight.argmax())
    selected = np.arange(len(weight)) == main
    is_stroke = weight > SELECTION.frame_weight * components.mass
    is_stroke &= components.area > max(1, SELECTION.min_area * components.area[main])
    tone = components.mass / components.area
    is_stroke &= tone > SELECTION.min_tone * tone[main]
    box = components.box[main].copy()
    while (near := is_stroke & ~selected & _is_near(components, box)).any():
        selected |= near
        box[:2] = components.box[selected, :2].min(axis=0)
        box[2:] = components.box[selected, 2:].max(axis=0)
    is_rival = is_stroke & ~selected & (components.mass > SELECTION.rival_mass * components.mass[main])
    is_rival &= components.size[:, 1] > SELECTION.rival_height * (box[3] - box[1])
    touches_border = bool(components.touches_border[selected].any())
    return Selection(components.mask(selected), touches_border, bool(is_rival.any()))


def find_boxes(components: Components, weight: Floats) -> Mask:
    """Which of the heaviest components are rectangles around another, such as the boxes of a form.  (n,) -> (n,)."""
    boxes = np.zeros(len(weight), bool)
    for label in np.argsort(-weight)[: SELECTION.box_candidates]:
        boxes[label] = _is_rectangle(components, label) and _encloses_another(components, label)
    return boxes


def weigh(components: Components) -> Floats:
    """How likely each component is the digit: its mass, less where it touches the border, 0 for boxes.  (n,)."""
    height, width = components.shape
    sides = np.array([height, width, height, width])
    weight = components.mass.astype(np.float64)
    weight[components.touches_border] *= SELECTION.border_weight
    weight[(components.border > SELECTION.frame_side * sides).any(axis=1)] *= SELECTION.frame_weight
    weight[find_boxes(components, weight)] = 0
    return weight


def _is_near(components: Components, box: Ints) -> Mask:
    """Which components are near a box, and not another digit beside it.  (4,) -> (n,)."""
    gap = np.maximum(components.box[:, :2] - box[2:], box[:2] - components.box[:, 2:])
    size = box[2:] - box[:2]
    is_beside = gap[:, 0] > SELECTION.beside_gap * size[1]
    is_beside &= components.size[:, 1] > SELECTION.beside_height * size[1]
    is_fragment = components.size.max(axis=1) < SELECTION.fragment_size * size.max()
    is_fragment |= components.touches_border
    max_gap = np.where(is_fragment, SELECTION.max_fragment_gap, SELECTION.max_gap) * size.max()
    is_near: Mask = (gap.max(axis=1) <= max_gap) & ~is_beside
    return is_near


def _is_rectangle(components: Components, label: int) -> bool:
    """Whether a component is a thin outline, with ink along at least three sides of its bounding box."""
    left, top, right, bottom = components.box[label]
    width, height = components.size[label]
    shorter = min(width, height)
    if shorter < SELECTION.box_min_side:
        return False
    if components.area[label] > SELECTION.box_max_filled * width * height:
        return False
    ink = components.mask(np.arange(len(components.area)) == label)[top:bottom, left:right]
    band = max(2, shorter // 20)
    sides = ink[:band].any(axis=0), ink[-band:].any(axis=0), ink[:, :band].any(axis=1), ink[:, -band:].any(axis=1)
    return sum(float(side.mean()) > SELECTION.box_straight for side in sides) >= len(sides) - 1


def _encloses_another(components: Components, label: int) -> bool:
    """Whether there is a component of some size inside the bounding box of another."""
    box = components.box[label]
    is_inside = (components.box[:, :2] > box[:2]) & (components.box[:, 2:] < box[2:])
    is_large = components.size.max(axis=1) > SELECTION.box_content * components.size[label].min()
    return bool((is_inside.all(axis=1) & is_large).any())
