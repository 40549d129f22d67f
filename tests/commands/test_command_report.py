"""``nnfang report`` and ``train --report``: a page of every kind of run, or a clear answer."""

from __future__ import annotations

import os
import re
import shutil
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.runs.test_golden import GOLDEN

pytest.importorskip("matplotlib", reason="the extra report is not installed")
pytest.importorskip("jinja2", reason="the extra report is not installed")

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained


def read(path: Path) -> str:
    """The words of a page."""
    text = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text)))


@pytest.fixture
def run(nnfang: Nnfang, trained: Trained) -> Path:
    """A copy of a run, to be damaged."""
    folder = nnfang.folder / "run"
    shutil.copytree(trained.folder, folder)
    return folder


def test_the_page_of_a_run_says_what_the_run_says(nnfang: Nnfang, run: Path, trained: Trained) -> None:
    result = nnfang("report", "run", environment={"DISPLAY": ":9", "MPLBACKEND": "tkagg"})
    assert (result.stdout, result.stderr) == (f"{Path('run', 'report.html')}\n", "")
    text, end = read(run / "report.html"), trained.result.end
    low, high = end["test_interval"]
    assert f"test accuracy {end['test_accuracy']:.2%} 95% interval {low:.2%} to {high:.2%}" in text
    assert "784-128-64-10 on mnist-sample" in text
    assert "Trained on 9,000 images, with 1,000 held out" in text
    for epoch in trained.result.epochs:
        assert epoch["digest"] in text
    assert f"The digest of this network is {end['digest']} , after epoch {end['best_epoch']}" in text
    assert "nnfang train -c config.yaml -o again" in text
    assert f"engine: {end['engine']}" in text


def test_the_config_of_the_page_trains_the_same_network(nnfang: Nnfang, run: Path, trained: Trained) -> None:
    nnfang.inside("report", "-q", "run", "-o", "page.html")
    config, commands = re.findall(r"<pre>(.*?)</pre>", (nnfang.folder / "page.html").read_text(), re.DOTALL)
    (nnfang.folder / "config.yaml").write_text(unescape(config))
    nnfang.shell(f"set -e; {commands.splitlines()[0]} -q")
    (again,) = nnfang.inside("inspect", "again", "--json").objects
    assert again["digest"] == trained.result.end["digest"]


def test_a_page_is_not_overwritten_without_force(nnfang: Nnfang, run: Path) -> None:
    (run / "report.html").write_text("mine")
    result = nnfang.inside("report", "run", code=2)
    assert "report.html: already exists; choose another name, or --force to overwrite it" in result.stderr
    assert (run / "report.html").read_text() == "mine"
    nnfang.inside("report", "run", "--force")
    assert (run / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_without_the_extra_a_line_says_what_to_install(
    library: str, nnfang: Nnfang, run: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("without")
    (folder / f"{library}.py").write_text("raise ImportError")
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
    needed = "report.html: a report needs matplotlib and jinja2: pip install 'nnfang[report]'"
    assert needed in nnfang("report", "run", code=1, environment=environment).stderr
    result = nnfang.train("-q", "--report", "-o", "new", environment=environment)
    assert result.stderr.startswith("warning: ")
    assert needed in result.stderr
    assert sorted(path.suffix for path in (nnfang.folder / "new").iterdir())[-1] == ".yaml"


def test_a_training_ends_with_its_page_and_a_longer_one_with_a_new_page(nnfang: Nnfang) -> None:
    nnfang.train("-q", "--report", "-o", "run")
    page = nnfang.folder / "run" / "report.html"
    assert "1 epoch, best: 1" in read(page)
    nnfang("train", "-q", "--resume", "run", "--epochs", "2", "--report")
    text = read(page)
    assert "2 epochs, best: 1" in text
    assert "epochs: 2" in text
    assert not {"Running", "Interrupted"} & set(text.split())
    nnfang("train", "-q", "--resume", "run", "--fork", "--epochs", "3", "--report", "-o", "fork")
    text = read(nnfang.folder / "fork" / "report.html")
    assert "forked from run at step 900" in text
    assert "It was forked from run at step 900, so it has no beginning." in text
    assert "nnfang train -c" not in text


def test_a_page_that_cannot_be_drawn_fails_no_run(nnfang: Nnfang, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnfang.reports import charts

    monkeypatch.setattr(charts, "WIDTH", "wide")
    arguments = ("train", "-q", "--dataset", "mnist-sample", "--limit", "500", "--epochs", "1", "-o", "run")
    result = nnfang.inside(*arguments, "--report")
    assert re.match(r"warning: run.report\.html: cannot be drawn: ", result.stderr)
    assert "test accuracy" in result.stdout
    assert "cannot be drawn" in nnfang.inside("report", "-q", "run", code=1).stderr


def test_a_run_that_was_interrupted_says_so(nnfang: Nnfang) -> None:
    shutil.copytree(GOLDEN / "online-sgd", nnfang.folder / "run")
    nnfang.inside("report", "run")
    assert "Interrupted , after 1 of 3 epochs." in read(nnfang.folder / "run" / "report.html")


def test_a_run_that_diverged_says_so(nnfang: Nnfang) -> None:
    nnfang.train("-q", "--lr", "1000", "-o", "run", code=4)
    nnfang.inside("report", "run")
    text = read(nnfang.folder / "run" / "report.html")
    assert "Diverged : training diverged in epoch 1" in text
    assert "How training went" not in text


def test_a_run_whose_latest_checkpoint_is_damaged_shows_its_best(nnfang: Nnfang, run: Path) -> None:
    (run / "last.npz").write_bytes(b"PK\3\4")
    nnfang.inside("report", "run")
    assert "Damaged : run" in read(run / "report.html")
    (run / "best.npz").write_bytes(b"PK\3\4")
    assert "not a whole .npz file" in nnfang.inside("report", "run", "--force", code=6).stderr


def test_where_there_is_nothing_to_show_it_is_said(nnfang: Nnfang, run: Path) -> None:
    (run / "best.npz").unlink()
    assert "run: there is no best.npz in this folder" in nnfang.inside("report", "run", code=6).stderr
    assert "there is no such file" in nnfang.inside("report", "nowhere", code=6).stderr
    assert "no trained network" in nnfang.inside("report", code=6).stderr


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_of_each_format_has_a_page(number: int, nnfang: Nnfang) -> None:
    import numpy as np

    from nnfang.runs.checkpoint import load_meta

    meta = load_meta(GOLDEN / f"format-{number}.npz")
    x, y = np.zeros((6, *meta.input_shape), np.uint8), np.arange(6, dtype=np.uint8) % len(meta.class_names)
    np.savez(nnfang.folder / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    nnfang("report", str(GOLDEN / f"format-{number}.npz"), "--dataset", "data.npz")
    text = read(nnfang.folder / "report.html")
    assert "dropout, 0.25" in text
    assert "How training went" in text


def test_the_bundled_network_has_a_page_without_a_history(nnfang: Nnfang) -> None:
    nnfang.inside("report", "bundled", "--dataset", "mnist-sample", "-o", "page.html")
    text = read(nnfang.folder / "page.html")
    assert "bundled, exported for inference only" in text
    assert "of 2,000 test images of mnist-sample" in text
    assert "How training went" not in text
