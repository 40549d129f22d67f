"""``nnfang explain``: why a network says what it says, on terminals of any kind, in a pipe, as JSON and as a page."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest
from PIL import Image

from tests.commands.test_terminals import lines_on

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

SEVEN = ("explain", "-m", "bundled", "sample:7")

SECTIONS = [
    *("How it was prepared", "What the network says", "Why 7 and not 9"),
    *("The nearest training images of mnist-sample", "7, and nothing speaks against it."),
]


def test_in_a_pipe_everything_is_text(nnfang: Nnfang) -> None:
    result = nnfang.inside(*SEVEN)
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert lines[0].split("  ")[0] == "sample:7"
    assert "\x1b" not in result.stdout
    assert "cut out  115 x 167 pixels, 426 from the left and 103 from the top: 6.3% of the picture" in lines
    assert re.search(r"^7 +99\.9\d%  █{40}$", result.stdout, re.MULTILINE)
    assert "# and + for 7, = and - for 9" in lines
    assert "All 5 nearest training images of mnist-sample (mnist is not in the cache) are labelled 7." in lines


def test_a_stream_of_ascii_gets_ascii(nnfang: Nnfang) -> None:
    result = nnfang(*SEVEN, environment={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"})
    assert result.stdout.isascii()
    assert "\\u" not in result.stdout
    assert re.search(r"^7 +99\.9\d%  #{40}$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("columns", "variables"),
    [
        *((columns, {}) for columns in (30, 50, 80, 120)),
        *((columns, {"NO_COLOR": "1"}) for columns in (30, 80)),
        *((50, {"TERM": name}) for name in ("dumb", "xterm")),
    ],
    ids=str,
)
def test_on_a_terminal_every_line_fits(columns: int, variables: dict[str, str], nnfang: Nnfang) -> None:
    screen = nnfang.on_terminal(*SEVEN, columns=columns, piped=False, environment=variables).stderr
    plain = click.unstyle(screen)
    assert max(map(len, lines_on(plain))) <= columns
    assert ("\x1b[38;5;" in screen) == (variables == {}), "pictures in colours"
    assert ("\x1b" in screen) == (variables in ({}, {"TERM": "xterm"})), "headings in bold"
    assert ("blue for 7, orange for 9" in plain) == (variables == {})
    assert "7, and nothing speaks against it." in " ".join(plain.split())


def test_json_has_all_of_it_as_numbers(nnfang: Nnfang) -> None:
    (found,) = nnfang.inside(*SEVEN, "--json").objects
    (predicted,) = nnfang.inside("predict", "-m", "bundled", "--format", "json", "sample:7").objects
    for key in ("path", "label", "probability", "probabilities", "familiarity", "warnings"):
        assert found[key] == predicted[key]
    assert (found["model"], found["rival"]) == ("bundled", "9")
    assert found["box"] == predicted["prepared"]["crop"]
    assert found["verdict"]["grade"] == "believable"
    assert [step["step"] for step in found["steps"]] == ["read", "ink", "cut out", "strokes", "resize", "centre"]
    image, attribution = np.array(found["image"]), found["attribution"]
    integrated, times_input = (
        np.array(attribution[f"{name}"]) for name in ("integrated_gradients", "gradient_times_input")
    )
    assert image.shape == integrated.shape == times_input.shape == (28, 28)
    difference, of_black = attribution["difference"], attribution["difference_of_black"]
    assert integrated.sum() == pytest.approx(difference - of_black, abs=1e-3)
    assert times_input.sum() + attribution["biases"] == pytest.approx(difference, abs=1e-3)
    assert found["nearest"]["dataset"] == "mnist-sample"
    assert found["nearest"]["note"] == "mnist is not in the cache"
    assert [near["label"] for near in found["nearest"]["images"]] == ["7"] * 5
    distances = [near["distance"] for near in found["nearest"]["images"]]
    assert distances == sorted(distances)
    assert [layer["units"] for layer in found["layers"]] == [128, 64, 10]
    assert all(0 < layer["active"] <= layer["units"] and len(layer["important"]) <= 8 for layer in found["layers"])


def test_the_newest_run_is_explained_and_named_and_its_own_images_are_nearest(nnfang: Nnfang, trained: Trained) -> None:
    (nnfang.folder / "runs").mkdir()
    (nnfang.folder / "runs" / "one").symlink_to(trained.folder)
    result = nnfang.inside("explain", "sample:3", "--json")
    assert "Using runs" in result.stderr
    assert result.objects[0]["nearest"] | {"images": []} == {"dataset": "mnist-sample", "note": None, "images": []}
    assert nnfang.inside("explain", "-q", "sample:3").stderr == ""


def test_standard_input_and_raw_pictures_are_taken_as_predict_takes_them(nnfang: Nnfang) -> None:
    Image.fromarray(np.full((40, 56), 200, np.uint8)).save(nnfang.folder / "grey.png")
    content = (nnfang.folder / "grey.png").read_bytes()
    (found,) = nnfang.inside("explain", "-m", "bundled", "--raw", "--json", "-", stdin=content).objects
    assert found["path"] == "-"
    assert {level for row in found["image"] for level in row} == {200}
    assert [step["step"] for step in found["steps"]] == ["read", "ink", "resize"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("none.png",), 1, "Error: none.png: there is no such file or folder\n"),
        (("blank.png",), 1, "Error: blank.png: no ink found: nothing stands out from the paper\n"),
        (("text.png",), 1, "Error: text.png: not a picture (it begins with 'text')\n"),
        (("",), 2, "an empty string is no picture"),
        ((), 2, "IMAGE"),
        (("a.png", "b.png"), 2, 'Unexpected argument "b.png".'),
        (("-m", "none.npz", "sample:7"), 6, "Error: none.npz: there is no such file\n"),
        (("sample:11",), 1, "no such sample"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_reason(
    arguments: tuple[str, ...], code: int, message: str, nnfang: Nnfang
) -> None:
    Image.new("L", (90, 90), 250).save(nnfang.folder / "blank.png")
    (nnfang.folder / "text.png").write_text("text")
    result = nnfang.inside("explain", "-q", *arguments, code=code)
    assert message in result.stderr
    assert result.stdout == ""


def test_names_of_strangers_reach_the_terminal_as_text(nnfang: Nnfang) -> None:
    rng, names = np.random.default_rng(0), ("\x1b[31mred\nline", "\u202eabc" * 9)
    for part, images in (("train", 60), ("test", 9)):
        for name in names:
            (nnfang.folder / "data" / part / name).mkdir(parents=True)
            for number in range(images):
                picture = Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8))
                picture.save(nnfang.folder / "data" / part / name / f"{number}.png")
    nnfang("train", "-q", "--dataset", "data", "--epochs", "1", "-o", "run")
    picture.save(nnfang.folder / "x.png")
    result = nnfang.inside("explain", "-m", "run", "x.png", environment={"FORCE_COLOR": "1"})
    assert "\\x1b[31mred\\nline" in result.stdout
    assert "\x1b[31m" not in result.stdout
    assert "\u202e" not in result.stdout


def test_the_page_is_written_once_and_its_name_printed(nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    pytest.importorskip("jinja2", reason="the extra report is not installed")
    file = nnfang.folder / "seven.html"
    assert nnfang.inside(*SEVEN, "-o", "seven.html").stdout == "seven.html\n"
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    file.write_text("mine")
    refused = nnfang.inside(*SEVEN, "-o", "seven.html", code=2)
    assert "seven.html: already exists; choose another name, or --force to overwrite it" in refused.stderr
    assert file.read_text() == "mine"
    (found,) = nnfang.inside(*SEVEN, "-o", "seven.html", "--force", "--json").objects
    assert found["label"] == "7"
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in nnfang.folder.iterdir()] == ["seven.html"]
    assert "nowhere" in nnfang.inside(*SEVEN, "-o", str(Path("nowhere", "seven.html")), code=1).stderr


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_only_the_page_needs_the_extra(library: str, nnfang: Nnfang, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("without")
    (folder / f"{library}.py").write_text("raise ImportError")
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}
    result = nnfang(*SEVEN, "-o", "seven.html", code=1, environment=environment)
    assert result.stderr == ("Error: seven.html: a page needs matplotlib and jinja2: pip install 'nnfang[report]'\n")
    assert nnfang(*SEVEN, environment=environment).stderr == ""
