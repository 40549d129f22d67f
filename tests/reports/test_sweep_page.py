"""The page of a sweep: its figures, its map, and nothing wider than a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("matplotlib", reason="the extra report is not installed")
pytest.importorskip("jinja2", reason="the extra report is not installed")

from nnfang.reports.sweep_page import render
from nnfang.runs.sweeps.driver import Sweep
from nnfang.runs.sweeps.folder import SweepFolder
from nnfang.runs.sweeps.plan import Axis, Plan
from nnfang.runs.sweeps.rows import Row
from nnfang.training.events import Epoch
from nnfang.training.recipe import Recipe
from tests.reports.results import HOSTILE
from tests.reports.test_browser import show

if TYPE_CHECKING:
    from playwright.sync_api import Browser

AXES = (Axis("width", (4, 8)), Axis("depth", (1, 2, 3)), Axis("seed", (0, 1)))


def make_sweep(axes: tuple[Axis, ...] = AXES) -> Sweep:
    """A sweep in which test accuracy falls with the number of the training, and the last diverged."""
    plan = Plan(Recipe(dataset=HOSTILE[1], epochs=3), axes)
    points, rows = plan.points(), {}
    for point in points:
        accuracy = 1 - point.number / 100
        history = tuple(Epoch(e, 1.0, 0.5, 0.3, accuracy, 0.1, 1.0, 9.0, f"{e:016x}", True) for e in (1, 2, 3))
        row = Row(point, Path(f"{point.number:03d}"), "done", "", history, history[-1], accuracy - 0.1)
        rows[point.number] = row
    rows[len(points)] = replace(row, state="diverged", reason=HOSTILE[0])
    return Sweep(plan, SweepFolder(Path("sweeps/a")), points, rows)


def read(page: bytes) -> str:
    text = re.sub(r"<style>.*?</style>", "", page.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text)))


def test_the_page_tells_mean_deviation_and_winner() -> None:
    text = read(render(make_sweep()))
    assert f"12 trainings on {HOSTILE[1]}" in text
    assert "winner width=4 depth=1 by the mean on validation images" in text
    assert "width=4 depth=1 2 of 2 3 98.50% 0.71 88.50% 0.71" in text
    assert "width=8 depth=3 1 of 2" in text
    assert f"012 width=8 depth=3 seed=1: diverged, {HOSTILE[0]}" in text


def test_the_map_has_the_error_of_each_pair_darker_where_it_is_larger() -> None:
    page = render(make_sweep()).decode()
    table = page[page.index('<table class="matrix">') : page.index("</table>")]
    cells = re.findall(r"<td(?: class=\"(\w+)\")?>([^<]*)</td>", table)
    assert [text for _, text in cells] == ["11.50%", "13.50%", "15.50%", "17.50%", "19.50%", "21.00%"]
    assert [shade for shade, _ in cells] == ["", "s1", "s2", "s3", "s4", "s5"]


def test_with_one_key_there_is_no_map_and_without_a_result_no_chart() -> None:
    assert "matrix" not in read(render(make_sweep(AXES[1:])))
    sweep = make_sweep()
    empty = replace(sweep, rows={n: Row(row.point, row.folder) for n, row in sweep.rows.items()})
    assert "<svg" not in render(empty).decode()


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_quiet_and_fits(width: int, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(render(make_sweep()))
    shown, noted = show(browser, file, width)
    assert noted == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate("document.scripts.length") == 0
