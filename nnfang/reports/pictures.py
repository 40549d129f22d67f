"""The pictures of an evaluation: its confusion matrix, its mistakes, and how far it can be believed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from nnfang.reports.gallery import MOST_PICTURES, Answer, Picture, draw_gallery, shorten
from nnfang.reports.style import (
    BLUE,
    LIGHT,
    SMALL_TEXT,
    TITLE,
    Theme,
    draw_text,
    make_figure,
    strip,
    to_png,
)
from nnfang.training.evaluation import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nnfang.reports.calibration import Calibration
    from nnfang.reports.comparison import Comparison
    from nnfang.reports.mistakes import Mistakes
    from nnfang.reports.result import Result

MOST_LABELLED = 30
"""Classes of a matrix that has numbers and names in it."""


def draw_all(result: Result, mistakes: Mistakes) -> dict[str, Callable[[], bytes]]:
    """The pictures that there are of an evaluation: name of the file -> what draws it, as PNG."""
    figures: dict[str, Callable[[], Figure]] = {"confusion.png": lambda: draw_confusion(result)}
    if len(mistakes.rows) and result.outcome.images.ndim > 2:  # noqa: PLR2004  # else they are no pictures
        figures["errors.png"] = lambda: draw_mistakes(result, mistakes)
    if calibration := result.calibration:
        figures["calibration.png"] = lambda: draw_calibration(calibration)
    return {name: lambda draw=draw: to_picture(draw) for name, draw in figures.items()}  # type: ignore[misc]


def to_picture(draw: Callable[[], Figure]) -> bytes:
    """What is drawn, as PNG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font lacks, which are drawn as boxes
        return to_png(draw())


def draw_confusion(result: Result, theme: Theme = LIGHT) -> Figure:
    """Counts of errors, shaded; correct ones on the diagonal, not shaded, since they would outshine all others."""
    confusion, names = result.evaluation.confusion, [shorten(name) for name in result.data.class_names]
    size = len(names)
    is_labelled = size <= MOST_LABELLED
    side = 1.6 + max(3.2, 0.42 * size) if is_labelled else 7
    figure = make_figure(side, side, theme)
    axes = figure.add_subplot()
    errors = confusion - np.diag(np.diag(confusion))
    axes.imshow(errors, cmap=theme.shades, vmin=0, vmax=max(int(errors.max()), 1))
    strip(axes, theme)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, colors=theme.ink, labeltop=True, labelbottom=False)
    axes.set_xlabel("predicted class", color=theme.quiet, fontsize=SMALL_TEXT)
    axes.set_ylabel("true class", color=theme.quiet, fontsize=SMALL_TEXT)
    axes.xaxis.set_label_position("top")
    if is_labelled:
        turned = 0 if max(map(len, names)) <= 3 else 90  # noqa: PLR2004
        axes.set_xticks(range(size), names, rotation=turned, parse_math=False)
        axes.set_yticks(range(size), names, parse_math=False)
        _write_counts(axes, confusion, theme)
    return figure


def _write_counts(axes: Axes, confusion: np.ndarray[tuple[int, ...], np.dtype[np.int64]], theme: Theme) -> None:
    most = max(int((confusion - np.diag(np.diag(confusion))).max()), 1)
    for (i, j), count in np.ndenumerate(confusion):
        if count:
            is_strong = i != j and count > 0.6 * most
            style = (
                {"weight": "bold", "color": theme.quiet}
                if i == j
                else {"color": theme.paper if is_strong else theme.ink}
            )
            draw_text(axes, j, i, f"{count}", ha="center", va="center", fontsize=SMALL_TEXT, **style)


def draw_mistakes(result: Result, mistakes: Mistakes, theme: Theme = LIGHT) -> Figure:
    """The mistakes of which the network was surest, each with its true class, and what it was taken for."""
    chosen, n = mistakes.most_confident(MOST_PICTURES).tolist(), len(mistakes.rows)
    pictures = [
        Picture(
            result.outcome.images[mistakes.rows[place]],
            result.name(int(mistakes.true[place])),
            (Answer(_describe_mistake(result, mistakes, place)),),
        )
        for place in chosen
    ]
    how_many = "mistakes" if n == len(chosen) else f"surest of {n:,} mistakes"
    title = f"{len(chosen)} {how_many}: the true class → what it was taken for"
    return draw_gallery(title, pictures, theme)


def _describe_mistake(result: Result, mistakes: Mistakes, place: int) -> str:
    """``→ 1  98%``."""
    how_sure = f"  {mistakes.confidence[place]:.0%}" if result.is_probability else ""
    return f"→ {shorten(result.name(int(mistakes.predicted[place])))}{how_sure}"


def draw_calibration(calibration: Calibration, theme: Theme = LIGHT) -> Figure:
    """How often the network is right when it is so sure, with 95% intervals; and how often it is so sure."""
    figure = make_figure(4.4, 4.8, theme)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    for axes in (above, below):
        strip(axes, theme)
    used = calibration.images > 0
    images, confidence, accuracy = (
        values[used] for values in (calibration.images, calibration.confidence, calibration.accuracy)
    )
    intervals = [wilson_interval(round(p * n), int(n)) for p, n in zip(accuracy, images, strict=True)]
    low, high = np.array(intervals).T
    above.plot([0, 1], [0, 1], color=theme.line, linewidth=1)
    draw_text(
        above,
        0.03,
        0.07,
        "as often right as it says",
        color=theme.quiet,
        fontsize=SMALL_TEXT,
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
    )
    above.vlines(confidence, low, high, color=BLUE, linewidth=1)
    above.plot(confidence, accuracy, "o", color=BLUE, markersize=4)
    above.set_ylim(0, 1.02)
    above.set_ylabel("fraction correct", color=theme.quiet, fontsize=SMALL_TEXT)
    above.set_title(f"expected calibration error {calibration.error:.2%}", color=theme.ink, fontsize=TITLE, loc="left")
    edges = np.linspace(0, 1, len(calibration.images) + 1)
    below.bar(edges[:-1], calibration.images, np.diff(edges) * 0.92, align="edge", color=BLUE)
    below.set_xlim(0, 1.01)
    below.set_ylabel("images", color=theme.quiet, fontsize=SMALL_TEXT)
    below.set_xlabel("probability of the predicted class", color=theme.quiet, fontsize=SMALL_TEXT)
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    for axis in (above.xaxis, above.yaxis, below.xaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure


def draw_disputed(comparison: Comparison, theme: Theme = LIGHT) -> Figure:
    """The images that some networks get right and some wrong, and what each network says."""
    data, disputed = comparison.data, comparison.disputed
    shown = disputed[:MOST_PICTURES].tolist()
    answers = [(contender.letter, contender.outcome.predicted) for contender in comparison.contenders]
    pictures = [
        Picture(
            data.x_test[i],
            data.class_names[data.y_test[i]],
            tuple(
                Answer(f"{letter}  {shorten(data.class_names[predicted[i]])}", bool(predicted[i] == data.y_test[i]))
                for letter, predicted in answers
            ),
        )
        for i in shown
    ]
    first = "" if len(shown) == len(disputed) else f"the first {len(shown)} of "
    return draw_gallery(
        f"{first}{len(disputed):,} images on which they differ: the true class, and what each says", pictures, theme
    )
