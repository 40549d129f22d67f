"""A copy of the repository in which one file at a time has a fault, and whether the tests notice it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
PACKAGE = "nnfang"

TEST_SECONDS, SECONDS = 120, 1200
"""One test, and all of them, may take this long: a fault may have taken its end from a loop."""

FILE_BYTES, MEMORY_BYTES = 2**30, 12 * 2**30
"""What one process of the tests may write and fill: a fault may have taken a limit away."""

Outcome = Literal["noticed", "timed out", "unnoticed"]


@dataclass(frozen=True)
class Copy:
    """A copy of the repository as it lies on the disk, committed or not.

    Attributes:
        folder: Where it is.
        workers: How many processes run the tests.
    """

    folder: Path
    workers: int

    def fill(self) -> None:
        """Copy all files that git does not ignore."""
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)

    def find_sources(self, under: str) -> list[Path]:
        """The Python files of the package below a folder, or the one that is named."""
        place = self.folder / under
        return sorted(place.rglob("*.py")) if place.is_dir() else [place]

    def put_in(self, path: Path, source: str) -> None:
        """Change a file; what Python compiled of it would stay in use within the same second."""
        path.write_text(source)
        Path(cache_from_source(str(path))).unlink(missing_ok=True)

    def try_out(self, path: Path, *, only_room: bool) -> Outcome:
        """Run the tests of the room that a file is in, and if they pass all others, unless they are not wanted."""
        room = Path("tests", *path.relative_to(self.folder / PACKAGE).parts[:1])
        if not (self.folder / room).is_dir():
            return self.run_tests("tests")
        nearest = sorted((self.folder / room).rglob(f"test_*{path.stem}*.py"))  # which notice it soonest
        outcome = self.run_tests(*(str(place.relative_to(self.folder)) for place in nearest), str(room))
        if outcome == "unnoticed" and not only_room:
            return self.run_tests("tests", f"--ignore={room}")
        return outcome

    def run_tests(self, *arguments: str, is_shown: bool = False) -> Outcome:
        """Run some tests until the first that fails, and show what they say if that is wanted."""
        output = None if is_shown else subprocess.DEVNULL
        settings = ("no:cacheprovider", f"-ofaulthandler_timeout={TEST_SECONDS}", "-ofaulthandler_exit_on_timeout=true")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-qx", f"-n{self.workers}", "-p", *settings, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=limit_resources,  # noqa: PLW1509 - there are no threads here
        )
        try:
            return "noticed" if process.wait(SECONDS) else "unnoticed"
        except subprocess.TimeoutExpired:
            return "timed out"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the workers, too
            process.wait()


def limit_resources() -> None:
    """In the child: let no fault fill the disk or the memory."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
