"""The charts of a page: narrow enough for a phone, several beside each other on anything wider."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from nnfang.reports.pictures import draw_calibration
from nnfang.reports.style import BLUE, ORANGE, SMALL_TEXT, TEXT, draw_text, make_figure, strip
from nnfang.reports.svg import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nnfang.reports.calibration import Calibration
    from nnfang.reports.distributions import Distribution, LayerDistributions
    from nnfang.reports.layers import LayerFacts
    from nnfang.training.events import Epoch

WIDTH, HEIGHT = 3.9, 2.5
"""Inches of a chart."""

MOST_POINTS = 1000
"""Of a curve; more cannot be told apart."""

LOGARITHMIC_FROM = 8
"""The largest value divided by the smallest, from which on an axis is logarithmic."""

LABEL_HEIGHT = 0.085
"""Of a label at a line, as a part of the height of the axes."""


def draw_curves(
    history: Sequence[Epoch], best: int, quantity: str, *, as_text: Callable[[float], str], may_be_log: bool
) -> Figure:
    """A quantity over the epochs, on the training and the validation images; the best epoch is marked.

    Args:
        history: At least one epoch.
        best: Number of the best epoch.
        quantity: Field of `Epoch`, whose value on the validation images is that of ``val_<quantity>``.
        as_text: A value in words.
        may_be_log: Whether values may be seen by their ratios.
    """
    chosen = thin(len(history), best)
    epochs = np.array([history[i].epoch for i in chosen])
    lines = [
        (label, colour, np.array([_or_nan(getattr(history[i], name)) for i in chosen]))
        for label, colour, name in (("training", ORANGE, quantity), ("validation", BLUE, f"val_{quantity}"))
    ]
    lines = [line for line in lines if np.isfinite(line[2]).any()]
    figure, axes = make_axes()
    if may_be_log:
        _choose_scale(axes, np.concatenate([values for _, _, values in lines]))
    axes.axvline(best, color=PAGE.line, linewidth=0.8)
    for _, colour, values in lines:
        axes.plot(epochs, values, color=colour, linewidth=1.5, marker="o" if len(epochs) == 1 else None, markersize=4)
        here = values[epochs == best]
        axes.plot([best], here, "o", color=colour, markersize=4)
    _mark_best(axes, best, int(epochs[-1]))
    label_ends(axes, [(label, colour, _last(values), as_text) for label, colour, values in lines])
    if quantity == "accuracy":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    return figure


def draw_learning_rate(history: Sequence[Epoch], best: int) -> Figure:
    """The learning rate of each epoch's last step."""
    chosen = thin(len(history), best)
    figure, axes = make_axes()
    epochs, rates = [history[i].epoch for i in chosen], [history[i].learning_rate for i in chosen]
    axes.plot(epochs, rates, color=PAGE.quiet, linewidth=1.5, drawstyle="steps-mid")
    axes.set_ylim(0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return figure


def thin(n: int, best: int) -> list[int]:
    """The places of the epochs that are drawn: all, or about `MOST_POINTS`, with the best and the last."""
    step = max(1, n // MOST_POINTS)
    return sorted({*range(0, n, step), best - 1, n - 1})


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None or not isfinite(value) else value


def make_axes() -> tuple[Figure, Axes]:
    """An empty chart over the epochs."""
    figure = make_figure(WIDTH, HEIGHT, PAGE)
    axes = figure.add_subplot()
    strip(axes, PAGE)
    axes.set_xlabel("epoch", color=PAGE.quiet, fontsize=SMALL_TEXT)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True, min_n_ticks=1))
    return figure, axes


def _choose_scale(axes: Axes, values: npt.NDArray[np.float64]) -> None:
    """A logarithmic axis where values differ by much, else one from 0."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low <= 0 or high / low < LOGARITHMIC_FROM:
        axes.set_ylim(min(0.0, low), 1.05 * high or 1)
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(axis="y", which="minor", length=0)


def _mark_best(axes: Axes, best: int, last: int) -> None:
    is_right = best > last / 2
    draw_text(
        axes,
        best,
        1.02,
        f"best: epoch {best:,}",
        color=PAGE.quiet,
        fontsize=SMALL_TEXT,
        ha="right" if is_right else "left",
        va="bottom",
        transform=axes.get_xaxis_transform(),
    )


def _last(values: npt.NDArray[np.float64]) -> float:
    return float(values[np.isfinite(values)][-1])


def label_ends(axes: Axes, lines: Sequence[tuple[str, str, float, Callable[[float], str]]]) -> None:
    """Write what each line is, and its last value, where it ends; they make room for one another.

    Args:
        axes: Where the lines have been drawn.
        lines: The label of each, its colour, its last value, and how that is written.
    """
    axes.autoscale_view()
    to_part = axes.transData + axes.transAxes.inverted()
    ends = []
    for label, colour, last, as_text in lines:
        ends.append((float(to_part.transform((0, last))[1]), f"{label} {as_text(last)}", colour))
    ends.sort()
    height = -1.0
    for place, text, colour in ends:
        height = max(place, height + LABEL_HEIGHT)
        style = {"color": colour, "fontsize": TEXT, "va": "center", "transform": axes.transAxes}
        draw_text(axes, 1.02, height, text, **style)


def draw_layers(layers: Sequence[LayerFacts]) -> Figure:
    """The layers from the inputs down to the outputs, as wide as the root of their units."""
    widths = [layers[0].inputs, *(layer.units for layer in layers)]
    pitch, height, middle, left, indent = 0.6, 0.16, 0.9, 1.95, 0.55
    figure = make_figure(WIDTH, pitch * len(widths) - 0.25, PAGE, is_arranged=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(pitch * len(widths) - 0.34, -0.14)
    scale = 0.88 / sqrt(max(widths))
    sides = [max(scale * sqrt(width), 0.03) for width in widths]
    for i, (side, width) in enumerate(zip(sides, widths, strict=True)):
        y = i * pitch
        if i:
            layer, above = layers[i - 1], sides[i - 1]
            corners = [(middle - above, y - pitch + height), (middle + above, y - pitch + height)]
            corners += [(middle + side, y), (middle - side, y)]
            axes.fill(*zip(*corners, strict=True), color=PAGE.line, alpha=0.35, linewidth=0)
            shape = ", ".join(
                f"{name} {' × '.join(f'{n:,}' for n in numbers)}"
                for name, numbers in zip("Wb", layer.shapes, strict=False)
            )
            if layer.parameters:
                shape += f": {layer.parameters:,}"
            between = y - (pitch - height) / 2
            draw_text(axes, left, between, shape, color=PAGE.quiet, fontsize=SMALL_TEXT, va="center")
        axes.fill_between([middle - side, middle + side], y, y + height, color=BLUE, linewidth=0)
        name = layers[i - 1].name if i else "inputs"
        draw_text(axes, left, y + height / 2, f"{width:,}", color=PAGE.ink, weight="bold", va="center", fontsize=TEXT)
        draw_text(axes, left + indent, y + height / 2, name, color=PAGE.ink, va="center", fontsize=TEXT)
    return figure


def draw_small_calibration(calibration: Calibration) -> Figure:
    """How often the network is right when it is so sure; what the title would say stands beside it in the page."""
    figure = draw_calibration(calibration, PAGE)
    figure.set_size_inches(WIDTH, 1.1 * WIDTH)
    figure.axes[0].set_title("", loc="left")
    return figure


def draw_distributions(layer: LayerDistributions) -> Figure:
    """The weights of a layer, and what its units give."""
    figure = make_figure(WIDTH, 1.5, PAGE)
    for axes, name, found in zip(
        figure.subplots(1, 2), ("weights W", "activations a"), (layer.weights, layer.outputs), strict=True
    ):
        _draw_distribution(axes, name, found)
    return figure


def _draw_distribution(axes: Axes, name: str, found: Distribution) -> None:
    strip(axes, PAGE)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.stairs(found.counts, found.edges, fill=True, color=BLUE, linewidth=0)
    axes.set_ylim(0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    zeros = f", {found.zeros:.0%} are 0" if round(found.zeros, 2) else ""
    axes.set_title(f"{name}{zeros}", color=PAGE.quiet, fontsize=SMALL_TEXT, loc="left", parse_math=False)
