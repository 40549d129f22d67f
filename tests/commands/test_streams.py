"""Closed and full streams, a Ctrl-C at any time, odd clocks and limits: one message, and a true exit code."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from nnfang.commands import describe_failure

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells and signals are those of POSIX")

WITH_RESULTS = [
    "--help",
    "--version",
    "help train",
    "train --help",
    "train --print-config",
    "train --print-schema",
    "recipes",
    "recipes paper",
    "info",
    "info --json",
    "predict --list-samples",
    "predict -m bundled sample:7",
    "predict -m bundled --format csv sample:7",
    "predict -m bundled --format json sample:7",
    "evaluate -m bundled --dataset mnist-sample",
]


@pytest.mark.parametrize("command", WITH_RESULTS)
def test_a_result_that_cannot_be_written_is_a_failure(command: str, nnfang: Nnfang) -> None:
    for stream, reason in ((">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")):
        result = nnfang.shell(f"nnfang {command} {stream}", code=1)
        assert result.stderr == f"Error: standard output: {reason}\n"
    assert nnfang.shell(f"nnfang {command} >&- 2>&- <&-", code=1).stderr == ""


@pytest.mark.parametrize("option", ["", "--json"])
def test_a_training_whose_result_nobody_wants_to_read_is_in_its_folder(option: str, nnfang: Nnfang) -> None:
    result = nnfang.shell(f"nnfang train --dataset mnist-sample --limit 300 --epochs 1 -q -o run {option} >&-")
    assert result.stderr == ""
    assert (nnfang.folder / "run" / "metrics.json").exists()


def test_a_closed_stdin_is_not_an_empty_one(nnfang: Nnfang) -> None:
    result = nnfang.shell("nnfang predict -m bundled - <&-", code=1)
    assert result.stderr == "Error: standard input: cannot be read: bad file descriptor\n"
    assert result.stdout == "-      -  -  (cannot be read: bad file descriptor)\n"
    result = nnfang.shell("nnfang train -c - --dataset mnist-sample <&-", code=2)
    assert result.stderr == "Error: standard input: cannot be read: Bad file descriptor\n"
    assert not (nnfang.folder / "runs").exists()


def test_what_needs_no_stdin_works_without(nnfang: Nnfang) -> None:
    assert nnfang.shell("nnfang predict -m bundled sample:7 <&-").stdout.startswith("7")


# Ctrl-C


ANNOUNCED = """
import signal, sys
from nnfang import __main__ as program

def announce(*arguments):
    signal.signal = set_handler
    set_handler(*arguments)
    print("ready", file=sys.stderr, flush=True)

set_handler, signal.signal = signal.signal, announce
program.main()
"""
"""nnfang, which says when it has begun. What happens before that is up to Python."""


@pytest.mark.parametrize("arguments", [("predict", "-m", "bundled", "sample:7"), ("train", "--help")], ids=" ".join)
def test_ctrl_c_at_any_moment_of_the_start_is_130_and_no_traceback(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    codes = set()
    for number in range(25):
        process = subprocess.Popen(
            [sys.executable, "-c", ANNOUNCED, *arguments],
            cwd=nnfang.folder,
            env=nnfang.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            assert process.stderr
            assert process.stderr.readline() == b"ready\n"
            time.sleep(0.03 * number)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        codes.add(process.returncode)
        if process.returncode in {0, -signal.SIGINT}:  # it was done before, or about to leave Python
            assert stdout
            break
        assert process.returncode == 130, stderr
        assert stderr in {b"", b"Interrupted.\n"}
    assert 130 in codes


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

del sys.modules["{module}"]
sys.meta_path.insert(0, Interrupting())
from nnfang.__main__ import main
"""


@pytest.mark.parametrize("module", ["signal", "types"])
def test_ctrl_c_before_there_is_a_handler_is_130_and_no_traceback(module: str, nnfang: Nnfang) -> None:
    """What comes before that is Python's own start: it has a traceback for a Ctrl-C, or ends at once."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT.format(module=module)],
        env=nnfang.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_nothing_is_imported_before_the_program_is_ready_for_ctrl_c(nnfang: Nnfang) -> None:
    code = "import sys; before = {*sys.modules}; import nnfang; print(*{*sys.modules} - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=nnfang.environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "nnfang\n"


def test_in_a_background_job_sigint_stays_ignored(nnfang: Nnfang) -> None:
    script = """
    trap '' INT
    "$PYTHON" -m nnfang train --dataset mnist-sample --epochs 2 --json > events.json &
    until grep -q start events.json; do sleep 0.1; done
    kill -INT $!
    wait $!
    """
    nnfang.shell(script)
    assert json.loads((nnfang.folder / "events.json").read_text().splitlines()[-1])["event"] == "end"


# Limits and clocks


@pytest.mark.parametrize("limit", range(4, 8))
@pytest.mark.parametrize(
    "arguments", ["evaluate -m bundled --dataset mnist-sample", "train --dataset mnist-sample --limit 300 --epochs 1"]
)
def test_a_process_that_may_open_few_files_says_so(arguments: str, limit: int, nnfang: Nnfang) -> None:
    """Python itself is started without its site, which opens several files at once."""
    paths = os.pathsep.join(sys.path)
    script = f"ulimit -n {limit}; \"$PYTHON\" -S -c 'from nnfang.__main__ import main; main()' {arguments} -q"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=nnfang.folder,
        env={**nnfang.environment, "PYTHON": sys.executable, "PYTHONPATH": paths},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    if done.returncode:
        assert re.fullmatch(rb"(warning: .*\n)?Error: \S+.*Too many open files.*\n", done.stderr), done.stderr


def test_a_time_zone_that_there_is_not_is_one_message(nnfang: Nnfang) -> None:
    result = nnfang.train("-o", "run", code=2, environment={"TZ": "UTC+167"})
    assert result.stderr == "Error: environment variable TZ: a time zone that is a day or more from UTC\n"
    assert not (nnfang.folder / "run").exists()


FROZEN = """
import sys, time
for name in ("time", "monotonic", "perf_counter"):
    setattr(time, name, (lambda value: lambda: value)(getattr(time, name)()))
from nnfang.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--dataset", "mnist-sample", "--limit", "500", "--epochs", "2"),
        ("train", "--dataset", "mnist-sample", "--epochs", "3", "--batch-size", "64", "--threads", "auto"),
    ],
    ids=" ".join,
)
def test_a_clock_that_stands_still_stops_nothing(arguments: tuple[str, ...], nnfang: Nnfang) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FROZEN, *arguments],
        cwd=nnfang.folder,
        env=nnfang.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr


# What the system says


def test_a_failure_names_the_file_or_how_to_find_it() -> None:
    reason = os.strerror(errno.EIO)
    assert describe_failure(OSError(errno.EIO, reason, "a.npz")) == f"a.npz: {reason}"
    assert describe_failure(OSError(errno.EIO, reason, b"a\xff.npz")) == f"a\udcff.npz: {reason}"
    assert describe_failure(OSError(errno.EIO, reason)) == (
        f"a file cannot be read or written: {reason}. With NNFANG_DEBUG=1, nnfang shows what it was doing."
    )
