"""Training the points of a sweep, by real processes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nnfang.core.layers import Dense
from nnfang.runs.sweeps import executors, work
from nnfang.runs.sweeps.driver import Sweep
from nnfang.runs.sweeps.folder import SweepFolder
from nnfang.runs.sweeps.plan import Axis, Plan
from nnfang.runs.sweeps.rows import read_row
from nnfang.training.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = Recipe(dataset="mnist-sample", layers=(Dense(4), Dense(10, "softmax")), limit=300, epochs=100_000)


def test_who_looks_away_does_not_wait_for_the_trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CHILDREN", work.Children())
    plan = Plan(ENDLESS, (Axis("seed", (0, 1)),))
    sweep = Sweep.open(plan, SweepFolder(tmp_path))

    def look() -> None:
        with executors.local(1) as executor, closing(sweep.run(executor, lambda: False)) as rows:
            for _ in rows:
                if sweep.rows[1].history:
                    raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal is gone"):
        look()
    states = [read_row(point, sweep.folder.run(point)).state for point in sweep.points]
    assert states == ["interrupted", "waiting"]
