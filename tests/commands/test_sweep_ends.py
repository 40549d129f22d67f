"""However a sweep ends, its trainings end with it, and what they have is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nnfang.runs.checkpoint import load
from nnfang.runs.overview import look_at
from tests.commands.processes import running, trainings, wait_for, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.commands.conftest import Nnfang

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there, trainings are not tied to their sweep")

PROGRAM = (sys.executable, "-m", "nnfang")
SOME = ("sweep", "-c", "tiny", "--set", "limit=2000", "--set", "epochs=200", "--grid", "seed=0..2", "--jobs", "2")
ENDLESS = ("sweep", "-c", "tiny", "--set", "epochs=100000", "--grid", "seed=0..2", "--jobs", "2", "-o", "s")


@pytest.fixture
def begun() -> Iterator[set[int]]:
    """Sweeps and their trainings, of which nothing is left when a test has failed."""
    pids: set[int] = set()
    yield pids
    for pid in pids & set(running()):
        os.kill(pid, signal.SIGKILL)


def begin(
    nnfang: Nnfang, begun: set[int], command: Sequence[str], terminal: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a sweep, on a terminal if there is one, and wait until two of its trainings have completed an epoch."""
    stream = subprocess.DEVNULL if terminal is None else terminal
    sweep = subprocess.Popen(
        command,
        cwd=nnfang.folder,
        env=nnfang.environment,
        stdin=stream,
        stdout=stream,
        stderr=stream,
        start_new_session=terminal is not None,
    )
    begun.add(sweep.pid)
    for name in ("001", "002"):
        wait_for(nnfang.folder / "s" / name / "history.csv")
    begun |= trainings(sweep.pid)
    assert len(begun) == 3
    return sweep


def check_saved(nnfang: Nnfang) -> None:
    """Demand that both trainings that were begun are saved, as far as they had come, and can go on."""
    for name in ("001", "002"):
        seen = look_at(nnfang.folder / "s" / name)
        assert seen.state == "interrupted"
        assert seen.meta
        assert seen.meta.epoch > 0


def test_a_killed_sweep_leaves_no_training_and_goes_on_to_the_same_results(nnfang: Nnfang, begun: set[int]) -> None:
    sweep = begin(nnfang, begun, [*PROGRAM, *SOME, "-o", "s"])
    sweep.kill()
    wait_for_end(begun)
    assert sweep.wait() == -signal.SIGKILL
    check_saved(nnfang)
    assert not (nnfang.folder / "s" / "003").exists()
    (again,) = nnfang("sweep", "s", "-q", "--json").objects
    (whole,) = nnfang(*SOME, "-o", "whole", "-q", "--json").objects
    assert {training["state"] for training in again["trainings"]} == {"done"}
    for key in ("digest", "test_accuracy", "epochs"):
        assert [each[key] for each in again["trainings"]] == [each[key] for each in whole["trainings"]]


def test_a_training_ends_that_had_hardly_begun(nnfang: Nnfang, begun: set[int]) -> None:
    sweep = nnfang.start(*ENDLESS)
    begun.add(sweep.pid)
    with sweep:
        while len(begun) == 1:
            begun |= trainings(sweep.pid)
            assert sweep.poll() is None
        sweep.kill()
        wait_for_end(begun)
    for path in (nnfang.folder / "s").glob("00*/last.npz"):
        load(path)
    nnfang("sweep", "s", "-q", "--max-time", "1")


def test_two_signals_at_once_leave_no_training(nnfang: Nnfang, begun: set[int]) -> None:
    """The second ends the sweep as an error does, maybe before it has asked its trainings to end."""
    sweep = begin(nnfang, begun, [*PROGRAM, *ENDLESS])
    for number in (signal.SIGHUP, signal.SIGTERM):
        os.kill(sweep.pid, number)
    wait_for_end(begun)
    assert sweep.wait() in {128 + signal.SIGHUP, 128 + signal.SIGTERM}
    check_saved(nnfang)


def test_where_ctrl_c_is_ignored_sigterm_ends_the_trainings_too(nnfang: Nnfang, begun: set[int]) -> None:
    """In the background jobs of a script, SIGINT is ignored, and then by each process that is started there."""
    sweep = begin(nnfang, begun, ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *PROGRAM, *ENDLESS])
    sweep.terminate()
    wait_for_end(begun)
    assert sweep.wait() == 128 + signal.SIGTERM
    check_saved(nnfang)


ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""A program whose terminal is its stdin: its session gets SIGHUP when that is closed."""


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_closed_terminal_leaves_no_training(is_stopped: bool, nnfang: Nnfang, begun: set[int]) -> None:
    ours, theirs = os.openpty()
    try:
        sweep = begin(nnfang, begun, [sys.executable, "-c", ON_TERMINAL, *PROGRAM, *ENDLESS], theirs)
        os.close(theirs)
        if is_stopped:
            os.kill(sweep.pid, signal.SIGSTOP)  # a process that leads its session is not stopped by Ctrl-Z
    finally:
        os.close(ours)
    wait_for_end(begun)
    sweep.wait()
    check_saved(nnfang)
