"""What ink looks like on its way from the page to an image, step by step: for whoever wants to see it."""

from dataclasses import dataclass

from nnfang.images.arrays import Grey
from nnfang.images.geometry import resize_to_fit
from nnfang.images.preparation import inner_box
from nnfang.images.stroke_width import normalize_stroke_width, relative_stroke_width


@dataclass(frozen=True)
class Stages:
    """Ink before it is put into its place in an image.

    Attributes:
        cut: (height, width), as it was cut out of the page.
        even: (height, width), with strokes as wide as those of MNIST; `cut` itself where they were.
        fitted: (h, w), resized to fit 20/28 of the image.
        width_before: Of the strokes that were cut out, in pixels of a digit that is 20 pixels long.
        width_after: Of the strokes since.
    """

    cut: Grey
    even: Grey
    fitted: Grey
    width_before: float
    width_after: float


def list_stages(ink: Grey, shape: tuple[int, int]) -> Stages:
    """The steps of `nnfang.images.preparation.prepare_segment`, one by one.

    Args:
        ink: (height, width), light on black, cropped to the digit.
        shape: (h, w) of the image.
    """
    box = inner_box(shape)
    even = normalize_stroke_width(ink, box)
    return Stages(
        ink, even, resize_to_fit(even, box), relative_stroke_width(ink, box), relative_stroke_width(even, box)
    )
