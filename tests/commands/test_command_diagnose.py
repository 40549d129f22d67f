"""What went wrong in a training, of whatever end, with the command to try."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nnfang.training.rules import RULES

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

GOLDEN = Path(__file__).parents[1] / "runs" / "golden"


def rules(nnfang: Nnfang, run: str | Path) -> dict[str, dict[str, Any]]:
    (found,) = nnfang.inside("diagnose", str(run), "--offline", "--json").objects
    return dict(found["rules"])


def test_a_training_that_went_well_has_a_line_for_each_rule_and_layer(nnfang: Nnfang, trained: Trained) -> None:
    text = nnfang.inside("diagnose", str(trained.folder)).stdout
    lines = text.partition("\n\n")[0].splitlines()
    assert [line.split("  ", 1)[1].partition(": ")[0].strip() for line in lines] == list(RULES)
    assert {line.split()[0] for line in lines} == {"ok", "-"}
    assert "layers, on 1,000 validation images of mnist-sample:\n" in text
    assert [line.split()[:3] for line in text.splitlines()[-3:]] == [
        ["layers[0]", "relu", "128"],
        ["layers[1]", "relu", "64"],
        ["layers[2]", "softmax", "10"],
    ]
    assert "try " not in text


def test_the_command_to_try_can_be_run_and_is_that_at_the_end_of_the_training(nnfang: Nnfang) -> None:
    trained = nnfang(
        "train", "--dataset", "mnist-sample", "--limit", "500", "--epochs", "2", "--lr", "1e-6", "-o", "run"
    )
    (found,) = nnfang.inside("diagnose", "run", "--json").objects
    assert found["command"] == "nnfang train -c run/config.yaml --learning-rate 0.01"
    assert f"try            {found['command']}\n" in trained.stdout
    worst = found["rules"]["under-fitting"]
    assert f"caution        {worst['evidence']}\n" in trained.stdout
    assert (worst["wrong"], worst["try"]) == (True, {"optimizer.learning_rate": 0.01})
    assert nnfang.inside("diagnose", "run").stdout.endswith(f"\ntry      {found['command']}\n")
    assert json.loads(nnfang.shell(f"{found['command']} -q --json").stdout.splitlines()[-1])["event"] == "end"


def test_json_names_the_rule_at_the_end_of_a_training(nnfang: Nnfang) -> None:
    assert nnfang.train("--json", "--epochs", "0").end["diagnosis"]["rule"] == "untrained"


def test_a_training_that_diverged_is_told_which_rate_to_try(nnfang: Nnfang) -> None:
    nnfang.train("-o", "run", "--lr", "1e30", code=4)
    found = rules(nnfang, "run")
    assert found["divergence"]["wrong"]
    assert found["divergence"]["evidence"].startswith("training diverged in epoch 1")
    assert found["divergence"]["try"] == {"optimizer.learning_rate": 0.01}
    assert (found["untrained"]["wrong"], found["under-fitting"]["wrong"]) == (True, None)


def test_an_interrupted_run_of_an_older_version_is_judged_as_far_as_it_came(nnfang: Nnfang) -> None:
    shutil.copytree(GOLDEN / "online-sgd", nnfang.folder / "run")
    found = rules(nnfang, "run")
    assert not any(rule["wrong"] for rule in found.values())
    assert found["untrained"]["evidence"] == "trained up to epoch 1, step 4,748"


def test_a_fork_and_a_single_checkpoint_are_judged(nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    nnfang("train", "-q", "--resume", "run", "--fork", "--epochs", "3", "-o", "fork", "--offline")
    assert "epoch 3," in rules(nnfang, "fork")["untrained"]["evidence"]
    assert "epoch 3," in rules(nnfang, "fork/last.npz")["untrained"]["evidence"]


def test_a_run_without_validation_images_is_looked_at_with_test_images(nnfang: Nnfang) -> None:
    nnfang.train("-q", "-o", "run", "--set", "validation_split=0")
    assert "\nlayers, on 1,000 test images of mnist-sample:\n" in nnfang.inside("diagnose", "run").stdout


@pytest.mark.parametrize("name", ["last.npz", "best.npz", "diverged.json"])
def test_a_damaged_run_is_a_message(name: str, nnfang: Nnfang, trained: Trained) -> None:
    shutil.copytree(trained.folder, nnfang.folder / "run")
    (nnfang.folder / "run" / name).write_bytes(b"damaged")
    assert name in nnfang.inside("diagnose", "run", "--json", code=6).stderr


def test_what_is_no_run_is_a_message(nnfang: Nnfang, trained: Trained) -> None:
    assert "the bundled network is no run" in nnfang.inside("diagnose", "bundled", code=2).stderr
    assert "no trained network" in nnfang.inside("diagnose", code=6).stderr
    nnfang.inside("export", "-q", "-m", str(trained.folder), "small.npz")
    assert "for inference only" in nnfang.inside("diagnose", "small.npz", code=2).stderr
