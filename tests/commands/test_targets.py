"""What the commands write where the user says: whole, never through a link, and never over a file unasked."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from nnfang.runs import checkpoint
from nnfang.runs.folder import FILES

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang, Trained

PREVIEW = ("train", "--dataset", "mnist-sample", "--set", "augment.rotate=30", "--preview-augment", "sheet.png")
EXPORT = ("export", "-m", "bundled", "digits.npz")
PREDICT = ("predict", "-m", "bundled", "--save-input", "seen", "sample:7")
COMMANDS = [(PREVIEW, "sheet.png"), (EXPORT, "digits.npz"), (PREDICT, "seen/0001-sample-7.png")]

links = pytest.mark.skipif(os.name != "posix", reason="links are different there")


@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_what_is_there_is_replaced_only_if_forced(command: tuple[str, ...], name: str, nnfang: Nnfang) -> None:
    target = nnfang.folder / name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"mine")
    result = nnfang.inside(*command, code=2)
    assert result.stderr.endswith(f"Error: {name}: already exists; choose another name, or --force to overwrite it\n")
    assert target.read_bytes() == b"mine"
    nnfang.inside(*command, "--force")
    assert target.read_bytes() != b"mine"
    target.unlink()
    nnfang.inside(*command)
    assert target.is_file()


@links
@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_nothing_is_written_through_a_link(command: tuple[str, ...], name: str, nnfang: Nnfang) -> None:
    mine = nnfang.folder / "mine"
    mine.write_bytes(b"precious")
    target = nnfang.folder / name
    target.parent.mkdir(exist_ok=True)
    target.symlink_to(mine)
    nnfang.inside(*command, code=2)
    nnfang.inside(*command, "--force")
    assert mine.read_bytes() == b"precious"
    assert not target.is_symlink()


@links
@pytest.mark.parametrize(("command", "name"), COMMANDS, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_what_a_killed_command_left_is_cleared_away(command: tuple[str, ...], name: str, nnfang: Nnfang) -> None:
    target = nnfang.folder / name
    target.parent.mkdir(exist_ok=True)
    for other in (f".{target.name}.01234567.tmp", ".foreign.tmp"):
        target.with_name(other).touch()
    nnfang.inside(*command)
    assert [path.name for path in target.parent.glob(".*")] == [".foreign.tmp"]


def test_a_sheet_has_the_format_of_its_name(nnfang: Nnfang) -> None:
    nnfang.inside(*PREVIEW[:-1], "sheet.GIF")
    with Image.open(nnfang.folder / "sheet.GIF") as sheet:
        assert sheet.format == "GIF"
    result = nnfang.inside(*PREVIEW[:-1], "sheet.xyz", code=1)
    assert result.stderr.splitlines()[-1] == "Error: sheet.xyz: cannot be written: unknown file extension: .xyz"
    assert [path.name for path in nnfang.folder.iterdir() if path.suffix in {".xyz", ".tmp"}] == []


def test_a_folder_that_cannot_be_created_is_named(nnfang: Nnfang) -> None:
    (nnfang.folder / "seen").touch()
    for name, reason in (("seen", "File exists"), ("seen/below", "Not a directory")):
        refused = nnfang.inside(*PREDICT[:4], name, "sample:7", code=1)
        assert refused.stderr == f"Error: {name}: cannot be created: {reason}\n"


@links
def test_a_strangers_folder_overwrites_no_file_of_yours(nnfang: Nnfang, trained: Trained) -> None:
    """Its .owner was a link, and written through."""
    mine = nnfang.folder / "mine"
    mine.write_bytes(b"precious")
    run = nnfang.folder / "run"
    shutil.copytree(trained.folder, run)
    for name in FILES:
        if name not in {"config.yaml", "last.npz"}:
            (run / name).unlink(missing_ok=True)
            (run / name).symlink_to(mine)
    (run / ".owner").symlink_to(mine)
    nnfang("train", "--resume", "run", "--epochs", "3", "-q")
    assert mine.read_bytes() == b"precious"
    assert checkpoint.load(run / "last.npz").meta.epoch == 3
    (run / ".lock").symlink_to(mine)
    refused = nnfang("train", "--resume", "run", "--epochs", "4", "-q", code=1)
    assert refused.stderr == "Error: run: cannot be locked: .lock is a link to another file; delete it\n"
    assert mine.read_bytes() == b"precious"


TERMINATED = """
import os, signal, stat, sys
flush, number = os.fsync, getattr(signal, sys.argv.pop(1))

def be_terminated(descriptor):
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.kill(os.getpid(), number)
    flush(descriptor)

os.fsync = be_terminated
from nnfang.commands import main
main()
"""


@links
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "command", [("train", "--dataset", "mnist-sample", "-o", "run", "-q"), PREVIEW, EXPORT, PREDICT], ids=" ".join
)
def test_a_signal_while_a_file_is_written_leaves_no_part_of_it(
    number: signal.Signals, command: tuple[str, ...], nnfang: Nnfang
) -> None:
    process = subprocess.run(
        [sys.executable, "-c", TERMINATED, number.name, *command],
        cwd=nnfang.folder,
        env=nnfang.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 128 + number, process
    assert [path for path in nnfang.folder.rglob("*") if path.is_file()] == []
