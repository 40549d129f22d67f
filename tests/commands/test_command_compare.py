from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest

import nnfang as library
from tests.commands.conftest import SAMPLE, Nnfang
from tests.commands.test_command_evaluate import damage, save_npz
from tests.runs.test_golden import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import Trained

KEYS = ["dataset", "n", "models", "settings", "pairs"]


@pytest.fixture(scope="session")
def rival(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another network on the same data, trained differently."""
    folder = tmp_path_factory.mktemp("rival")
    layers = "layers=[{type: dense, units: 20, activation: tanh}, {type: dense, units: 10, activation: softmax}]"
    options = ("--set", layers, "--lr", "0.05")
    Nnfang(folder)("train", *SAMPLE, "--epochs", "1", "--limit", "4000", *options, "-o", "run", "-q")
    return folder / "run"


def test_json_agrees_with_the_answers_of_the_networks(trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    result = nnfang("compare", str(trained.folder), str(rival), "--json")
    assert result.stderr == ""
    (found,) = result.objects
    assert list(found) == KEYS
    data = library.load_data("mnist-sample")
    a, b = (library.load(path).predict(data.x_test).argmax(axis=1) == data.y_test for path in (trained.folder, rival))
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"]) == ("A", "B")
    assert pair["mended"] == (b & ~a).nonzero()[0].tolist()
    assert pair["broken"] == (a & ~b).nonzero()[0].tolist()
    assert (pair["mends"], pair["breaks"]) == (len(pair["mended"]), len(pair["broken"]))
    assert pair["p_value"] == pytest.approx(binomtest(pair["mends"], pair["mends"] + pair["breaks"]).pvalue)
    first, second = found["models"]
    assert (first["accuracy"], second["accuracy"]) == (a.mean(), b.mean())
    assert first["bytes"] == (trained.folder / "best.npz").stat().st_size
    assert second["parameters"] == 785 * 20 + 21 * 10
    assert first["digest"] == trained.result.end["digest"]
    assert (first["name"], first["model"], second["forked_from"]) == ("A", str(trained.folder), None)


def test_only_settings_that_differ_are_shown(trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    (found,) = nnfang.inside("compare", str(trained.folder), str(rival), "--json").objects
    settings = found["settings"]
    assert settings["optimizer.learning_rate"] == [0.01, 0.05]
    assert settings["layers[0].units"] == [128, 20]
    assert settings["layers[2].units"] == [10, None]
    assert (settings["limit"], settings["epochs"]) == ([None, 4000], [2, 1])
    assert not {"seed", "optimizer.type", "dataset", "batch_size"} & set(settings)


def test_text_says_which_is_better_and_how_sure_that_is(trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    arguments = ("compare", str(trained.folder), str(rival), "bundled", "--dataset", "mnist-sample")
    (found,) = nnfang.inside(*arguments, "--json").objects
    lines = nnfang.inside(*arguments).stdout.splitlines()
    assert lines[:3] == [f"A  {trained.folder}", f"B  {rival}", "C  bundled"]
    assert lines[-4] == "On the same 2,000 test images of mnist-sample:"
    first, second, third = found["pairs"]
    for line, pair in zip(lines[-3:], (first, second, third), strict=True):
        a, b = pair["a"], pair["b"]
        assert line.startswith(f"{b} mends {pair['mends']} of {a}'s mistakes, breaks {pair['breaks']}: p ")
    assert lines[-1].endswith("p < 0.0001")
    (accuracy,) = (line for line in lines if line.startswith("accuracy"))
    assert accuracy.split()[1:] == [f"{model['accuracy']:.2%}" for model in found["models"]]
    (rate,) = (line for line in lines if line.startswith("optimizer.learning_rate"))
    assert rate.split()[1:3] == ["0.01", "0.05"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("columns", [44, 120])
def test_the_settings_fit_a_terminal(columns: int, trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "a")
    shutil.copytree(rival, nnfang.folder / "b")
    screen = nnfang.on_terminal("compare", "a", "b", columns=columns, piped=False).stderr.replace("\r", "")
    lines = screen.splitlines()
    assert max(map(len, lines)) <= columns
    assert ("optimizer.learning_rate  0.01 | 0.05" in lines) is (columns == 44)
    assert [line.split() for line in lines if line.startswith("epochs")][-1] == ["epochs", "2", "1"]


def test_a_network_is_as_good_as_itself(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang.inside("compare", str(trained.folder), str(trained.folder / "best.npz"))
    assert "setting" not in result.stdout
    assert result.stdout.endswith("B mends 0 of A's mistakes, breaks 0: p = 1\n")


def test_the_picture_shows_the_images_on_which_they_differ(trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    arguments = ("compare", str(trained.folder), str(rival), "-o", "differ.png")
    (found,) = nnfang.inside(*arguments, "--json").objects
    (pair,) = found["pairs"]
    with Image.open(nnfang.folder / "differ.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 500
    refused = nnfang.inside(*arguments, code=2)
    assert "differ.png: already exists" in refused.stderr
    assert refused.stdout == ""
    differing = pair["mends"] + pair["breaks"]
    assert nnfang.inside(*arguments, "--force").stderr == f"differ.png: {differing} images on which they differ\n"


def test_where_they_do_not_differ_there_is_no_picture(trained: Trained, nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    result = nnfang.inside("compare", str(trained.folder), str(trained.folder), "-o", "differ.png")
    assert result.stderr == "differ.png: not written, since all get the same images right\n"
    assert not (nnfang.folder / "differ.png").exists()


def test_a_picture_is_a_png_and_needs_matplotlib(trained: Trained, nnfang: Nnfang) -> None:
    models = ("compare", str(trained.folder), "bundled")
    assert "must end with .png or .html" in nnfang.inside(*models, "-o", "differ.jpg", code=2).stderr
    (nnfang.folder / "matplotlib.py").write_text("raise ImportError")  # python -m looks here first
    stderr = nnfang(*models, "-o", "differ.png", code=1).stderr
    assert stderr == "Error: differ.png: a picture needs matplotlib: pip install 'nnfang[report]'\n"


def train_on(nnfang: Nnfang, name: str, shape: tuple[int, ...], classes: int) -> str:
    save_npz(nnfang.folder / f"{name}.npz", 60, shape, classes)
    layers = f"layers=[{{type: dense, units: {classes}, activation: softmax}}]"
    nnfang("train", "--dataset", f"{name}.npz", "--epochs", "1", "--set", layers, "-o", name, "-q")
    return name


def test_networks_of_different_questions_are_refused(trained: Trained, nnfang: Nnfang) -> None:
    ten, three = train_on(nnfang, "ten", (28, 28), 10), train_on(nnfang, "three", (28, 28), 3)
    refused = nnfang.inside("compare", str(trained.folder), three, code=5).stderr
    assert f"three: tells apart 0, 1, 2; {trained.folder} tells apart 0, 1, 2, 3, 4" in refused
    refused = nnfang.inside("compare", str(trained.folder), ten, code=5).stderr
    assert f"ten: was trained on ten.npz, {trained.folder} on mnist-sample; --dataset chooses the images" in refused
    (found,) = nnfang.inside("compare", str(trained.folder), ten, "--dataset", "mnist-sample", "--json").objects
    assert found["settings"]["dataset"] == ["mnist-sample", "ten.npz"]
    save_npz(nnfang.folder / "ten.npz", 70, (28, 28), 10)
    nnfang("train", "--dataset", "ten.npz", "--epochs", "1", "-o", "later", "-q")
    refused = nnfang.inside("compare", ten, "later", code=5).stderr
    assert "later: ten.npz was not the same when ten was trained; --dataset chooses the images" in refused
    small = train_on(nnfang, "small", (8, 8), 10)
    arguments = ("compare", str(trained.folder), small, "--dataset", "mnist-sample")
    assert "its images are (28, 28), the network was trained on (8, 8)" in nnfang.inside(*arguments, code=5).stderr


def test_rows_of_features_cannot_be_drawn(nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    rows = train_on(nnfang, "rows", (7,), 3)
    assert "are no pictures" in nnfang.inside("compare", rows, rows, "-o", "differ.png", code=2).stderr


@pytest.mark.parametrize(("models", "found"), [(("bundled",), "1 network"), (("bundled",) * 27, "27 networks")])
def test_there_are_at_least_two_networks(models: tuple[str, ...], found: str, nnfang: Nnfang) -> None:
    assert f"found {found}, expected from 2 to 26" in nnfang.inside("compare", *models, code=2).stderr


def interrupt(nnfang: Nnfang) -> str:
    """A run that was ended in its second epoch."""
    import signal

    arguments = (*SAMPLE, "--epochs", "90000", "-o", "odd")
    nnfang.interrupt(*arguments, when=lambda event: event["event"] == "epoch", number=signal.SIGTERM)
    return r"epochs +[1-9]"


def fork(nnfang: Nnfang) -> str:
    nnfang.train("-q", "-o", "parent")
    nnfang("train", "--resume", "parent", "--fork", "--epochs", "9", "--lr", "0.02", "-o", "odd", "-q")
    return r"learning_rate +0\.02 +0\.05\n"


@pytest.mark.parametrize("make", [interrupt, fork])
def test_a_run_that_is_no_plain_run_is_compared_too(make: Callable[[Nnfang], str], rival: Path, nnfang: Nnfang) -> None:
    expected = make(nnfang)
    assert re.search(expected, nnfang.inside("compare", "odd", str(rival)).stdout)
    (found,) = nnfang.inside("compare", "odd", str(rival), "--json").objects
    assert found["models"][0]["forked_from"] == ("parent" if make is fork else None)


@pytest.mark.parametrize("number", [1, 2])
def test_networks_of_older_formats_are_compared(number: int, nnfang: Nnfang) -> None:
    old = str(GOLDEN / f"format-{number}.npz")
    meta = library.load(old).meta
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 256, (20, *meta.input_shape), np.uint8), np.arange(20) % len(meta.class_names)
    np.savez(nnfang.folder / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    result = nnfang.inside("compare", old, old, "--dataset", "data.npz", "-q")
    assert result.stdout.endswith("B mends 0 of A's mistakes, breaks 0: p = 1\n")


def test_a_damaged_run_or_one_without_a_network_is_named(trained: Trained, nnfang: Nnfang) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "broken")
    damage(nnfang.folder / "broken" / "best.npz")
    stderr = nnfang.inside("compare", str(trained.folder), "broken", code=6).stderr
    assert stderr.startswith(f"Error: {Path('broken', 'best.npz')}: ")
    (nnfang.folder / "broken" / "best.npz").unlink()
    stderr = nnfang.inside("compare", "broken", str(trained.folder), code=6).stderr
    assert "broken: there is no best.npz in this folder" in stderr


def test_a_run_before_its_first_epoch_is_compared_as_it_is(trained: Trained, nnfang: Nnfang) -> None:
    nnfang("train", *SAMPLE, "--epochs", "0", "-o", "untrained", "-q")
    (found,) = nnfang.inside("compare", "untrained", str(trained.folder), "--json").objects
    assert found["models"][0]["seconds_per_epoch"] is None
    assert found["models"][0]["accuracy"] < 0.4


def test_a_page_says_what_the_text_says(trained: Trained, rival: Path, nnfang: Nnfang) -> None:
    pytest.importorskip("matplotlib", reason="the extra report is not installed")
    pytest.importorskip("jinja2", reason="the extra report is not installed")
    arguments = ("compare", str(trained.folder), str(rival), "-o", "compare.html")
    result = nnfang("compare", str(trained.folder), str(rival), "--json", "-o", "compare.html")
    (pair,) = result.objects[0]["pairs"]
    assert result.stderr == "compare.html: written\n"
    page = (nnfang.folder / "compare.html").read_text(encoding="utf-8")
    assert f"<td>B against A</td><td>{pair['mends']}</td><td>{pair['breaks']}</td>" in page
    assert "<td>optimizer.learning_rate</td><td>0.01</td><td>0.05</td>" in page
    for model in result.objects[0]["models"]:
        assert f"{model['accuracy']:.2%}" in page
        assert model["digest"] in page
    assert "compare.html: already exists" in nnfang.inside(*arguments, code=2).stderr
