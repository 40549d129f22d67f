"""The page of a sweep: which setting is best, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nnfang.reports import sweep_charts
from nnfang.reports.page import fill
from nnfang.reports.svg import Charts
from nnfang.runs.sweeps.plan import SEED, format_setting
from nnfang.runs.sweeps.summary import find_winner, rank

if TYPE_CHECKING:
    from nnfang.runs.sweeps.driver import Sweep
    from nnfang.runs.sweeps.plan import Axis
    from nnfang.runs.sweeps.rows import Row
    from nnfang.runs.sweeps.summary import Group

MOST_ROWS = 40
"""Settings that are drawn; all of them are in results.csv."""

SHADES = 5
"""Of a map, see page.css."""


@dataclass(frozen=True)
class Map:
    """A figure for each pair of values of two keys.

    Attributes:
        down: The name of the key whose values are the rows.
        across: The name of the key whose values are the columns.
        columns: Values of the latter.
        rows: For each value of the former: itself, and cells of a figure as text and a shade, "" for nothing.
    """

    down: str
    across: str
    columns: list[str]
    rows: list[tuple[str, list[tuple[str, str]]]]


def render(sweep: Sweep) -> bytes:
    """The page, in UTF-8."""
    drawn, rows = Charts(), list(sweep.rows.values())
    groups = rank(rows)
    shown = [group for group in groups if group.rows][:MOST_ROWS]
    has_curves = any(group.validation for group in shown)
    values = {
        "sweep": sweep,
        "recipe": sweep.plan.recipe,
        "groups": groups[:MOST_ROWS],
        "left_out": len(groups) - len(groups[:MOST_ROWS]),
        "winner": find_winner(rows),
        "failures": [row for row in rows if row.state in {"diverged", "failed", "killed", "damaged"}],
        "results": drawn.add(partial(sweep_charts.draw_results, shown), "The test accuracy of each setting")
        if any(group.test for group in shown)
        else None,
        "curves": drawn.add(
            partial(sweep_charts.draw_courses, shown[: sweep_charts.MOST_CURVES]), "Validation accuracy by epoch"
        )
        if has_curves
        else None,
        "maps": list(filter(None, [_draw_map(sweep, groups)])),
        "seconds": sum(row.seconds for row in rows),
    }
    return fill("sweep.html.jinja", drawn, values)


def _draw_map(sweep: Sweep, groups: list[Group]) -> Map | None:
    """The error on test images by the two keys with the most values; over all others, that of the best setting."""
    axes = [axis for axis in sweep.plan.axes if axis.path != SEED and len(axis.values) > 1]
    if len(axes) < 2:  # noqa: PLR2004 - a map has two sides
        return None
    chosen = sorted(axes, key=lambda axis: -len(axis.values))[:2]
    down, across = (axis for axis in axes if axis in chosen)
    best: dict[tuple[str, str], float] = {}
    for group in groups:  # the best by validation comes first
        if group.rows and group.test:
            best.setdefault((_value(group.rows[0], down), _value(group.rows[0], across)), 1 - group.test.mean)
    if not best:
        return None
    low, high = min(best.values()), max(best.values())
    columns = [format_setting(value) for value in across.values]

    def cell(key: tuple[str, str]) -> tuple[str, str]:
        if key not in best:
            return "–", ""
        shade = round(SHADES * (best[key] - low) / ((high - low) or 1))
        return f"{best[key]:.2%}", f"s{shade}" if shade else ""

    lines = [(format_setting(v), [cell((format_setting(v), column)) for column in columns]) for v in down.values]
    return Map(down.name, across.name, columns, lines)


def _value(row: Row, axis: Axis) -> str:
    return format_setting(row.point.settings[axis.path])
