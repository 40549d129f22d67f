"""Pictures beside each other, each with a few words below it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from nnfang.names import escape
from nnfang.reports.style import LIGHT, SMALL_TEXT, TEXT, VERMILION, Theme, draw_text, make_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PICTURES, ACROSS, FEWEST_ACROSS = 40, 8, 4
"""Of a gallery: in all, and in a row; and how many a row has room for at least, so that the title has."""

LONGEST_NAME = 14
"""Characters of the name of a class that are shown."""

SIDE, GAP, LEADING, HEAD = 1.0, 0.15, 0.14, 0.35
"""Of a picture, between two, of a line of text, and above all, in inches."""


@dataclass(frozen=True)
class Answer:
    """A line below a picture: what a network says of it, and whether that is right."""

    text: str
    is_correct: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a gallery.

    Attributes:
        image: (height, width).
        true: The name of its class.
        answers: What networks say of it.
    """

    image: npt.NDArray[Any]
    true: str
    answers: tuple[Answer, ...]


def draw_gallery(title: str, pictures: Sequence[Picture], theme: Theme = LIGHT) -> Figure:
    """The first `MOST_PICTURES`, each with its true class and the answers, of which the wrong ones are coloured."""
    pictures = pictures[:MOST_PICTURES]
    rows, columns = ceil(len(pictures) / ACROSS), max(FEWEST_ACROSS, min(ACROSS, len(pictures)))
    pitch = SIDE + GAP + LEADING * (1 + max(len(picture.answers) for picture in pictures))
    width, height = (SIDE + GAP) * columns + GAP, HEAD + pitch * rows
    figure = make_figure(width, height, theme, is_arranged=False)
    head: dict[str, Any] = {"color": theme.quiet, "fontsize": SMALL_TEXT, "va": "top", "parse_math": False}
    figure.text(GAP / width, 1 - GAP / 2 / height, title, **head)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, ACROSS)
        left, below = GAP + (SIDE + GAP) * column, height - HEAD - pitch * row - SIDE
        axes = figure.add_axes((left / width, below / height, SIDE / width, SIDE / height))
        axes.set_axis_off()
        axes.imshow(picture.image, cmap="gray_r", interpolation="nearest")
        _write_below(axes, picture, theme)
    return figure


def _write_below(axes: Axes, picture: Picture, theme: Theme) -> None:
    style = {"transform": axes.transAxes, "va": "top"}
    draw_text(axes, 0, -0.02, shorten(picture.true), weight="bold", color=theme.ink, fontsize=TEXT, **style)
    for number, answer in enumerate(picture.answers, 1):
        colour = theme.quiet if answer.is_correct else VERMILION
        draw_text(axes, 0, -0.04 - number * LEADING, answer.text, color=colour, fontsize=SMALL_TEXT, **style)


def shorten(name: str) -> str:
    """The name of a class as far as there is room for it."""
    name = escape(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
