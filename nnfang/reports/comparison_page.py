"""The page of a comparison: several networks on the same test images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from nnfang.core.constraints import LITERALS
from nnfang.reports import comparison_charts, png
from nnfang.reports.gallery import MOST_PICTURES
from nnfang.reports.page import duration, fill, percent_or_dash
from nnfang.reports.svg import Charts

if TYPE_CHECKING:
    from nnfang.reports.comparison import Comparison

LITTLE = 0.0001
"""The p-value below which there is no point in more digits."""

IMAGE_AXES = 2

Facts = dict[str, Any]

ROWS: dict[str, Callable[[Facts], str]] = {
    "accuracy": lambda found: percent_or_dash(found["accuracy"]),
    "95% from": lambda found: percent_or_dash(found["interval"][0]),
    "to": lambda found: percent_or_dash(found["interval"][1]),
    "loss": lambda found: f"{found['loss']:.4f}",
    "calibration error": lambda found: percent_or_dash(found["calibration_error"]),
    "epochs": lambda found: f"{found['epochs']:,}",
    "time per epoch": lambda found: "–" if found["seconds_per_epoch"] is None else duration(found["seconds_per_epoch"]),
    "test images per second": lambda found: f"{found['images_per_second']:,.0f}",
    "parameters": lambda found: f"{found['parameters']:,}",
    "bytes": lambda found: f"{found['bytes']:,}",
}
"""What is told of each network, and how."""


def render(comparison: Comparison) -> bytes:
    """The page, in UTF-8."""
    drawn, contenders = Charts(), comparison.contenders
    described = [contender.describe() for contender in contenders]
    curves = partial(comparison_charts.draw_courses, contenders)
    intervals = partial(comparison_charts.draw_intervals, contenders)
    values = {
        "comparison": comparison,
        "intervals": drawn.add(intervals, "The accuracy of each network with its 95% interval"),
        "curves": drawn.add(curves, "The validation accuracy of each network by epoch")
        if any(map(comparison_charts.find_course, contenders))
        else None,
        "rows": {name: [show(found) for found in described] for name, show in ROWS.items()},
        "settings": {key: list(map(_format_setting, values)) for key, values in comparison.settings.items()},
        "duels": [(duel, _format_p(duel.pairing.p_value)) for duel in comparison.duels],
        "disputed": _show_disputed(comparison),
    }
    return fill("comparison.html.jinja", drawn, values)


def _format_setting(value: Any) -> str:
    """A value of the config as it is written there; a dash where there is no such key."""
    if value is None:
        return "–"
    return LITERALS[value] if isinstance(value, bool) else str(value)


def _format_p(p: float) -> str:
    return f"< {LITTLE}" if p < LITTLE else f"{p:.2g}"


def _show_disputed(comparison: Comparison) -> list[dict[str, Any]]:
    """The first images that some networks get right and some wrong; none where images are no pictures."""
    data = comparison.data
    if data.x_test.ndim <= IMAGE_AXES:
        return []
    return [
        {
            "url": png.to_data_url(png.scale_ink(data.x_test[i]), png.INK),
            "index": i,
            "true": data.class_names[data.y_test[i]],
            "answers": [
                (one.letter, data.class_names[one.outcome.predicted[i]], bool(one.is_correct[i]))
                for one in comparison.contenders
            ],
        }
        for i in comparison.disputed[:MOST_PICTURES].tolist()
    ]
