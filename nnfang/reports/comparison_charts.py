"""The charts of a comparison: a network is called by its letter, in the colour of its line."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from nnfang.reports.charts import WIDTH, label_ends, make_axes, thin
from nnfang.reports.style import BLUE, GREEN, ORANGE, PURPLE, SMALL_TEXT, TEXT, VERMILION, draw_text, make_figure, strip
from nnfang.reports.svg import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from nnfang.reports.comparison import Contender

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
LINE, FOOT = 0.3, 0.55
"""Inches of a line, and of what is below all."""


def draw_intervals(contenders: Sequence[Contender]) -> Figure:
    """The accuracy of each network, one below the other, with its 95% interval."""
    figure = make_figure(WIDTH, LINE * len(contenders) + FOOT, PAGE)
    axes = figure.add_subplot()
    strip(axes, PAGE)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    for place, (one, colour) in enumerate(zip(contenders, cycle(COLOURS), strict=False)):
        evaluation = one.outcome.evaluation
        axes.hlines(place, *evaluation.interval, color=colour, linewidth=1.5)
        axes.plot([evaluation.accuracy], [place], "o", color=colour, markersize=5)
        transform = axes.get_yaxis_transform()
        draw_text(axes, -0.05, place, one.letter, color=colour, weight="bold", va="center", transform=transform)
        text = f"{evaluation.accuracy:.2%}"
        draw_text(axes, 1.03, place, text, color=PAGE.ink, fontsize=TEXT, va="center", transform=transform)
    axes.set_ylim(len(contenders) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.set_xlabel("test accuracy, 95% intervals", color=PAGE.quiet, fontsize=SMALL_TEXT)
    return figure


def find_course(contender: Contender) -> list[tuple[int, float]]:
    """The epochs up to the best with their validation accuracy; empty where it is not known."""
    history = contender.checkpoint.meta.history
    return [(epoch.epoch, epoch.val_accuracy) for epoch in history if epoch.val_accuracy is not None]


def draw_courses(contenders: Sequence[Contender]) -> Figure:
    """The validation accuracy of each network over its epochs, as far as that is known."""
    figure, axes = make_axes()
    lines = []
    for one, colour in zip(contenders, cycle(COLOURS), strict=False):
        if course := find_course(one):
            chosen = [course[i] for i in thin(len(course), len(course))]
            epochs, values = zip(*chosen, strict=True)
            axes.plot(
                epochs, values, color=colour, linewidth=1.5, marker="o" if len(epochs) == 1 else None, markersize=4
            )
            lines.append((one.letter, colour, values[-1], "{:.2%}".format))
    label_ends(axes, lines)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    return figure
