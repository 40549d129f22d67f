"""The mpiexec that comes with the extra mpi."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import Result, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.commands.conftest import Nnfang

MPIEXEC = Path(sys.executable).with_name("mpiexec")
PROGRAM = (sys.executable, "-m", "nnfang")

TIME_LIMIT = 200

needs_mpi = pytest.mark.skipif(not MPIEXEC.exists(), reason="the extra mpi is not installed")


def start(
    nnfang: Nnfang, *arguments: str, ranks: int = 2, odd: Sequence[str] = (), wrapper: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start a command on several ranks; the last of them runs `odd` instead of the program, if it is given."""
    command = [str(MPIEXEC), "-n", str(ranks - bool(odd)), *PROGRAM, *arguments]
    if odd:
        command += [":", "-n", "1", *odd, *arguments]
    return subprocess.Popen(
        [*wrapper, *command],
        cwd=nnfang.folder,
        env=nnfang.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(nnfang: Nnfang, *arguments: str, ranks: int = 2, odd: Sequence[str] = (), code: int = 0) -> Result:
    """Run a command on several ranks to its end, and check the exit code."""
    return finish(start(nnfang, *arguments, ranks=ranks, odd=odd), code)


def finish(running: subprocess.Popen[str], code: int) -> Result:
    """Wait for the end, and check the exit code."""
    out, errors = running.communicate(timeout=TIME_LIMIT)
    return check(Result(running.returncode, out, errors), code)
