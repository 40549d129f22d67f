"""One training of a sweep, in a process of its own: whatever happens to it is a row, and not the end of the sweep."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from nnfang.config.sources import OTHER_VARIABLES
from nnfang.config.sources import to_yaml as recipe_to_yaml
from nnfang.core.constraints import FieldError
from nnfang.errors import CheckpointError
from nnfang.machine.lifeline import Lifeline
from nnfang.runs.overview import look_at
from nnfang.runs.resumption import check_changes

if TYPE_CHECKING:
    from pathlib import Path

    from nnfang.training.recipe import Recipe

LAUNCHERS = ("PMI_", "PMIX_", "PMIX", "OMPI_", "MPI_", "MPIR_", "HYDRA_", "HYDI_", "SLURM_PROCID", "SLURM_NTASKS")
"""How variables begin by which MPI tells a process that it is one of several."""

BY_SIGNAL = 128
"""An exit code of a program that a signal asked to end is this and the number of the signal."""


@dataclass(frozen=True)
class Job:
    """A training to be done.

    Attributes:
        folder: Of its run.
        recipe: How it is trained.
    """

    folder: Path
    recipe: Recipe


@dataclass(frozen=True)
class Done:
    """How the process of a training ended.

    Attributes:
        code: Its exit code; negative where a signal killed it.
        message: What it said last, where it failed.
    """

    code: int
    message: str = ""


class Children:
    """The processes that train at the moment. They end with this one, whatever ends it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lifeline: Lifeline | None = None
        self._is_stopping = False

    def run(self, command: list[str], text: str) -> Done:
        """Run a command to its end; `text` is its standard input."""
        with self._lock:
            if self._is_stopping:
                return Done(BY_SIGNAL + signal.SIGTERM)
            self._lifeline = self._lifeline or Lifeline()
            child = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C reaches it through `stop` alone, and so once
                **self._lifeline.tie(environment()),
            )
        try:
            _, said = child.communicate(text)
        except (KeyboardInterrupt, SystemExit):  # on a rank of MPI, which waits in its main thread
            self.stop()
            child.communicate()
            return Done(BY_SIGNAL + signal.SIGTERM)
        return Done(child.returncode, last_error(said) if child.returncode else "")

    def stop(self) -> None:
        """Ask all of them to save and end, and start no other; on Windows, where only Ctrl-C can ask, they train on."""
        with self._lock:
            self._is_stopping = True
            if self._lifeline:
                self._lifeline.cut()


CHILDREN = Children()


def train(job: Job) -> Done:
    """Bring a run to the end of its recipe, from wherever it stands."""
    program = [sys.executable, "-m", "nnfang", "train", "--quiet", "--offline"]
    if can_go_on(job):
        return CHILDREN.run([*program, "--resume", str(job.folder), "--epochs", str(job.recipe.epochs)], "")
    return CHILDREN.run([*program, "-c", "-", "--force", "-o", str(job.folder)], recipe_to_yaml(job.recipe))


def can_go_on(job: Job) -> bool:
    """Whether the run in the folder can be continued to where the job's would end."""
    if not job.folder.is_dir():
        return False
    seen = look_at(job.folder)
    if seen.meta is None or seen.recipe is None or seen.state in {"damaged", "diverged"}:
        return False
    try:
        check_changes(seen.recipe, seen.meta.state, job.recipe)
    except (FieldError, CheckpointError):
        return False
    return True


def environment() -> dict[str, str]:
    """What the process of a training may know: nothing of MPI, and no key of the recipe, which is complete."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(LAUNCHERS) and (not name.startswith("NNFANG_") or name in OTHER_VARIABLES)
    }


def last_error(text: str) -> str:
    """The last message of a program, without what comes before it."""
    _, found, message = text.strip().rpartition("Error: ")
    return message if found else text.strip().rpartition("\n")[2]
