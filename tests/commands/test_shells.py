"""Completion in the real shells."""

from __future__ import annotations

import os
from shutil import which
from typing import TYPE_CHECKING

import pytest

from tests.commands.shells import SETUP, Shell

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

NO_LINE = "\x15"
"""Ctrl-U, which takes back what was typed."""


@pytest.mark.skipif(os.name != "posix", reason="terminals are different there")
@pytest.mark.parametrize("name", SETUP)
def test_a_shell_completes_commands_options_and_values(name: str, nnfang: Nnfang) -> None:
    if not which(name):
        pytest.skip(f"{name} is not installed")
    (nnfang.folder / "runs" / "own").mkdir(parents=True)
    (nnfang.folder / "runs" / "own" / "last.npz").touch()
    with Shell(name, nnfang.folder, nnfang.environment) as shell:
        for typed, expected in (
            ("nnfang ev", "evaluate"),
            ("nnfang train --max", "--max-time"),
            ("nnfang predict -m bun", "bundled"),
            ("nnfang evaluate -m runs/o", "runs/own"),
            ("nnfang train --dataset fash", "fashion-mnist"),
            ("nnfang train --set optimizer.l", "optimizer.learning_rate="),
            ("nnfang train --set optimizer.type=adamw", "optimizer.type=adamw"),
            ("nnfang train -c paper-", "paper-distorted"),
        ):
            shell.type(f"{typed}\t")
            shell.wait_for(expected)
            shell.type(NO_LINE)
        shell.type("nnfang predict sample:\t\t")
        shell.wait_for("8")
        shell.wait_for("9")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["nnfang", ""],
            {
                "predict",
                "evaluate",
                "compare",
                "export",
                "train",
                "import",
                "check",
                "diagnose",
                "verify",
                "runs",
                "inspect",
                "report",
                "recipes",
                "data",
                "info",
                "bench",
                "explain",
                "sweep",
                "help",
            },
        ),
        (["nnfang", "train", "--dataset", "fa"], {"fashion-mnist"}),
        (["nnfang", "train", "--dataset", "=", "fa"], {"fashion-mnist"}),
        (["nnfang", "train", "--from", "bun"], {"bundled"}),
        (["nnfang", "import", "w.npz", "--layout", ""], {"in-out", "out-in"}),
        (["nnfang", "import", "w.npz", "-c", "ti"], {"tiny"}),
        (["nnfang", "evaluate", "--split", ""], {"train", "validation", "test"}),
        (["nnfang", "predict", "--fo"], {"--force", "--format"}),
        (["nnfang", "predict", "sample", ":"], set("0123456789")),
        (["nnfang", "train", "--set", "layers[1].u"], {"layers[1].units="}),
        (["nnfang", "train", "--set", "optimizer.type", "=", "ad"], {"adam", "adamw"}),
        (["nnfang", "train", "--set", "early_stopping.metric", "=", "val"], {"val_loss", "val_accuracy"}),
        (["nnfang", "help", "tr"], {"train"}),
        (["nnfang", "help", "data", "fe"], {"fetch"}),
        (["nnfang", "data", "fe"], {"fetch"}),
        (["nnfang", "data", "fetch", "mnist", "fa"], {"fashion-mnist"}),
        (["nnfang", "recipes", "ti"], {"tiny"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bash_is_answered(words: list[str], expected: set[str], nnfang: Nnfang) -> None:
    environment = {
        "_NNFANG_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    answers = nnfang.inside(environment=environment).stdout.split()
    assert {answer.partition(",")[2] for answer in answers} == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    "words", ["", "predict --", "train --", "predict sample:", "train --set optimizer.", "train -c "]
)
def test_descriptions_have_one_line(shell: str, words: str, nnfang: Nnfang) -> None:
    *before, last = words.split(" ")
    environment = {
        "_NNFANG_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": f"nnfang {words}",
        "COMP_CWORD": str(len(before) + 1) if shell == "zsh" else last,
    }
    lines = nnfang.inside(environment=environment).stdout.splitlines()
    kinds = lines[::3] if shell == "zsh" else [line.partition(",")[0] for line in lines]
    assert set(kinds) <= {"plain", "partial"}
    assert len(kinds) > 1


def test_files_are_offered_beside_names(nnfang: Nnfang) -> None:
    (nnfang.folder / "tinted.yaml").touch()
    (nnfang.folder / ".tinted").touch()
    (nnfang.folder / "tires").mkdir()
    environment = {
        "_NNFANG_COMPLETE": "bash_complete",
        "COMP_WORDS": "nnfang\ntrain\n-c\nti",
        "COMP_CWORD": "3",
    }
    assert nnfang.inside(environment=environment).stdout.split() == [
        "plain,tiny",
        "plain,tinted.yaml",
        f"partial,tires{os.sep}",
    ]


@pytest.mark.parametrize("shell", SETUP)
def test_a_completion_script_can_be_printed(shell: str, nnfang: Nnfang) -> None:
    script = nnfang(environment={"_NNFANG_COMPLETE": f"{shell}_source"}).stdout
    assert "_NNFANG_COMPLETE" in script
    assert f"{shell}_complete" in script
