"""The real program in a process of its own, whose time and memory are measured."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from threading import Timer
from time import monotonic

import pytest

if not Path("/proc/self/status").exists():
    pytest.skip("the memory that a process has used is told by Linux only", allow_module_level=True)

TIME_LIMIT = 20.0
MEMORY_LIMIT = 500
"""Megabytes."""

PROGRAM = """
import atexit, os, resource, sys

# What the system lets it take, should its own limits fail; libraries reserve more addresses than they use memory.
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30,) * 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**30,) * 2)

def tell_memory():
    with open("/proc/self/status") as status, open(os.environ["MEMORY_FILE"], "w") as file:
        file.write(next(line for line in status if line.startswith("VmHWM")).split()[1])

atexit.register(tell_memory)
sys.argv[0] = "nnfang"
from nnfang.commands import main
main()
"""
"""The program, which writes down in the end how much memory it had at the most. What the system tells its parent would
count the memory that the parent had when it started it."""


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
    variables["PYTHONPATH"] = os.environ.get("PYTHONPATH")  # or another nnfang than the one under test might be found
    variables |= {"NNFANG_DATA_DIR": str(folder / "cache"), "NNFANG_OFFLINE": "1", **environment}
    start = monotonic()
    with (
        TemporaryFile() as out,
        TemporaryFile() as err,
        NamedTemporaryFile() as memory,
        (stdin or Path(os.devnull)).open("rb") as source,
    ):
        variables["MEMORY_FILE"] = memory.name
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=folder,
            env={name: value for name, value in variables.items() if value is not None},
            stdin=source,
            stdout=out,
            stderr=err,
        )
        killer = Timer(TIME_LIMIT, process.kill)
        killer.start()
        code = process.wait()
        killer.cancel()
        out.seek(0)
        err.seek(0)
        stdout, stderr = (stream.read().decode(errors="surrogateescape") for stream in (out, err))
        assert code != -signal.SIGKILL, f"killed after {TIME_LIMIT} s: {stderr}"
        return Ending(code, stdout, stderr, monotonic() - start, int(memory.read()) / 1e3)


def refused(code: int, folder: Path, *arguments: str, stdin: Path | None = None) -> str:
    """The message with which the program refuses; it takes neither much time nor much memory to do so."""
    ending = run(folder, *arguments, stdin=stdin)
    assert ending.code == code, ending
    assert ending.seconds < TIME_LIMIT
    assert ending.megabytes < MEMORY_LIMIT
    assert all(
        line.startswith("-      -  ") for line in ending.stdout.splitlines()
    )  # the row of a picture without a label
    assert "Traceback" not in ending.stderr
    assert ending.stderr.startswith("Error: ")
    assert ending.stderr.count("Error: ") == 1
    return ending.stderr.removeprefix("Error: ")
