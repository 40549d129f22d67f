"""What is known of a network, whatever it is: a run, a file, an export, of an older format, or damaged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

GOLDEN = Path(__file__).parents[1] / "runs" / "golden"


def facts(nnfang: Nnfang, model: str | Path, *more: str) -> dict[str, Any]:
    (found,) = nnfang.inside("inspect", str(model), "--json", *more).objects
    return dict(found)


def shown(nnfang: Nnfang, model: str | Path) -> dict[str, str]:
    text = nnfang.inside("inspect", str(model)).stdout.partition("\n\n")[2]
    return dict(line.split("  ", 1) for line in text.splitlines())


def test_a_run_is_shown_with_its_layers_and_its_result(nnfang: Nnfang, trained: Trained) -> None:
    found = facts(nnfang, trained.folder)
    end, best = trained.result.end, trained.best_epoch
    assert (found["kind"], found["state"], found["epoch"]) == ("run", "done", end["best_epoch"])
    assert [layer["shapes"] for layer in found["layers"]] == [[[128, 784], [128]], [[64, 128], [64]], [[10, 64], [10]]]
    assert [layer["parameters"] for layer in found["layers"]] == [100480, 8256, 650]
    assert found["parameters"] == 109386
    assert found["test"]["accuracy"] == end["test_accuracy"]
    assert found["validation"]["accuracy"] == best["val_accuracy"]
    assert found["digest"] == end["digest"]
    assert found["bytes"] == (trained.folder / "best.npz").stat().st_size
    assert found["environment"]["processors"] >= 1
    text = nnfang.inside("inspect", str(trained.folder)).stdout
    assert text.startswith("layer                shape  parameters\ndense, relu     784 -> 128     100,480\n")
    assert f"\ndigest      {end['digest']}\n" in text


def test_a_file_of_a_run_knows_the_result_too(nnfang: Nnfang, trained: Trained) -> None:
    found = facts(nnfang, trained.folder / "best.npz")
    assert found["test"]["accuracy"] == trained.result.end["test_accuracy"]
    assert (found["kind"], found["state"]) == ("run", None)


def test_the_bundled_network_and_an_export_say_what_they_are(nnfang: Nnfang, trained: Trained) -> None:
    assert facts(nnfang, "bundled")["kind"] == "export"
    nnfang.inside("export", "-q", "-m", str(trained.folder), "small.npz")
    found = facts(nnfang, "small.npz")
    assert (found["kind"], found["environment"], found["validation"]) == ("export", {}, None)
    assert found["test"]["accuracy"] == trained.result.end["test_accuracy"]
    lines = shown(nnfang, "small.npz")
    assert lines["origin"].strip() == "exported for inference only"
    assert lines["machine"].strip() == "not recorded"
    assert lines["doubt"].strip() == "knows which pictures are unfamiliar"
    assert shown(nnfang, str(trained.folder / "last.npz"))["doubt"].strip() == "cannot tell unfamiliar pictures"


@pytest.mark.parametrize("number", [1, 2])
def test_each_format_can_be_inspected(number: int, nnfang: Nnfang) -> None:
    found = facts(nnfang, GOLDEN / f"format-{number}.npz")
    assert found["format"] == number
    assert [layer["type"] for layer in found["layers"]] == ["dense", "dropout", "dense"]
    dropout = {"type": "dropout", "rate": 0.25, "inputs": 3, "units": 3, "shapes": [], "parameters": 0}
    assert found["layers"][1] == dropout
    assert "dropout, 0.25   3 -> 3" in nnfang.inside("inspect", str(GOLDEN / f"format-{number}.npz")).stdout


def test_a_run_that_was_interrupted_and_one_that_was_resumed_say_so(nnfang: Nnfang) -> None:
    shutil.copytree(GOLDEN / "online-sgd", nnfang.folder / "run")
    assert shown(nnfang, "run")["state"].strip() == "interrupted"
    step = facts(nnfang, "run/last.npz")["step"]
    nnfang("train", "-q", "--resume", "run", "--offline")
    found = facts(nnfang, "run")
    assert (found["state"], found["resumed"]) == ("done", [step])
    assert f"a run, resumed at step {step:,}" in shown(nnfang, "run")["origin"]


def test_a_fork_names_its_parent(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    nnfang("train", "-q", "--resume", "run", "--fork", "--epochs", "3", "-o", "fork", "--offline")
    found = facts(nnfang, "fork")
    assert (found["kind"], found["parent"]["run"], found["parent"]["step"]) == ("fork", "run", 18000)
    assert shown(nnfang, "fork")["origin"].strip() == "a fork of run at step 18,000"


def test_a_data_set_that_stood_in_for_another_is_named_beside_it(nnfang: Nnfang) -> None:
    nnfang("train", "-q", "--limit", "500", "--epochs", "1", "--offline", "-o", "run")
    assert shown(nnfang, "run")["trained on"].strip() == "mnist-sample, in place of mnist"


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"half"])
def test_a_damaged_network_is_a_message(content: bytes, nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    whole = (trained.folder / "best.npz").read_bytes()
    (nnfang.folder / "run" / "best.npz").write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    assert "damaged: not a whole .npz file" in nnfang.inside("inspect", "run", code=6).stderr
    assert nnfang.inside("inspect", "run", "--json", code=6).stdout == ""


def test_a_weight_that_was_changed_is_noticed(nnfang: Nnfang, trained: Trained) -> None:
    content = bytearray((trained.folder / "best.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (nnfang.folder / "bad.npz").write_bytes(content)
    assert "damaged" in nnfang.inside("inspect", "bad.npz", code=6).stderr


def test_a_run_whose_latest_checkpoint_is_damaged_still_shows_its_best(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    (nnfang.folder / "run" / "last.npz").write_bytes(b"")
    assert shown(nnfang, "run")["state"].strip().startswith("damaged: run")
    assert facts(nnfang, "run")["digest"] == trained.result.end["digest"]
