"""An exported Python file, started as a program where nnfang is not installed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nnfang.exports import Settings, encode
from nnfang.images import find_sample
from nnfang.runs.bundled import NETWORK
from nnfang.runs.checkpoint import load as load_checkpoint
from nnfang.runs.pictures import predict_pictures
from tests.exports.networks import make_checkpoint
from tests.exports.variety import make_checkpoint as make_variety

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from nnfang.runs.checkpoint import Checkpoint

WITHOUT = """
import runpy, sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a file where some packages are not installed."""

needs_posix = pytest.mark.skipif(os.name != "posix", reason="streams are different there")


def command(file: Path, *arguments: str, without: str = "nnfang") -> list[str]:
    return [sys.executable, "-I", "-W", "error", "-c", WITHOUT, without, str(file), *arguments]


def run(file: Path, *arguments: str, without: str = "nnfang", stdin: bytes = b"") -> CompletedProcess[bytes]:
    """Run a file in its folder."""
    line = command(file, *arguments, without=without)
    return subprocess.run(line, input=stdin, capture_output=True, cwd=file.parent, timeout=60, check=False)


def write(checkpoint: Checkpoint, folder: Path) -> Path:
    (folder / "digits.py").write_bytes(encode(checkpoint.for_inference(), "py", Settings()))
    return folder / "digits.py"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network that comes with nnfang as a file, in a folder with pictures."""
    folder = tmp_path_factory.mktemp("program")
    for name in "0123456789":
        copy(find_sample(f"sample:{name}"), folder / f"{name}.png")
    Image.new("L", (60, 60), 255).save(folder / "blank.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    (folder / "text.txt").write_bytes(b"no picture\n\xff")
    return write(load_checkpoint(NETWORK), folder)


def test_it_says_of_pictures_what_nnfang_says(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.parent)
    done = run(program, "7.png", "[0-4].png", ".", "missing.png", "*.jpg", "text.txt")
    rows = done.stdout.decode().splitlines()
    expected = []
    for prediction in predict_pictures(load_checkpoint(NETWORK), ["7.png", "[0-4].png", "."]):
        if isinstance(prediction, tuple):
            expected.append(f"-      -  {prediction[0]}  ({prediction[1].reason})")
        else:
            best = int(prediction.outputs.argmax())
            expected.append(f"{best}  {prediction.outputs[best]:5.1%}  {prediction.name}")
    assert rows[:-3] == expected
    assert rows[-3:] == [
        "-      -  missing.png  (there is no such file or folder)",
        "-      -  *.jpg  (no file matches this pattern)",
        "-      -  text.txt  (not a picture (it begins with 'no picture\\n\\xff'))",
    ]
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 5
    assert b"Error: blank.png: " in done.stderr


def test_all_is_well_where_all_was_read(program: Path) -> None:
    done = run(program, "7.png", "3.png")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"7  100.0%  7.png\n3  100.0%  3.png\n", b"")


def test_a_picture_comes_from_standard_input(program: Path) -> None:
    done = run(program, "-", stdin=(program.parent / "7.png").read_bytes())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"7  100.0%  -\n", b"")
    assert run(program, "-", stdin=b"").stderr == b"Error: standard input: empty: zero bytes\n"


def test_an_empty_name_is_not_this_folder(program: Path) -> None:
    done = run(program, "")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1)


def test_it_says_how_it_is_used(program: Path) -> None:
    done = run(program)
    assert (done.returncode, done.stdout) == (2, b"")
    shown = run(program, "--help")
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout == done.stderr
    assert b"usage: digits.py [-h] [--test] [PICTURE ...]" in shown.stdout
    assert run(program, "--tset").returncode == 2


def test_without_pillow_all_goes_but_pictures(program: Path) -> None:
    done = run(program, "7.png", "3.png", without="nnfang,PIL")
    assert done.stderr == b"Error: 7.png: reading pictures needs Pillow 10.3 or newer: pip install pillow\n"
    assert done.returncode == 1
    assert run(program, "--test", without="nnfang,PIL").returncode == 0


def test_it_checks_itself(program: Path, tmp_path: Path) -> None:
    done = run(program, "--test")
    assert (done.returncode, done.stderr) == (0, b"")
    weights, vectors = done.stdout.decode().splitlines()
    assert weights == f"weights       as when exported, digest {load_checkpoint(NETWORK).network.digest()}"
    assert vectors.startswith("test vectors  10 of 10 as when exported; largest difference ")
    text = program.read_text(encoding="utf-8")
    for name, said in (("WEIGHTS", "weights       not as when"), ("EXPECTED", "test vectors  9 of 10 as when")):
        begin = f'{name} = """\n'
        place = text.index(begin) + len(begin) + 4  # where base64 has the sign and the exponent of the first number
        letter = "B" if text[place] == "A" else "A"
        (tmp_path / "digits.py").write_text(text[:place] + letter + text[place + 1 :], encoding="utf-8")
        done = run(tmp_path / "digits.py", "--test")
        assert done.returncode == 1
        assert said in done.stdout.decode()


@needs_posix
def test_whoever_reads_may_stop_reading(program: Path) -> None:
    for arguments in (["7.png", "8.png"], ["--test"]):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed:
            done = subprocess.run(
                command(program, *arguments), stdout=closed, stderr=subprocess.PIPE, cwd=program.parent, check=False
            )
        assert (done.returncode, done.stderr) == (1, b"")


@needs_posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_said_in_one_line(program: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(program, "7.png"), stdout=full, stderr=subprocess.PIPE, cwd=program.parent, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"Error: cannot write: No space left on device\n")


@needs_posix
def test_closed_streams_are_no_traceback(program: Path) -> None:
    for redirection in ("<&- -", ">&- 7.png"):
        shell = f'exec "$@" {redirection}'
        line = ["sh", "-c", shell, "sh", *command(program)]
        done = subprocess.run(line, capture_output=True, cwd=program.parent, check=False)
        assert done.returncode == 2
        assert done.stderr.endswith(b"error: standard input or output is closed\n")


def test_names_of_classes_cannot_move_the_cursor(tmp_path: Path) -> None:
    from nnfang.core.layers import Dense

    names = ("\x1b[2J\n", "\u202e\udc80")
    checkpoint = make_checkpoint((Dense(2, "softmax"),), (12,), names)
    done = run(write(checkpoint, tmp_path), "-", stdin=b"0 0 0 0 0 0 0 0 0 0 0 0\n" * 2)
    assert done.returncode == 0
    assert {row.split()[0] for row in done.stdout.decode().splitlines()} <= {r"\x1b[2J\n", r"\u202e\x80"}


def test_rows_are_read_from_tables(tmp_path: Path) -> None:
    checkpoint = make_variety("features")
    program = write(checkpoint, tmp_path)
    x = np.random.default_rng(0).normal(size=(4, 12)).round(3)
    text = io.StringIO()
    np.savetxt(text, x, fmt="%.3f", delimiter=", ")
    good = text.getvalue().splitlines()
    bad = ["1, 2", "a b c d e f g h i j k l", good[0].rpartition(",")[0] + ", nan"]
    (tmp_path / "table.csv").write_text("\n".join([*good[:3], "", *bad, good[3].replace(",", ";")]), encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    done = run(program, "table.csv", "none.csv", "bytes", "-", stdin=good[0].encode())
    outputs = checkpoint.predict(x)
    labels = [
        f"{checkpoint.class_names[row.argmax()].replace(chr(10), chr(92) + 'n')}  {row.max():5.1%}" for row in outputs
    ]
    assert done.stdout.decode().splitlines() == [
        *(f"{label}  table.csv:{number}" for number, label in enumerate(labels[:3], 1)),
        "-      -  table.csv:5  (found 2 numbers; the network takes 12)",
        "-      -  table.csv:6  (not numbers alone)",
        "-      -  table.csv:7  (one is infinite or not a number; the network takes 12)",
        f"{labels[3]}  table.csv:8",
        "-      -  none.csv  (no such file or directory)",
        "-      -  bytes  (not text in UTF-8)",
        f"{labels[0]}  -:1",
    ]
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 5
    assert run(program, "--test").returncode == 0


def test_scores_are_not_called_probabilities(tmp_path: Path) -> None:
    checkpoint = make_variety("scores")
    row = np.linspace(-1, 1, 12)
    done = run(write(checkpoint, tmp_path), "-", stdin=" ".join(map(repr, row.tolist())).encode())
    (output,) = checkpoint.predict(row[None])
    assert done.stdout.decode() == f"{checkpoint.class_names[output.argmax()]}  {output.max():6.3f}  -:1\n"
