"""How a picture became what a network sees, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.runs.explanation import Explanation

LITTLE = 0.05
"""Pixels by which nothing is moved."""


@dataclass(frozen=True)
class Step:
    """A step.

    Attributes:
        name: What it is about.
        text: What was done, for a person.
        figures: The same in numbers.
    """

    name: str
    text: str
    figures: dict[str, Any]


def list_steps(explanation: Explanation) -> list[Step]:
    """What was done to the picture, in its order."""
    return [
        _read(explanation),
        _ink(explanation),
        *(_cut(explanation) if explanation.stages else [_resize(explanation)]),
    ]


def _read(explanation: Explanation) -> Step:
    (height, width), grey = explanation.page.file_shape, explanation.page.grey
    smaller = f", read at {grey.shape[1]:,} x {grey.shape[0]:,}" if grey.shape != (height, width) else ""
    text = f"{width:,} x {height:,} pixels{smaller}, in grey levels"
    return Step("read", text, {"width": width, "height": height})


def _ink(explanation: Explanation) -> Step:
    is_inverted = explanation.prediction.picture.is_inverted
    how = "dark on light: light and dark are exchanged" if is_inverted else "taken as light on dark"
    return Step("ink", how, {"inverted": is_inverted})


def _resize(explanation: Explanation) -> Step:
    picture = explanation.prediction.picture
    height, width = picture.image.shape
    figures = {"width": width, "height": height, "scale": picture.scale}
    if picture.image.shape == explanation.page.file_shape:
        return Step("size", f"{width} x {height} already: it is used as it is", figures)
    return Step("resize", f"all of it to {width} x {height} pixels", figures)


def _cut(explanation: Explanation) -> Iterator[Step]:
    """The steps of what was cut out of the page."""
    picture, stages = explanation.prediction.picture, explanation.stages
    if stages is None:
        return
    left, top, right, bottom = picture.crop
    width, height = right - left, bottom - top
    share = width * height / (explanation.page.file_shape[0] * explanation.page.file_shape[1])
    where = f"{width:,} x {height:,} pixels, {left:,} from the left and {top:,} from the top"
    figures = {"left": left, "top": top, "right": right, "bottom": bottom, "share": share}
    yield Step("cut out", f"{where}: {share:.1%} of the picture", figures)
    before, after = stages.width_before, stages.width_after
    done = "left so" if stages.even is stages.cut else f"made {after:.1f}"
    yield Step(
        "strokes",
        f"{before:.1f} pixels wide where the digit is 20 long: {done}",
        {"width_before": before, "width_after": after},
    )
    fitted_height, fitted_width = stages.fitted.shape
    yield Step(
        "resize",
        f"to {fitted_width} x {fitted_height} pixels, by a factor of {picture.scale:.3g}",
        {"width": fitted_width, "height": fitted_height, "scale": picture.scale},
    )
    yield Step("centre", _describe_shift(*picture.shift), {"right": picture.shift[0], "down": picture.shift[1]})


def _describe_shift(right: float, down: float) -> str:
    """By how far ink was moved, so that its centre of mass is in the middle."""
    moves = [
        f"{abs(distance):.1f} {ahead if distance > 0 else back}"
        for distance, ahead, back in ((right, "right", "left"), (down, "down", "up"))
        if abs(distance) >= LITTLE
    ]
    return f"moved {' and '.join(moves) or 'nowhere'}: the centre of mass of the ink is in the middle"
