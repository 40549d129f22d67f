"""``nnfang evaluate -o``, ``--junit`` and the page of CI: what is written, and what is not."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import parse

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

TEXTS = ["confusion.csv", "errors.csv", "metrics.json"]
PICTURES = ["calibration.png", "confusion.png", "errors.png"]
NO_PICTURES = "no pictures, which need matplotlib: pip install 'nnfang[report]'\n"


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def without_matplotlib(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which matplotlib is not installed."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "matplotlib.py").write_text("raise ImportError")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def test_the_files_say_what_stdout_says(trained: Trained, nnfang: Nnfang, without_matplotlib: dict[str, str]) -> None:
    arguments = ("evaluate", "-m", str(trained.folder), "-o", "a/b", "--junit", "result.xml", "--json")
    result = nnfang(*arguments, environment=without_matplotlib)
    folder = nnfang.folder / "a" / "b"
    assert result.stderr == f"{NO_PICTURES}{Path('a', 'b')}: metrics.json, confusion.csv, errors.csv\n"
    assert listed(folder) == TEXTS
    (found,) = result.objects
    assert json.loads((folder / "metrics.json").read_text()) == found
    _, *rows = csv.reader((folder / "confusion.csv").read_text().splitlines())
    assert [[int(cell) for cell in row[1:]] for row in rows] == found["confusion"]
    _, *errors = csv.reader((folder / "errors.csv").read_text().splitlines())
    assert len(errors) == round(2000 * (1 - found["accuracy"]))
    (case,) = parse(nnfang.folder / "result.xml").iter("testcase")
    assert case.find("failure") is None


def test_pictures_are_drawn_where_matplotlib_is_and_nothing_needs_a_display(trained: Trained, nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    arguments = ("evaluate", "-m", str(trained.folder), "-o", "out", "-q")
    assert nnfang(*arguments, environment={"DISPLAY": ":9", "MPLBACKEND": "tkagg"}).stderr == ""
    assert listed(nnfang.folder / "out") == sorted(TEXTS + PICTURES)


def test_a_picture_that_cannot_be_drawn_is_a_warning(
    trained: Trained, nnfang: Nnfang, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    from nnfang.reports import gallery

    monkeypatch.setattr(gallery, "ACROSS", 0)  # by which it divides
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "-o", "out")
    assert result.stderr.startswith("warning: errors.png cannot be drawn: ")
    assert result.stdout.startswith("accuracy")
    assert set(listed(nnfang.folder / "out")) == {*TEXTS, *PICTURES} - {"errors.png"}


@pytest.mark.parametrize("name", ["errors.csv", "confusion.png"])
def test_an_existing_file_is_refused_before_anything_is_evaluated(name: str, trained: Trained, nnfang: Nnfang) -> None:
    (nnfang.folder / "out").mkdir()
    (nnfang.folder / "out" / name).write_text("mine")
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "-o", "out", code=2)
    assert f"{Path('out', name)}: already exists; choose another name, or --force" in result.stderr
    assert (result.stdout, listed(nnfang.folder / "out")) == ("", [name])
    (nnfang.folder / "result.xml").write_text("mine")
    arguments = ("evaluate", "-m", str(trained.folder), "--junit", "result.xml")
    assert "already exists" in nnfang.inside(*arguments, code=2).stderr
    nnfang.inside(*arguments, "-o", "out", "--force")
    assert (nnfang.folder / "out" / "errors.csv").read_text().startswith("index,")
    assert (nnfang.folder / "result.xml").read_text().startswith("<?xml")


def test_an_old_picture_does_not_stay_beside_new_figures(
    trained: Trained, nnfang: Nnfang, without_matplotlib: dict[str, str]
) -> None:
    (nnfang.folder / "out").mkdir()
    for name in ("errors.png", "notes.png"):
        (nnfang.folder / "out" / name).write_text("old")
    nnfang("evaluate", "-m", str(trained.folder), "-o", "out", "--force", environment=without_matplotlib)
    assert listed(nnfang.folder / "out") == [*TEXTS, "notes.png"]


def test_below_the_gate_the_files_are_written_and_the_test_fails(trained: Trained, nnfang: Nnfang) -> None:
    arguments = ("evaluate", "-m", str(trained.folder), "--min-accuracy", "0.9999", "--junit", "result.xml")
    nnfang.inside(*arguments, code=3)
    (failure,) = parse(nnfang.folder / "result.xml").iter("failure")
    assert failure.attrib["message"].endswith("is below 0.9999")


def test_the_page_of_ci_grows_by_a_section(trained: Trained, nnfang: Nnfang) -> None:
    page = nnfang.folder / "page.md"
    page.write_text("before\n")
    for _ in range(2):
        nnfang.inside("evaluate", "-m", str(trained.folder), environment={"GITHUB_STEP_SUMMARY": str(page)})
    text = page.read_text()
    assert text.startswith("before\n### ")
    assert (text.count("### "), text.count("| true \\\\ predicted | 0 |")) == (2, 2)


def test_a_page_of_ci_that_cannot_be_written_is_a_warning(trained: Trained, nnfang: Nnfang) -> None:
    (nnfang.folder / "mine").write_text("mine")
    (nnfang.folder / "link").symlink_to("mine")
    for name in ("absent/page.md", "link"):
        result = nnfang.inside("evaluate", "-m", str(trained.folder), environment={"GITHUB_STEP_SUMMARY": name})
        assert result.stderr.startswith(f"warning: GITHUB_STEP_SUMMARY: {Path(name)}: cannot be written: ")
    assert (nnfang.folder / "mine").read_text() == "mine"


@pytest.mark.parametrize("target", ["file/out", "file"])
def test_a_folder_that_cannot_be_created_is_a_message(target: str, trained: Trained, nnfang: Nnfang) -> None:
    (nnfang.folder / "file").write_text("mine")
    result = nnfang.inside("evaluate", "-m", str(trained.folder), "-o", target, code=1)
    assert "cannot be created" in result.stderr
    assert result.stdout == ""


def test_a_reader_that_has_seen_enough_loses_no_files(trained: Trained, nnfang: Nnfang) -> None:
    nnfang.shell(f"nnfang evaluate -q -m '{trained.folder}' -o out --junit result.xml | head -1")
    assert {*TEXTS} <= {*listed(nnfang.folder / "out")}
    assert (nnfang.folder / "result.xml").is_file()
