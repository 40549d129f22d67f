from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import nnfang as library
from nnfang.commands.options import DurationType
from nnfang.commands.signals import STOPPING, StopRequest
from nnfang.machine.processor import count_processors
from nnfang.runs.checkpoint import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.commands.conftest import Nnfang, Trained

RUN_FILES = ["best.npz", "config.yaml", "history.csv", "last.npz", "last.prev.npz", "metrics.json"]
TWO_EPOCHS = ("--dataset", "mnist-sample", "--limit", "500", "--epochs", "2")

ESCAPE = "\x1b["
ERASE_LINE = "\x1b[2K"
CONTROL = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[\d;]*m")

EPOCH_LINE = re.compile(
    r"epoch \d+/\d+  loss \d+\.\d{4}  accuracy \d+\.\d\d%  val_loss \d+\.\d{4}  val_accuracy \d+\.\d\d%"
    r"  [\d,]+ images/s  \d+:\d\d:\d\d left"
)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_stdout_has_the_result_and_stderr_a_plain_line_per_epoch(nnfang: Nnfang) -> None:
    result = nnfang.train("--epochs", "2", "-o", "run")
    *table, blank, images, engine, run, first, second = result.stderr.splitlines()
    epochs = [first, second]
    assert [line.split() for line in table] == [
        ["layer", "shape", "parameters"],
        ["dense,", "relu", "784", "->", "128", "100,480"],
        ["dense,", "relu", "128", "->", "64", "8,256"],
        ["dense,", "softmax", "64", "->", "10", "650"],
        ["total", "109,386"],
    ]
    assert (blank, engine.split()[0]) == ("", "engine")
    assert "450 of mnist-sample, 50 held out" in images
    assert run.split() == ["run", "run"]
    assert len(epochs) == 2
    assert all(EPOCH_LINE.fullmatch(line) for line in epochs), epochs
    accuracy, loss, best, saved, next_command = result.stdout.splitlines()
    assert re.fullmatch(r"test accuracy  \d\d\.\d\d% \(95% interval \d\d\.\d\d% to \d\d\.\d\d%\)", accuracy)
    assert re.fullmatch(r"test loss      \d\.\d{4} \(2,000 test images of mnist-sample\)", loss)
    assert re.fullmatch(r"best epoch     [12] of 2 \(by validation\)", best)
    assert saved.split(maxsplit=2) == ["saved", "in", "run"]
    assert next_command.split(maxsplit=1) == ["try", "nnfang predict -m run sample:7"]
    assert ESCAPE not in result.stdout + result.stderr


def test_the_summary_before_training_shows_dropout_too(nnfang: Nnfang) -> None:
    layers = (
        "layers=[{type: dense, units: 8}, {type: dropout, rate: 0.25}, {type: dense, units: 10, activation: softmax}]"
    )
    table = nnfang.train("--set", layers).stderr.split("\n\n")[0]
    assert [re.split(r" {2,}", line) for line in table.splitlines()] == [
        ["layer", "shape", "parameters"],
        ["dense, relu", "784 -> 8", "6,280"],
        ["dropout, 0.25", "8 -> 8", "0"],
        ["dense, softmax", "8 -> 10", "90"],
        ["total", "6,370"],
    ]


def test_quiet_suppresses_stderr_but_not_the_result(nnfang: Nnfang) -> None:
    result = nnfang.on_terminal("train", *TWO_EPOCHS, "-q")
    assert result.stderr == ""
    assert "test accuracy" in result.stdout


def test_json_is_one_object_per_line_and_nothing_else(nnfang: Nnfang) -> None:
    result = nnfang.train("--epochs", "2", "--json", "-o", "run")
    assert [event["event"] for event in result.objects] == ["start", "epoch", "epoch", "end"]
    assert [event["epoch"] for event in result.epochs] == [1, 2]
    keys = {"loss", "accuracy", "val_loss", "val_accuracy", "seconds", "images_per_second", "digest"}
    assert all(keys <= event.keys() for event in result.epochs)
    assert (
        result.end.items()
        >= {
            "run": "run",
            "checkpoint": str(Path("run", "best.npz")),
            "dataset": "mnist-sample",
            "epochs": 2,
            "test_images": 2000,
        }.items()
    )
    assert result.end.keys() >= {"test_accuracy", "test_loss", "test_interval", "seconds", "best_epoch", "digest"}
    assert result.end["seconds"] == pytest.approx(sum(event["seconds"] for event in result.epochs))
    low, high = result.end["test_interval"]
    assert low < result.end["test_accuracy"] < high
    assert result.end["digest"] == result.epochs[result.end["best_epoch"] - 1]["digest"]


def test_json_says_null_where_there_is_no_validation(nnfang: Nnfang) -> None:
    result = nnfang.train("--json", "--set", "validation_split=0")
    assert (result.epochs[0]["val_loss"], result.epochs[0]["val_accuracy"]) == (None, None)
    text = nnfang.train("--set", "validation_split=0")
    assert "best epoch     1 of 1 (the last: there are no validation images)" in text.stdout
    assert "val_" not in text.stderr


def test_a_terminal_sees_a_bar_that_is_gone_in_the_end(nnfang: Nnfang) -> None:
    result = nnfang.on_terminal("train", *TWO_EPOCHS, "-o", "run")
    assert ESCAPE in result.stderr
    assert COLOUR.search(result.stderr)
    assert "━" in result.stderr
    assert "test accuracy" in result.stdout
    assert re.search(r"epoch 2/2  loss \d\.\d{4}  accuracy \d\d\.\d\d%  val_loss", result.stderr)
    assert ERASE_LINE in result.stderr.rpartition("━")[2]
    assert max(map(len, re.split(r"[\r\n]", CONTROL.sub("", result.stderr)))) <= 80


def test_a_narrow_terminal_gets_a_bar_without_figures(nnfang: Nnfang) -> None:
    screen = nnfang.on_terminal("train", *TWO_EPOCHS, columns=40).stderr
    assert "━" in screen
    assert "epoch 2/2  loss" in screen
    assert "images/s" not in screen


def test_no_color_leaves_the_bar_without_colours(nnfang: Nnfang) -> None:
    screen = nnfang.on_terminal(
        "train", "--offline", "--limit", "500", "--epochs", "1", environment={"NO_COLOR": "1"}
    ).stderr
    assert "warning: " in screen
    assert "━" in screen
    assert not COLOUR.search(screen)


@pytest.mark.parametrize("variable", [{"CI": "true"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_without_the_ability_or_with_ci_gets_plain_lines(variable: dict[str, str], nnfang: Nnfang) -> None:
    screen = nnfang.on_terminal("train", "--offline", "--limit", "500", "--epochs", "1", environment=variable).stderr
    assert "\x1b" not in screen
    assert EPOCH_LINE.search(screen.replace("\r\n  ", "  "))
    assert "CI" in variable or max(map(len, screen.splitlines())) <= 80


def test_the_run_folder_holds_what_is_promised(trained: Trained) -> None:
    assert list_names(trained.folder) == RUN_FILES
    rows = list(csv.DictReader((trained.folder / "history.csv").read_text().splitlines()))
    assert [row["digest"] for row in rows] == [event["digest"] for event in trained.result.epochs]
    assert [float(row["val_loss"]) for row in rows] == [event["val_loss"] for event in trained.result.epochs]
    metrics = json.loads((trained.folder / "metrics.json").read_text())
    assert metrics.pop("environment")["nnfang"] == library.__version__
    assert metrics.items() <= trained.result.end.items()
    last, best = load(trained.folder / "last.npz"), load(trained.folder / "best.npz")
    assert last.network.digest() == trained.result.epochs[-1]["digest"]
    assert best.network.digest() == trained.best_epoch["digest"]
    assert (last.meta.epoch, len(last.meta.history)) == (2, 2)
    assert last.meta.state.best_epoch == trained.result.end["best_epoch"]


def test_without_a_folder_each_run_gets_its_own_under_runs(nnfang: Nnfang) -> None:
    runs = [nnfang.train("--json", "-q").end["run"] for _ in range(2)]
    assert runs[0] != runs[1]
    for run in runs:
        assert re.fullmatch(r"runs.\d{8}-\d{6}-mnist-sample(-2)?", run)
        assert list_names(nnfang.folder / run) == RUN_FILES


def test_an_earlier_run_is_only_deleted_by_force(nnfang: Nnfang) -> None:
    nnfang.train("-o", "run", "--epochs", "2")
    (nnfang.folder / "run" / "notes.txt").write_text("mine")
    before = (nnfang.folder / "run" / "history.csv").read_bytes()
    refused = nnfang.inside("train", *TWO_EPOCHS, "-o", "run", code=2)
    assert (
        "run: already holds config.yaml, history.csv, best.npz, last.npz, last.prev.npz, metrics.json" in refused.stderr
    )
    assert "--force" in refused.stderr
    assert "To continue that run: nnfang train --resume run" in refused.stderr
    assert refused.stderr == nnfang.inside("train", "--dataset", "mnist", "-o", "run", code=2).stderr  # no download
    assert refused.stdout == ""
    assert (nnfang.folder / "run" / "history.csv").read_bytes() == before
    nnfang.train("-o", "run", "--force")
    assert len((nnfang.folder / "run" / "history.csv").read_text().splitlines()) == 2
    assert (nnfang.folder / "run" / "notes.txt").read_text() == "mine"


def test_no_epochs_write_the_initial_weights(nnfang: Nnfang) -> None:
    result = nnfang.train("--epochs", "0", "--seed", "3", "-o", "run", "--json")
    assert (result.end["epochs"], result.end["best_epoch"], result.epochs) == (0, 0, [])
    assert result.end["diagnosis"]["try"] == {"epochs": 20}
    recipe = library.Recipe(seed=3)
    expected = library.Network.initialize(recipe.layers, 784, seed=3, dtype="float32").theta
    for name in ("best.npz", "last.npz"):
        np.testing.assert_array_equal(load(nnfang.folder / "run" / name).network.theta, expected)


@pytest.mark.parametrize(
    "settings",
    [
        ("--set", "engine=online"),
        ("--set", "engine=compiled"),
        ("--batch-size", "32", "--set", "optimizer.type=adam", "--learning-rate", "0.001"),
    ],
    ids=["online", "compiled", "batch"],
)
def test_one_seed_gives_the_same_digests_in_two_processes(settings: tuple[str, ...], nnfang: Nnfang) -> None:
    def digests(*more: str) -> list[str]:
        return [event["digest"] for event in nnfang.train("--epochs", "2", "--json", "-q", *settings, *more).epochs]

    first = digests()
    assert len(set(first)) == 2
    assert digests() == first
    assert digests("--seed", "1") != first


UNREACHABLE = [
    pytest.param(("--offline",), {}, "stay offline", id="--offline"),
    pytest.param((), {"NNFANG_OFFLINE": "1"}, "stay offline", id="NNFANG_OFFLINE"),
    pytest.param((), {}, "proxy cannot be reached", id="no network"),
    pytest.param(
        (), {"NNFANG_MIRROR": "http://127.0.0.1:9"}, "http://127.0.0.1:9/mnist/: connection refused", id="mirror"
    ),
]


@pytest.mark.parametrize(("options", "environment", "reason"), UNREACHABLE)
def test_the_sample_stands_in_for_a_default_that_is_unavailable(
    options: tuple[str, ...], environment: dict[str, str], reason: str, nnfang: Nnfang
) -> None:
    arguments = ("train", "--limit", "500", "--epochs", "1", "-q", "--json", "-o", "run")
    result = nnfang(*arguments, *options, environment=environment)
    assert result.stderr.count("warning") == 1
    assert reason in result.stderr
    assert "this run uses mnist-sample instead" in result.stderr
    assert 'use "mnist-sample"' not in result.stderr
    assert result.stderr.endswith("To see what helps: nnfang train --dataset mnist\n")
    assert result.end["dataset"] == "mnist-sample"
    assert result.end["requested_dataset"] == "mnist"
    metrics = json.loads((nnfang.folder / "run" / "metrics.json").read_text())
    assert (metrics["dataset"], metrics["requested_dataset"]) == ("mnist-sample", "mnist")
    meta = load(nnfang.folder / "run" / "best.npz").meta
    assert (meta.dataset.name, meta.dataset.requested) == ("mnist-sample", "mnist")
    assert "dataset: mnist-sample" in (nnfang.folder / "run" / "config.yaml").read_text()


@pytest.mark.parametrize(
    ("named", "environment"),
    [
        (("--dataset", "mnist"), {"NNFANG_OFFLINE": "1"}),
        (("--dataset", "mnist", "--set", "epochs=1"), {}),
        (("--set", "dataset=mnist", "--offline"), {}),
        (("--offline",), {"NNFANG_DATASET": "mnist"}),
        (("-c", "-", "--offline"), {}),
    ],
    ids=["NNFANG_OFFLINE", "no network", "--set", "environment", "file"],
)
def test_nothing_stands_in_for_a_data_set_that_was_named(
    named: tuple[str, ...], environment: dict[str, str], nnfang: Nnfang
) -> None:
    result = nnfang.inside("train", *named, stdin=b"dataset: mnist", code=5, environment=environment)
    assert result.stdout == ""
    for way_out in ("train-images-idx3-ubyte.gz", str(nnfang.folder), "--dataset mnist-sample", "NNFANG_MIRROR"):
        assert way_out in result.stderr
    assert not (nnfang.folder / "runs").exists()


@pytest.mark.full
def test_the_full_files_come_from_a_mirror_once_and_from_the_cache_afterwards(
    nnfang: Nnfang, serve: Callable[[Path], str]
) -> None:
    if "MNIST_FILES" not in os.environ:
        pytest.skip("MNIST_FILES is not set")
    arguments = ("train", "--limit", "5000", "--epochs", "1", "--json", "-o", "run", "--force")
    first = nnfang(*arguments, environment={"NNFANG_MIRROR": serve(Path(os.environ["MNIST_FILES"]))})
    assert "warning" not in first.stderr
    assert first.end["dataset"] == first.end["requested_dataset"] == "mnist"
    assert first.end["test_images"] == 10_000
    assert first.end["test_accuracy"] > 0.85
    assert len(list_names(nnfang.folder / "cache" / "mnist")) == 4
    second = nnfang(*arguments, "--offline", "--dataset", "mnist")
    assert second.epochs[0]["digest"] == first.epochs[0]["digest"]


def test_a_file_and_standard_input_configure_alike(nnfang: Nnfang) -> None:
    text = b"dataset: mnist-sample\nlimit: 300\nepochs: 1\nlayers:\n  - {type: dense, units: 10, activation: softmax}\n"
    (nnfang.folder / "small.yaml").write_bytes(text)
    by_file = nnfang("train", "-c", "small.yaml", "--json")
    by_stdin = nnfang("train", "-c", "-", "--json", stdin=text)
    assert by_file.objects[0]["network"] == [784, 10]
    assert by_file.end["digest"] == by_stdin.end["digest"]


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(nnfang: Nnfang) -> None:
    printed = nnfang(
        *("train", "-c", "-", "--print-config", "--epochs", "5"),
        stdin=b"epochs: 3\nseed: 3\nbatch_size: 3\n",
        environment={"NNFANG_EPOCHS": "4", "NNFANG_SEED": "4"},
    ).stdout
    for line in ("epochs: 5", "seed: 4", "batch_size: 3"):
        assert line in printed.splitlines()


def test_options_and_settings_reach_every_key(nnfang: Nnfang) -> None:
    printed = nnfang.inside(
        *("train", "--batch-size", "8", "--learning-rate", "0.5", "--seed", "7"),
        *("--set", "layers[0].units=32", "--set", "optimizer.type=momentum", "--set", "schedule.type=cosine"),
        "--print-config",
    ).stdout
    for part in ("batch_size: 8", "learning_rate: 0.5", "seed: 7", "units: 32", "type: momentum", "type: cosine"):
        assert part in printed


def test_the_printed_config_is_read_back_as_the_same(nnfang: Nnfang) -> None:
    arguments = ("--set", "optimizer.type=adam", "--set", "early_stopping.patience=2", "--batch-size", "16")
    printed = nnfang("train", *arguments, "--print-config")
    assert printed.stderr == ""
    again = nnfang("train", "-c", "-", "--print-config", stdin=printed.stdout.encode())
    assert again.stdout == printed.stdout
    assert list(nnfang.folder.iterdir()) == []


def test_a_printed_config_is_checked_as_far_as_no_data_are_needed(nnfang: Nnfang) -> None:
    cases = (
        (("--set", "engine=online", "--batch-size", "8"), "--set engine=online: engine: the online engine runs"),
        (("--set", "layers[2].activation=relu"), "--set layers[2].activation=relu: "),
        (
            ("--set", "early_stopping.patience=2", "--set", "validation_split=0"),
            "--set early_stopping.patience=2: early_stopping: ",
        ),
    )
    for arguments, words in cases:
        result = nnfang.inside("train", *arguments, "--print-config", code=2)
        assert result.stderr.startswith(f"Error: {words}")
        assert result.stdout == ""
    elsewhere = nnfang.inside("train", "--dataset", "mnits", "--print-config")
    assert elsewhere.stderr == 'warning: mnits: there is no such data set or path. Did you mean "mnist"?\n'
    assert "dataset: mnits" in elsewhere.stdout


def test_the_config_of_a_run_repeats_the_run(trained: Trained, nnfang: Nnfang) -> None:
    result = nnfang("train", "-c", str(trained.folder / "config.yaml"), "--json")
    assert [event["digest"] for event in result.epochs] == [event["digest"] for event in trained.result.epochs]


def test_the_schema_is_json(nnfang: Nnfang) -> None:
    schema: dict[str, Any] = json.loads(nnfang("train", "--print-schema").stdout)
    assert "$schema" in schema or "$ref" in schema or "properties" in schema
    assert "learning_rate" in json.dumps(schema)


WRONG = [
    pytest.param("epcohs: 3", ["given.yaml, line 1", "epcohs", '"epochs"'], id="misspelt key"),
    pytest.param("epochs: 1\nseed: 1\nepochs: 2", ["given.yaml, line 3", "epochs", "line 1"], id="duplicate key"),
    pytest.param("layers:\n  - {type: dense, units: 0}", ["given.yaml, line 2", "layers[0].units", "0"], id="no units"),
    pytest.param("optimizer:\n  learning_rate: -1", ["given.yaml, line 2", "optimizer.learning_rate", "-1"], id="rate"),
    pytest.param("optimizer: {type: adm}", ["given.yaml, line 1", "optimizer.type", '"adam"'], id="deep misspelling"),
    pytest.param("layers: [", ["given.yaml, line 1", "not valid YAML"], id="no YAML"),
    pytest.param(
        "dataset: mnist-sample\nlayers:\n- {type: dense, units: 16}\n- {type: dense, units: 12, activation: softmax}",
        ["given.yaml, line 4", "layers[1].units", "found 12", "10 classes", "--set layers[1].units=10"],
        id="width of the output",
    ),
    pytest.param(
        "dataset: mnist-sample\nbatch_size: 32\nengine: online",
        ["given.yaml, line 3", "engine", "batch_size 1", "32"],
        id="engine",
    ),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_fault_in_the_file_is_shown_with_its_line(text: str, words: list[str], nnfang: Nnfang) -> None:
    (nnfang.folder / "given.yaml").write_text(text)
    result = nnfang.inside("train", "-c", "given.yaml", code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("Error") == 1
    for word in words:
        assert word in result.stderr
    assert not (nnfang.folder / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-c", "absent.yaml"), ["absent.yaml", "there is no such file"]),
        (("--epochs", "-1"), ["--epochs -1", "expected an integer >= 0"]),
        (("--learning-rate", "0"), ["--learning-rate 0", "found 0"]),
        (("--set", "epochs"), ["--set epochs", "KEY=VALUE"]),
        (("--set", "optimizer.leraning_rate=1"), ["--set optimizer.leraning_rate=1", '"optimizer.learning_rate"']),
        (("--set", "layers[9].units=1"), ["--set layers[9].units=1", "the list has 3"]),
        (("--set", "layers[2].units=12"), ["--set layers[2].units=12", "10 classes"]),
        (("--epoch", "3"), ["--epoch", "--epochs"]),
        (("--dataset", os.fsdecode(b"d\xff")), [r"d\xff", "UTF-8"]),
        (("spare",), ["spare"]),
    ],
    ids=str,
)
def test_a_fault_on_the_command_line_is_shown_as_it_was_typed(
    arguments: tuple[str, ...], words: list[str], nnfang: Nnfang
) -> None:
    result = nnfang.inside("train", *TWO_EPOCHS, *arguments, code=2)
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr
    assert not (nnfang.folder / "runs").exists()


def test_a_misspelt_environment_variable_does_not_go_unnoticed(nnfang: Nnfang) -> None:
    assert "NNFANG_EPOCHS" in nnfang.inside("train", code=2, environment={"NNFANG_EPOHCS": "3"}).stderr


@pytest.mark.parametrize("batch_size", ["1", "32"])
def test_divergence_is_one_message_and_keeps_the_network_from_before(batch_size: str, nnfang: Nnfang) -> None:
    result = nnfang.train("--learning-rate", "1000", "--batch-size", batch_size, "-o", "run", "-q", code=4)
    assert result.stdout == ""
    assert result.stderr.count("Error") == 1
    assert "training diverged in epoch 1" in result.stderr
    assert "Try a smaller learning rate, such as 0.01\n" in result.stderr
    advice = f"nnfang train -c {Path('run', 'config.yaml')} --learning-rate 0.01"
    assert result.stderr.splitlines()[-1] == f"For example: {advice}"
    kept = Path("run", "last.npz")
    assert str(kept) in result.stderr
    checkpoint = load(nnfang.folder / kept)
    assert checkpoint.meta.epoch == 0
    assert np.isfinite(checkpoint.network.theta).all()
    assert not (nnfang.folder / "run" / "metrics.json").exists()


def test_divergence_in_a_later_epoch_keeps_the_epoch_before(nnfang: Nnfang) -> None:
    linear = ("layers=[{type: dense, units: 10, activation: linear}]", "loss=mean_squared_error")
    rising = ("schedule.warmup=1000", "optimizer.learning_rate=20")
    settings = [part for setting in (*linear, *rising) for part in ("--set", setting)]
    result = nnfang.train("--epochs", "50", *settings, "-o", "run", "--json", "-q", code=4)
    assert len(result.epochs) > 0
    assert f"diverged in epoch {len(result.epochs) + 1}" in result.stderr
    network = load(nnfang.folder / "run" / "last.npz").network
    assert network.digest() == result.epochs[-1]["digest"]
    assert np.isfinite(network.theta).all()


@pytest.mark.parametrize("number", STOPPING)
def test_an_interrupted_training_is_saved(number: signal.Signals, nnfang: Nnfang) -> None:
    arguments = ("--dataset", "mnist-sample", "--epochs", "10000", "-o", "run", "-q")
    result = nnfang.interrupt(*arguments, when=lambda event: event.get("epoch") == 2, number=number)
    last = Path("run", "last.npz")
    assert re.fullmatch(
        rf"Interrupted after \d completed epochs\. The network as it is now: {re.escape(str(last))}\n"
        r"Continue with: nnfang train --resume run\n",
        result.stderr,
    )
    assert result.end == {
        "event": "interrupted",
        "epochs": len(result.epochs),
        "checkpoint": "run/last.npz",
        "signal": number,
    }
    checkpoint = load(nnfang.folder / last)
    assert len(checkpoint.meta.history) == len(result.epochs)
    assert checkpoint.meta.step >= 2 * 9000
    assert "accuracy" in nnfang("evaluate", "-m", str(last)).stdout
    assert list_names(nnfang.folder / "run") == [name for name in RUN_FILES if name != "metrics.json"]


def test_a_reader_that_has_seen_enough_ends_the_training_without_a_word(nnfang: Nnfang) -> None:
    result = nnfang.shell("nnfang train --dataset mnist-sample --limit 500 --epochs 10000 --json -q | head -1")
    assert result.objects[0]["event"] == "start"
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("option", ["-q", "--json"])
def test_a_full_disk_is_a_message(option: str, nnfang: Nnfang) -> None:
    script = f"nnfang train --dataset mnist-sample --limit 500 --epochs 1 {option} >/dev/full"
    assert "No space left on device" in nnfang.shell(script, code=1).stderr


@pytest.mark.parametrize("option", ["-q", "--json"])
def test_closed_streams_do_no_harm(option: str, nnfang: Nnfang) -> None:
    script = f"nnfang train --dataset mnist-sample --limit 500 --epochs 1 -o run {option} >&- 2>&-"
    nnfang.shell(script)
    assert list_names(nnfang.folder / "run") == RUN_FILES


@pytest.mark.parametrize(("output", "reason"), [("file", "File exists"), (str(Path("file", "run")), "Not a directory")])
def test_a_folder_that_cannot_be_created_is_a_message(output: str, reason: str, nnfang: Nnfang) -> None:
    (nnfang.folder / "file").touch()
    result = nnfang.inside("train", *TWO_EPOCHS, "-o", output, code=1)
    assert result.stderr == f"Error: {output}: cannot be created: {reason}\n"


def test_a_folder_whose_name_is_not_utf8_is_written_with_escapes(nnfang: Nnfang) -> None:
    name = os.fsdecode(b"run\xff")
    try:
        (nnfang.folder / name).mkdir()
    except OSError:
        pytest.skip("this file system wants UTF-8")
    assert nnfang.train("-o", name, "--json").end["run"] == r"run\xff"


def test_early_stopping_says_so(nnfang: Nnfang) -> None:
    result = nnfang.train("--epochs", "50", "--set", "early_stopping.patience=1", "-o", "run")
    assert ", stopped early" in result.stdout
    assert "early_stopping" in (nnfang.folder / "run" / "metrics.json").read_text()


def test_the_result_is_that_of_the_best_epoch_not_of_the_last(nnfang: Nnfang) -> None:
    result = nnfang.train("--epochs", "50", "--set", "early_stopping.patience=1", "-o", "run", "--json")
    best = result.end["best_epoch"]
    assert best == result.end["epochs"] - 1 == len(result.epochs) - 1
    assert result.end["stopped_by"] == "early_stopping"
    assert result.end["digest"] == result.epochs[best - 1]["digest"]
    assert load(nnfang.folder / "run" / "best.npz").network.digest() == result.end["digest"]
    assert load(nnfang.folder / "run" / "last.npz").network.digest() == result.epochs[-1]["digest"]


def test_the_first_signal_is_noted_and_the_second_has_its_usual_effect() -> None:
    usual = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopRequest() as request:
        assert request.signal == 0
        os.kill(os.getpid(), signal.SIGINT)
        assert request.exit_code == 130
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == usual
    with StopRequest() as request:
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.exit_code == 143
    with StopRequest():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == usual


LOST = """
import ctypes, signal
from nnfang.commands.signals import StopRequest, exit_on_signals

exit_on_signals()
called_from_c = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGTERM))
called_from_c()
with StopRequest() as request:
    print(request.exit_code)
"""


def test_a_signal_whose_exception_is_lost_is_noted_later() -> None:
    """C drops the exceptions of what it calls, as while numba compiles: such a training went on."""
    found = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=True)
    assert found.stdout == "143\n"


@pytest.mark.skipif(os.name != "posix", reason="terminals there send no SIGHUP")
def test_under_nohup_a_closed_terminal_ends_nothing(nnfang: Nnfang) -> None:
    script = """
    nohup "$PYTHON" -m nnfang train --dataset mnist-sample --epochs 2 --json > events.json 2> nohup.txt &
    until grep -q start events.json; do sleep 0.1; done
    kill -HUP $!
    wait $!
    """
    nnfang.shell(script)
    assert json.loads((nnfang.folder / "events.json").read_text().splitlines()[-1])["event"] == "end"


def test_a_second_ctrl_c_does_not_wait_for_the_current_images(nnfang: Nnfang) -> None:
    wide = ("--set", "layers[0].units=1500", "--set", "layers[1].units=1500", "--set", "engine=batch")
    process = nnfang.start("train", "--dataset", "mnist-sample", *wide, "-o", "run", "--json", "-q")
    with process:
        assert process.stdout
        process.stdout.readline()
        for _ in range(2):
            time.sleep(0.5)  # two signals at once are one, and a chunk takes seconds
            process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == b"Interrupted.\n"
    assert load(nnfang.folder / "run" / "last.npz").meta.epoch == 0


def test_an_epoch_that_is_interrupted_is_saved_as_far_as_it_went(nnfang: Nnfang) -> None:
    wide = ("--set", "layers[0].units=512", "--set", "engine=batch")
    with nnfang.start("train", "--dataset", "mnist-sample", *wide, "-o", "run", "--json", "-q") as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.startswith(b"Interrupted after 0 completed epochs.")
    last, best = (load(nnfang.folder / "run" / name) for name in ("last.npz", "best.npz"))
    assert 0 < last.meta.step < 9000
    assert last.network.digest() == best.network.digest()  # rather than an untrained network as the best


# Threads


def test_threads_are_tried_out_and_the_decision_is_said(nnfang: Nnfang) -> None:
    result = nnfang.train("--batch-size", "64", "--epochs", "12", "--threads", "auto", "-o", "run")
    pattern = r"^BLAS runs in (?:1 thread|\d+ threads): \d+ threads were .* as 1$"
    assert len(re.findall(pattern, result.stderr, re.MULTILINE)) == (count_processors() > 1)


def test_a_number_of_threads_is_written_down(nnfang: Nnfang) -> None:
    nnfang.train("--epochs", "1", "--threads", "2", "-o", "run")
    environment = load(nnfang.folder / "run" / "best.npz").meta.environment
    threads = environment["blas_threads"]
    assert isinstance(threads, dict)
    assert set(threads.values()) == {"2"}


def test_more_threads_than_processors_are_a_warning(nnfang: Nnfang) -> None:
    processors = count_processors()
    result = nnfang.train("--threads", str(processors + 97))
    assert f"warning: --threads {processors + 97}: this computer has {processors} processor" in result.stderr
    assert "warning" not in nnfang.train("--threads", str(processors)).stderr


@pytest.mark.parametrize("threads", ["0", "-1", "many", "1.5"])
def test_a_wrong_number_of_threads_is_a_message(threads: str, nnfang: Nnfang) -> None:
    assert "a number of threads, 1 or more" in nnfang.inside("train", "--threads", threads, code=2).stderr


# Distortions


def test_distortions_can_be_looked_at(nnfang: Nnfang) -> None:
    options = ("--dataset", "mnist-sample", "--preview-augment", "sheet.png")
    nnfang.inside("train", *options, "--set", "augment.rotate=30", "--set", "augment.elastic.alpha=20")
    with Image.open(nnfang.folder / "sheet.png") as sheet:
        assert sheet.size == (16 * 64, 10 * 64)
        columns = [np.asarray(sheet)[:, x : x + 64] for x in (0, 64, 128)]
    assert (columns[0] != columns[1]).any()
    assert (columns[1] != columns[2]).any()
    assert "the recipe distorts no images" in nnfang.inside("train", *options, code=2).stderr
    again = ("train", *options, "--set", "augment.rotate=30")
    assert "sheet.png: already exists; choose another name, or --force" in nnfang.inside(*again, code=2).stderr
    nnfang.inside(*again, "--force")
    assert not (nnfang.folder / "runs").exists()


@pytest.mark.parametrize(("shape", "code"), [((4, 6, 6), 0), ((4, 9), 2)])
def test_a_sheet_of_few_images_or_of_none(shape: tuple[int, ...], code: int, nnfang: Nnfang) -> None:
    x, y = np.zeros(shape, np.uint8), np.array([0, 1, 0, 1])
    np.savez(nnfang.folder / "few.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    options = ("--dataset", "few.npz", "--set", "augment.rotate=30", "--preview-augment", "sheet.png")
    result = nnfang.inside("train", *options, code=code)
    assert (nnfang.folder / "sheet.png").exists() == (code == 0)
    assert ("needs images of a height and a width" in result.stderr) == (code == 2)


def test_distorted_images_are_trained_on(nnfang: Nnfang) -> None:
    plain = nnfang.train("--epochs", "1", "--json", "-q")
    distorted = nnfang.train("--epochs", "1", "--json", "-q", "--set", "augment.rotate=30")
    assert plain.epochs[0]["digest"] != distorted.epochs[0]["digest"]


# What goes wrong, and what is said of it


def test_a_dead_network_is_not_sold_as_success(nnfang: Nnfang) -> None:
    text = nnfang("train", "--dataset", "mnist-sample", "--learning-rate", "0.3", "--epochs", "1", "-q", "-o", "run")
    assert "\ncaution        " in text.stdout
    assert "a learning rate of 0.3 is very large" in text.stdout
    advice = f"nnfang train -c {Path('run', 'config.yaml')} --learning-rate 0.01"
    assert text.stdout.splitlines()[-1] == f"try            {advice}"
    better = nnfang(*advice.split()[1:], "--json", "-q").end
    assert better["diagnosis"] is None
    assert better["test_accuracy"] > 0.85


def test_a_run_that_knows_nothing_is_not_the_default_and_one_that_guesses_is_named(nnfang: Nnfang) -> None:
    nnfang.train("--epochs", "0", "-q")
    untrained = nnfang("predict", "sample:7")
    assert "Using the network that comes with nnfang" in untrained.stderr
    assert untrained.stdout.startswith("7 ")
    nnfang.train("--learning-rate", "1e-6", "-q", "-o", "runs/lazy")
    lazy = nnfang("predict", "sample:7").stderr
    assert "Using runs/lazy (trained on mnist-sample, 1 epoch; " in lazy
    assert "of its 2,000 test images correct, little better than guessing; the bundled network, " in lazy


def test_the_bundled_network_is_no_run(nnfang: Nnfang) -> None:
    for arguments in (("train", "--resume", "bundled"), ("verify", "bundled")):
        assert "the bundled network is no run, so it cannot be resumed" in nnfang.inside(*arguments, code=2).stderr


def test_a_folder_without_a_checkpoint_is_named(nnfang: Nnfang) -> None:
    (nnfang.folder / "empty").mkdir()
    for arguments in (("train", "--resume", "empty"), ("verify", "empty")):
        stderr = nnfang.inside(*arguments, code=6).stderr
        assert "empty: there is no checkpoint in this folder to continue from" in stderr


def test_the_folder_of_a_run_is_no_recipe(trained: Trained, nnfang: Nnfang) -> None:
    stderr = nnfang.inside("train", "-c", str(trained.folder), code=2).stderr
    assert f'a folder. Did you mean "{(trained.folder / "config.yaml").as_posix()}"?' in stderr


def test_resuming_a_finished_run_says_so(trained: Trained, nnfang: Nnfang) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    said = nnfang("train", "--resume", "run").stderr
    assert "It has completed its 2 epochs, so there is nothing left to train. To continue, add --epochs 4." in said
    assert "nothing left" not in nnfang("train", "--resume", "run", "--epochs", "3").stderr


def test_a_training_ends_in_time(nnfang: Nnfang) -> None:
    start = time.monotonic()
    arguments = ("--dataset", "mnist-sample", "--epochs", "10000", "--max-time", "3s", "-o", "run")
    result = nnfang("train", *arguments, "--json", "-q")
    assert time.monotonic() - start < 30
    assert result.end["stopped_by"] == "max_time"
    assert 0 < len(result.epochs) < 10000
    refused = nnfang.inside("train", "--max-time", "soon", code=2).stderr
    assert "'soon' is not a time such as 90s, 10m or 1h30m" in refused
    assert "no epoch fits into no time" in nnfang.inside("train", "--max-time", "0m", code=2).stderr
    distorted = ("--set", "augment.rotate=10", "--set", "augment.shift=1")  # which it cannot learn by heart in a second
    text = nnfang("train", *arguments[:5], "1s", "-o", "short", "-q", *distorted).stdout
    assert "stopped by --max-time" in text
    assert text.endswith("nnfang train --resume short\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h", 7200), ("1h1m1s", 3661)]
)
def test_a_time_is_written_as_people_write_it(text: str, seconds: float) -> None:
    assert DurationType().convert(text, None, None) == seconds


def test_a_network_that_reads_no_digits_is_not_asked_to_read_one(nnfang: Nnfang) -> None:
    y = np.arange(400) % 4
    x = np.repeat(np.eye(4, 6, dtype=np.uint8)[y][:, np.newaxis] * 255, 6, axis=1)
    np.savez(nnfang.folder / "stripes.npz", x_train=x, y_train=y, x_test=x[:80], y_test=y[:80])
    *_, command = nnfang("train", "--dataset", "stripes.npz", "--epochs", "3", "-o", "run", "-q").stdout.splitlines()
    assert command == "try            nnfang evaluate -m run"
    assert "accuracy  100.00%" in nnfang(*command.split()[2:]).stdout


def test_other_data_get_an_output_unit_per_class(nnfang: Nnfang) -> None:
    x, y = np.zeros((60, 6, 6), np.uint8), np.arange(60) % 4
    np.savez(nnfang.folder / "four.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    result = nnfang("train", "--dataset", "four.npz", "--epochs", "1", "--json", "-q", "-o", "run")
    assert "warning: the output layer has 4 units instead of 10, one per class of four.npz" in result.stderr
    assert result.objects[0]["network"] == [36, 128, 64, 4]
    named = nnfang("train", "--dataset", "four.npz", "--set", "layers[2].units=10", code=2)
    assert "layers[2].units: found 10, but four.npz has 4 classes" in named.stderr
