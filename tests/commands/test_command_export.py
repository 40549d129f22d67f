"""A network on its own: small, complete, and only to predict with."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

import nnfang as library
from nnfang.data import load
from nnfang.machine.description import describe_machine
from nnfang.runs import checkpoint, finding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands.conftest import Nnfang, Trained


@pytest.fixture
def exported(nnfang: Nnfang, trained: Trained) -> Path:
    result = nnfang.inside("export", "-m", str(trained.folder), "digits.npz")
    assert result.stdout == ""
    accuracy = f"{trained.result.end['test_accuracy']:.2%}"
    assert "digits.npz: 109,386 parameters, 54" in result.stderr
    assert f"bytes, {accuracy} of the test images of mnist-sample classified correctly" in result.stderr
    return nnfang.folder / "digits.npz"


def test_an_exported_network_predicts_as_the_run_does(exported: Path, trained: Trained) -> None:
    images = load("mnist-sample").x_test[:50]
    found = library.load(exported)
    np.testing.assert_array_equal(found.predict(images), library.load(trained.folder).predict(images))
    assert exported.stat().st_size < 550_000
    tested = found.meta.tested
    assert tested
    assert (tested.dataset, tested.images) == ("mnist-sample", 2000)
    assert tested.accuracy == trained.result.end["test_accuracy"]
    assert tested.interval == tuple(trained.result.end["test_interval"])


def test_the_optimizers_vectors_stay_behind(nnfang: Nnfang) -> None:
    nnfang.train("--set", "optimizer.type=adam", "--batch-size", "50", "-o", "run")
    nnfang.inside("export", "-m", "run", "small.npz")
    with np.load(nnfang.folder / "small.npz") as file:
        assert [name for name in file.files if name.startswith("optimizer")] == []
    sizes = [(nnfang.folder / name).stat().st_size for name in ("run/best.npz", "small.npz")]
    assert sizes[1] < sizes[0] / 2.9
    assert finding.load_model(nnfang.folder / "small.npz").optimizer_state == {}


def test_an_exported_network_can_be_exported_again(exported: Path, nnfang: Nnfang) -> None:
    nnfang.inside("export", "-m", str(exported), "again.npz")
    assert checkpoint.load(nnfang.folder / "again.npz").meta == checkpoint.load(exported).meta


def test_an_exported_network_tells_nothing_of_its_maker(nnfang: Nnfang) -> None:
    """It once held the path of the data and the name of the processor; the run needs them, and keeps them."""
    images = np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2)
    labels = np.arange(60) % 2
    private = nnfang.folder / "private"
    private.mkdir()
    np.savez(private / "mnist", x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    (private / "mnist.npz").rename(private / "mnist")
    shutil.copy(private / "mnist", private / "mine.npz")
    options = ("--epochs", "1", "--set", "layers[2].units=2", "-q")
    for name in ("mine.npz", "mnist"):
        nnfang("train", "--dataset", str(private / name), *options, "-o", str(private / f"run-{name}"))
        nnfang("train", "--resume", str(private / f"run-{name}"), "--fork", "--epochs", "2", "-q", "-o", "fork")
        kept = checkpoint.load(nnfang.folder / "fork" / "last.npz").meta
        assert kept.dataset.name == kept.config["dataset"] == str(private / name)
        assert kept.environment["processor"] == describe_machine()["processor"]
        shown = {"mine.npz": "mine.npz", "mnist": "./mnist"}[name]  # mnist alone would be the known one
        for model in ("fork", "fork/last.npz"):
            nnfang.inside("export", "-m", model, "-q", "--force", "out.npz")
            out = checkpoint.load(nnfang.folder / "out.npz")
            assert (out.meta.dataset.name, out.meta.dataset.requested, out.recipe.dataset) == (shown,) * 3
            assert out.meta.environment == {}
            text = msgspec.json.encode(out.meta).decode()
            assert str(nnfang.folder) not in text
            assert "private" not in text
            assert out.meta.tested is None or out.meta.tested.dataset == shown
        assert out.meta.parent
        assert out.meta.parent.run == f"run-{name}"
        shutil.rmtree(nnfang.folder / "fork")


def test_a_result_of_another_network_is_not_claimed(nnfang: Nnfang, trained: Trained) -> None:
    (nnfang.folder / "run").mkdir()
    metrics = json.loads((trained.folder / "metrics.json").read_text())
    for name, text in (("other digest", json.dumps(metrics | {"digest": "0"})), ("damage", "{"), ("nothing", None)):
        (nnfang.folder / "run/best.npz").write_bytes((trained.folder / "best.npz").read_bytes())
        (nnfang.folder / "run/metrics.json").unlink(missing_ok=True)
        if text is not None:
            (nnfang.folder / "run/metrics.json").write_text(text)
        nnfang.inside("export", "-m", "run", "out.npz", "--force")
        assert checkpoint.load(nnfang.folder / "out.npz").meta.tested is None, name


@pytest.mark.parametrize("arguments", [("train", "--resume"), ("verify",)], ids=" ".join)
def test_training_cannot_continue_from_it(arguments: tuple[str, ...], exported: Path, nnfang: Nnfang) -> None:
    result = nnfang.inside(*arguments, "digits.npz", code=2)
    assert result.stderr == "Error: digits.npz: was exported for inference only, without what it takes to continue\n"


def test_a_file_is_not_overwritten_unless_forced(exported: Path, nnfang: Nnfang, trained: Trained) -> None:
    before = exported.stat().st_mtime_ns
    result = nnfang.inside("export", "-m", str(trained.folder), "digits.npz", code=2)
    assert result.stderr == "Error: digits.npz: already exists; choose another name, or --force to overwrite it\n"
    assert exported.stat().st_mtime_ns == before
    assert nnfang.inside("export", "-q", "-m", str(trained.folder), "digits.npz", "--force").stderr == ""
    assert exported.stat().st_mtime_ns > before


@pytest.mark.skipif(os.name != "posix", reason="links are different there")
@pytest.mark.parametrize("name", ["folder.npz", "link.npz"])
def test_what_is_no_file_is_never_replaced(name: str, nnfang: Nnfang, trained: Trained) -> None:
    (nnfang.folder / "folder.npz").mkdir()
    (nnfang.folder / "link.npz").symlink_to("nowhere")
    result = nnfang.inside("export", "-m", str(trained.folder), "--force", name, code=2)
    assert result.stderr == f"Error: {name}: not a file; choose another name\n"
    assert not (nnfang.folder / name).is_file()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("digits.zip", 'unknown ending ".zip"'),
        ("digits", "the name has no ending"),
        ("/dev/null", "the name has no ending"),
    ],
)
def test_a_format_that_does_not_exist_is_refused(name: str, found: str, nnfang: Nnfang, trained: Trained) -> None:
    result = nnfang.inside("export", "-m", str(trained.folder), "--force", name, code=2)
    assert result.stderr.startswith(f"Error: {name}: {found}; the ending tells the format: .npz")
    assert not (nnfang.folder / name).is_file()


def test_a_run_in_place_of_the_file_is_understood(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "own")
    stderr = nnfang.inside("export", "own", code=2).stderr
    assert stderr == "Error: own: a run, which is named with -m: nnfang export -m own own.npz\n"


def test_the_files_of_a_run_are_never_replaced(nnfang: Nnfang, trained: Trained) -> None:
    before = (trained.folder / "best.npz").read_bytes()
    target = str(trained.folder / "best.npz")
    result = nnfang.inside("export", "-m", "bundled", "--force", target, code=2)
    assert "part of a run, which stays as it is" in result.stderr
    assert (trained.folder / "best.npz").read_bytes() == before


def test_without_a_run_there_is_nothing_to_export(nnfang: Nnfang) -> None:
    assert "create one with: nnfang train" in nnfang.inside("export", "x.npz", code=6).stderr


def test_a_file_that_cannot_be_written_is_named(nnfang: Nnfang, trained: Trained) -> None:
    result = nnfang.inside("export", "-m", str(trained.folder), "no/such/folder.npz", code=1)
    assert result.stderr.startswith("Error: no/such/folder.npz: ")


def test_the_format_is_told_by_the_ending_or_by_name(nnfang: Nnfang, trained: Trained) -> None:
    model = ("export", "-m", str(trained.folder), "-q")
    nnfang.inside(*model, "A.NPZ")
    nnfang.inside(*model, "--format", "npz", "digits.v1")
    assert (nnfang.folder / "digits.v1").read_bytes() == (nnfang.folder / "A.NPZ").read_bytes()
    assert 'unknown ending ".v1"; the ending tells the format: .npz' in nnfang.inside(*model, "b.v1", code=2).stderr


def test_origin_keeps_what_tells_of_the_computer(nnfang: Nnfang, trained: Trained) -> None:
    nnfang.inside("export", "-m", str(trained.folder), "-q", "--origin", "told.npz")
    told = checkpoint.load(nnfang.folder / "told.npz").meta
    assert told.environment == checkpoint.load(trained.folder / "best.npz").meta.environment
    assert told.inference_only
    assert not told.history


def test_only_a_page_learns(nnfang: Nnfang, trained: Trained) -> None:
    result = nnfang.inside("export", "-m", str(trained.folder), "--learn", "x.npz", code=2)
    assert result.stderr == "Error: x.npz: --learn is for .html alone\n"
    nnfang.inside("export", "-q", "-m", str(trained.folder), "plain.html")
    nnfang.inside("export", "-q", "-m", str(trained.folder), "--learn", "learn.html")
    pages = [(nnfang.folder / name).read_bytes() for name in ("plain.html", "learn.html")]
    assert [page.startswith(b"<!DOCTYPE html>") for page in pages] == [True, True]
    assert [b'id="sheet"' in page for page in pages] == [False, True]
    assert str(nnfang.folder).encode() not in pages[1]


def test_weights_of_8_bits_say_what_they_cost(nnfang: Nnfang, trained: Trained) -> None:
    model = ("export", "-m", str(trained.folder))
    assert nnfang.inside(*model, "--int8", "x.npz", code=2).stderr == "Error: x.npz: --int8 is for .c alone\n"
    first, vectors, tests = nnfang.inside(*model, "--int8", "small.c").stderr.splitlines()
    assert first.startswith("small.c: 109,386 parameters, ")
    assert vectors.startswith("int8: 1,000 made-up test vectors: another class for ")
    accuracy = f"{trained.result.end['test_accuracy']:.2%}"
    assert tests.startswith(f"int8: 2,000 test images of mnist-sample: {accuracy} correct before, ")
    source = " ".join((nnfang.folder / "small.c").read_text().partition("*/")[0].split())
    assert tests.removeprefix("int8: ") in source
    assert str(nnfang.folder) not in source
    assert nnfang.inside(*model, "-q", "--force", "--int8", "small.c").stderr == ""


def test_weights_of_8_bits_need_no_data_set(nnfang: Nnfang) -> None:
    """Of one that is gone, only made-up vectors tell."""
    images, labels = np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2), np.arange(60) % 2
    data = nnfang.folder / "mine.npz"
    np.savez(data, x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])
    nnfang("train", "--dataset", str(data), "--epochs", "1", "--set", "layers[2].units=2", "-q", "-o", "mine")
    stderr = nnfang.inside("export", "-m", "mine", "--int8", "with.c").stderr
    assert "int8: 9 test images of mine.npz: " in stderr
    data.unlink()
    stderr = nnfang.inside("export", "-m", "mine", "--int8", "without.c").stderr
    assert stderr.count("\n") == 2
    np.savez(data, x_train=images[:, 0], y_train=labels, x_test=images[:9, 0], y_test=labels[:9])
    assert nnfang.inside("export", "-m", "mine", "--int8", "other.c").stderr.count("\n") == 2
