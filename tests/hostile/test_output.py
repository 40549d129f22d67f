"""Wherever the output goes, and however little it can take: never a traceback, never a lost run."""

import os
import pty
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path

import pytest

from tests.hostile.measured import TIME_LIMIT, run

TRAIN = ("train", "--dataset", "mnist-sample", "--limit", "300", "--epochs", "2", "-o", "run")
FILES = {"best.npz", "last.npz", "config.yaml", "history.csv", "metrics.json"}


def assert_whole(folder: Path) -> None:
    assert {path.name for path in (folder / "run").iterdir()} >= FILES


def shell(folder: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHON": sys.executable, "NNFANG_OFFLINE": "1"}
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, timeout=TIME_LIMIT, check=False
    )


def on_screen(folder: Path, *arguments: str, columns: int, **environment: str) -> tuple[int, str]:
    """Run it with all streams on one terminal; its exit code and what was written there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    unwanted = {"TERM", "COLUMNS", "LINES", "CI", "NO_COLOR"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    process = subprocess.Popen(
        [sys.executable, "-m", "nnfang", *arguments],
        cwd=folder,
        env={**kept, "NNFANG_OFFLINE": "1", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    with process, os.fdopen(ours, "rb", buffering=0) as terminal:
        screen = b"".join(iter(partial(read, terminal.fileno()), b"")).decode(errors="replace")
        process.wait(TIME_LIMIT)
    return process.returncode, screen


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_encoding_that_cannot_take_a_name_loses_no_run(encoding: str, tmp_path: Path) -> None:
    arguments = [*TRAIN[:-1], "rún 手"]
    ending = run(tmp_path, *arguments, PYTHONIOENCODING=encoding)
    assert ending.code == 0, ending
    assert "Traceback" not in ending.stderr
    (tmp_path / "rún 手").rename(tmp_path / "run")
    assert_whole(tmp_path)


def test_without_home_and_terminal_everything_works(tmp_path: Path) -> None:
    bare = {"HOME": None, "TERM": None, "LANG": None, "LC_ALL": None, "NNFANG_DATA_DIR": None, "USER": None}
    for arguments in (TRAIN, ("evaluate", "-m", "run"), ("info",)):
        ending = run(tmp_path, *arguments, **bare)
        assert ending.code == 0, ending
        assert "Traceback" not in ending.stderr
    assert_whole(tmp_path)


@pytest.mark.parametrize("columns", [1, 20])
@pytest.mark.parametrize("variables", [{"TERM": "xterm-256color"}, {}, {"TERM": "nonsense"}], ids=str)
def test_a_narrow_terminal_loses_no_run(columns: int, variables: dict[str, str], tmp_path: Path) -> None:
    code, screen = on_screen(tmp_path, *TRAIN, columns=columns, **variables)
    assert code == 0, screen
    assert "Traceback" not in screen
    assert_whole(tmp_path)


def test_more_epochs_than_can_be_counted_fit_a_bar(tmp_path: Path) -> None:
    arguments = ("--set", "epochs=1" + "0" * 30, "--set", "early_stopping={patience: 1, metric: val_accuracy}")
    code, screen = on_screen(tmp_path, *TRAIN[:5], *arguments, "-o", "run", columns=80, TERM="xterm-256color")
    assert code == 0, screen
    assert_whole(tmp_path)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full", "2>&1 | true", "| true"])
@pytest.mark.parametrize("command", ["info", "evaluate -m run", "predict -m run a.png", "--help"])
def test_streams_that_are_closed_bring_no_traceback(command: str, closed: str, trained: Path) -> None:
    done = shell(trained, f'set -o pipefail; "$PYTHON" -m nnfang {command} {closed}')
    assert done.returncode == 1 or not closed.startswith(">&-")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", ">&- 2>&- <&-"])
def test_a_stderr_that_takes_nothing_loses_no_run(closed: str, tmp_path: Path) -> None:
    done = shell(tmp_path, f'"$PYTHON" -m nnfang {" ".join(TRAIN)} {closed}')
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert_whole(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    assert run(folder, *TRAIN).code == 0
    return folder
