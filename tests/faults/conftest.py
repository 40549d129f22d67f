"""A short training, a machine to run it on, and a count of what was done to it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.faults.kinds import Tally
from tests.faults.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

TALLY = "tally"

CONFIG = """
dataset: {dataset}
layers:
  - {{type: dense, units: 4, activation: tanh}}
  - {{type: dense, units: 3, activation: softmax}}
epochs: 3
batch_size: 8
validation_split: 0.2
optimizer: {{type: momentum, learning_rate: 0.05}}
engine: batch
"""


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    """Counts what a test does; the sum over all tests, in all processes, is shown at the end."""
    found = Tally()
    yield found
    record_property(TALLY, dict(found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = Tally()
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", None) == "teardown":
            for name, value in report.user_properties:
                if name == TALLY:
                    total.update(value)
    if total:
        terminalreporter.write_line(str(total))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("needs Linux and a C compiler")
    with Machine(tmp_path_factory.mktemp("machine")) as found:
        yield found


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config of a training that takes a moment, on data beside it."""
    folder = tmp_path_factory.mktemp("config")
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (y[:, None, None] * 80 + rng.integers(0, 90, (60, 3, 3))).astype(np.uint8)
    np.savez(folder / "few.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    (folder / "config.yaml").write_text(CONFIG.format(dataset=folder / "few.npz"))
    return folder / "config.yaml"
