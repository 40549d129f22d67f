"""The charts of a sweep."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from nnfang.reports.charts import WIDTH, label_ends, make_axes, thin
from nnfang.reports.style import BLUE, GREEN, ORANGE, PURPLE, SMALL_TEXT, VERMILION, draw_text, make_figure, strip
from nnfang.reports.svg import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from nnfang.runs.sweeps.summary import Group

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
MOST_CURVES = len(COLOURS)
LINE, FOOT = 0.3, 0.55
"""Inches of a line, and of what is below all."""

LABEL = 18
"""Characters of a setting that there is room for at the end of a curve."""


def draw_results(groups: Sequence[Group]) -> Figure:
    """The test accuracy of each setting: each seed a dot, and the 95% interval of the mean."""
    figure = make_figure(WIDTH, LINE * len(groups) + FOOT, PAGE)
    axes = figure.add_subplot()
    strip(axes, PAGE)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    transform = axes.get_yaxis_transform()
    for place, group in enumerate(groups):
        draw_text(
            axes,
            -0.03,
            place,
            group.setting or "all",
            ha="right",
            va="center",
            color=PAGE.ink,
            fontsize=SMALL_TEXT,
            transform=transform,
        )
        if group.test is None:
            continue
        if group.test.interval:
            axes.hlines(place, *group.test.interval, color=PAGE.line, linewidth=4)
        axes.plot(
            group.test.values,
            [place] * len(group.test.values),
            "o",
            color=BLUE,
            markersize=3,
            alpha=0.6,
            markeredgewidth=0,
        )
        axes.plot([group.test.mean], [place], "|", color=BLUE, markersize=11, markeredgewidth=1.5)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    axes.set_xlabel("test accuracy", color=PAGE.quiet, fontsize=SMALL_TEXT)
    return figure


def draw_courses(groups: Sequence[Group]) -> Figure:
    """The validation accuracy over the epochs of the best training of each of the best settings."""
    figure, axes = make_axes()
    lines = []
    for group, colour in zip(groups, cycle(COLOURS), strict=False):
        history = group.best.history if group.best else ()
        course = [(epoch.epoch, epoch.val_accuracy) for epoch in history if epoch.val_accuracy is not None]
        if course:
            epochs, values = zip(*(course[i] for i in thin(len(course), len(course))), strict=True)
            axes.plot(
                epochs, values, color=colour, linewidth=1.5, marker="o" if len(epochs) == 1 else None, markersize=4
            )
            name = group.setting if len(group.setting) <= LABEL else f"{group.setting[: LABEL - 1]}…"
            lines.append((name, colour, values[-1], "{:.2%}".format))
    label_ends(axes, lines)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    return figure
