"""The real program in a process of its own, whose time and memory are measured."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from time import monotonic

import pytest

if sys.platform == "win32":
    pytest.skip("what a child has used is not to be had there", allow_module_level=True)

TIME_LIMIT = 20.0
MEMORY_LIMIT = 500
"""Megabytes."""


@dataclass(frozen=True)
class Ending:
    """How a process ended, what it wrote, and what it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    megabytes: float


def run(folder: Path, *arguments: str, stdin: Path | None = None, **environment: str | None) -> Ending:
    """Run ``nnfang`` in a folder; an environment variable that is None is not there."""
    variables: dict[str, str | None] = {k: v for k, v in os.environ.items() if not k.startswith(("NNFANG_", "PYTHON"))}
    variables |= {"NNFANG_DATA_DIR": str(folder / "cache"), "NNFANG_OFFLINE": "1", **environment}
    start = monotonic()
    with TemporaryFile() as out, TemporaryFile() as err, (stdin or Path(os.devnull)).open("rb") as source:
        process = subprocess.Popen(
            [sys.executable, "-m", "nnfang", *arguments],
            cwd=folder,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=source,
            stdout=out,
            stderr=err,
        )
        killer = Timer(TIME_LIMIT, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        stdout, stderr = (stream.read().decode(errors="surrogateescape") for stream in (out, err))
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return Ending(process.returncode, stdout, stderr, monotonic() - start, usage.ru_maxrss / unit)


def refused(code: int, folder: Path, *arguments: str, stdin: Path | None = None) -> str:
    """The message with which the program refuses; it takes neither much time nor much memory to do so."""
    ending = run(folder, *arguments, stdin=stdin)
    assert ending.code == code, ending
    assert ending.seconds < TIME_LIMIT
    assert ending.megabytes < MEMORY_LIMIT
    assert ending.stdout == ""
    assert "Traceback" not in ending.stderr
    assert ending.stderr.startswith("Error: ")
    assert ending.stderr.count("Error: ") == 1
    return ending.stderr.removeprefix("Error: ")
