"""A machine whose file operations fail as they are told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import nnfang

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnfang.data.registry import KnownFile

HERE = Path(__file__).parent
ROOT = Path(nnfang.__file__).parent.parent

NOTHING: Mapping[str, str] = MappingProxyType({})


class Mode(IntEnum):
    """What happens at the n-th operation; the names in interpose.c are the same."""

    COUNT = 0
    FAIL = 1
    FAIL_FROM_NOW_ON = 2
    KILL_BEFORE = 3
    KILL_AFTER = 4
    """Of a write, half is done."""
    SIGNAL = 5
    """The number of the signal is given in place of that of an error."""


@dataclass(frozen=True)
class Ending:
    """How a process ended; `struck` is the file of the operation that failed."""

    code: int
    operations: int
    struck: str
    stdout: str
    stderr: str
    journal: Path

    @property
    def told(self) -> int:
        """The epochs that it said were completed."""
        lines = [line for line in self.stdout.splitlines(keepends=True) if line.endswith("\n")]
        return max((event["epoch"] for event in map(json.loads, lines) if event["event"] == "epoch"), default=0)


class Machine:
    """Runs nnfang; a context manager.

    Attributes:
        known: The files of a data set called "tiny", which can be downloaded from where the environment says.
    """

    def __init__(self, folder: Path) -> None:
        """Compile the library.

        Args:
            folder: An empty one, for the library and what the processes write to stdout and stderr.
        """
        self.folder = folder
        self.known: dict[str, KnownFile] = {}
        library = folder / "interpose.so"
        source = str(HERE / "interpose.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), source, "-ldl"], check=True)
        (folder / "server.py").write_bytes((HERE / "server.py").read_bytes())
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NNFANG_")}
        self._server = subprocess.Popen(
            [sys.executable, str(folder / "server.py")],
            cwd=folder,
            env=environment
            | {"LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT), "NNFANG_OFFLINE": "1", "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def __call__(
        self,
        folder: Path,
        arguments: Sequence[str],
        *,
        at: int = -1,
        mode: Mode = Mode.COUNT,
        errno: int = 0,
        journal: bool = False,
        environment: Mapping[str, str] = NOTHING,
    ) -> Ending:
        """Run nnfang in a folder, of which all file operations are counted."""
        job: dict[str, Any] = {"folder": str(folder), "arguments": list(arguments), "output": str(self.folder)}
        job |= {"at": at, "mode": mode, "errno": errno, "journal": journal, "environment": dict(environment)}
        job["known"] = {name: asdict(file) for name, file in self.known.items()}
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        stdout, stderr = ((self.folder / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        return Ending(answer["code"], answer["count"], answer["struck"], stdout, stderr, self.folder / "journal")
