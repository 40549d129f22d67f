"""What is on the screen of a terminal, narrow and wide."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

NOT_SHOWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours, and movements of the cursor."""


def lines_on(screen: str) -> list[str]:
    return [line.rstrip() for line in re.split(r"[\r\n]+", NOT_SHOWN.sub("", screen))]


@pytest.mark.parametrize("columns", [50, 80, 120])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("evaluate",), 0),
        (("evaluate", "-v"), 0),
        (("info",), 0),
        (("runs",), 0),
        (("inspect",), 0),
        (("check", "-c", "tiny"), 0),
        (("diagnose",), 0),
        (("recipes",), 0),
        (("predict", "sample:7", "no such picture.png", "--top", "3"), 1),
        (("train", "--dataset", "mnist-sampel"), 5),
        (("train", "--set", "optimizer.lr=3"), 2),
        (("train", "--epoch", "3"), 2),
        (("train", "-c", "paper-dist"), 2),
        (("trian",), 2),
        (("predict",), 2),
        (("train", "--dataset", "kmnist", "--offline"), 5),
        (("verify",), 6),
        (("train", "--dataset", "mnist-sample", "--epochs", "1", "--lr", "1e-6", "-o", "run"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_no_word_is_broken(
    arguments: tuple[str, ...], code: int, columns: int, nnfang: Nnfang, trained: Trained
) -> None:
    if arguments[0] in {"evaluate", "predict", "runs", "inspect", "diagnose"}:
        shutil.copytree(trained.folder, nnfang.folder / "runs" / "own")
    screen = nnfang.on_terminal(*arguments, code=code, columns=columns, piped=False).stderr
    for line in lines_on(screen):
        assert len(line) <= columns or len(line.split()) == 1, line  # a path may be longer than a line


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "▁"), ("ascii", "_")])
def test_the_curves_are_drawn_as_the_terminal_can_and_not_in_a_pipe(encoding: str, mark: str, nnfang: Nnfang) -> None:
    arguments = ("train", "--dataset", "mnist-sample", "--epochs", "12", "--batch-size", "8", "--force", "-o", "run")
    environment = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    screen = lines_on(nnfang.on_terminal(*arguments, columns=60, environment=environment).stderr)
    curves = [line for line in screen if re.match(r"val_accuracy \S+ \S+%  loss \S+ \S+$", line)]
    assert curves
    assert all(mark in line for line in curves)
    assert all(len(line) <= 58 for line in curves)
    assert "  loss █" not in nnfang(*arguments).stderr


def test_the_command_to_try_next_can_be_pasted_from_a_narrow_terminal(nnfang: Nnfang) -> None:
    folder = "runs/the first of my networks"
    arguments = ("train", "--dataset", "mnist-sample", "--limit", "500", "--epochs", "1", "-o", folder)
    lines = lines_on(nnfang.on_terminal(*arguments, columns=50, piped=False).stderr)
    start = lines.index("try") + 1
    assert nnfang.shell("\n".join(lines[start:])).stdout.endswith("sample:7\n")
