from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

LINE = re.compile(r" *\d+\.\d\d s  (.*)")


def told(stderr: str) -> list[str]:
    return [found[1] for found in map(LINE.fullmatch, stderr.splitlines()) if found]


@pytest.fixture
def runs(nnfang: Nnfang, trained: Trained) -> Path:
    """A finished run, and a newer one that cannot predict."""
    shutil.copytree(trained.folder, nnfang.folder / "runs" / "own")
    nnfang.train("--epochs", "0", "-o", "runs/none", "-q")
    return nnfang.folder / "runs"


def test_predict_tells_what_was_found_skipped_and_done(runs: Path, nnfang: Nnfang) -> None:
    result = nnfang.inside("predict", "-v", "sample:7", "absent.png", code=1)
    own, none = Path("runs", "own"), Path("runs", "none")
    lines = told(result.stderr)
    assert lines[0] == f"Newest run under runs{os.sep}: {own}; skipped, no completed epoch: {none}"
    assert lines[1].startswith(f"Read {own / 'best.npz'} (epoch ")
    assert re.fullmatch(r"sample:7: prepared as digit, inverted, cropped to \(.*\), in \d+ ms", lines[2])
    assert re.fullmatch(r"absent\.png: skipped, after \d+ ms", lines[3])
    assert nnfang.inside("predict", "sample:7", "absent.png", code=1).stdout == result.stdout


def test_train_tells_the_mirrors_the_engine_and_the_times(nnfang: Nnfang) -> None:
    arguments = ("train", "--limit", "500", "--epochs", "1", "-o", "run")
    dead = {"NNFANG_MIRROR": "http://127.0.0.1:9"}
    lines = told(nnfang(*arguments, "-v", environment=dead).stderr)
    for words in ("not complete in the cache", "Asking http://127.0.0.1:9/mnist/", "failed: connection refused"):
        assert any(words in line for line in lines), words
    for start in ("Loaded mnist-sample", "Engine ", "Trained to epoch 1 in ", "Evaluated 2,000 test images in "):
        assert any(line.startswith(start) for line in lines), start
    assert told(nnfang(*arguments, "--force", environment=dead).stderr) == []


def test_quiet_leaves_what_was_asked_for(runs: Path, nnfang: Nnfang) -> None:
    result = nnfang.inside("evaluate", "-q", "-v")
    assert len(told(result.stderr)) == len(result.stderr.splitlines()) > 0
