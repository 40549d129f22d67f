"""Where the trainings of a sweep run: in processes here, or on the ranks of MPI. Both take work by ``submit``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nnfang.machine.ranks import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from nnfang.machine.launcher import Launch


@contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """Processes on this computer, each of which a thread waits for."""
    with ThreadPoolExecutor(jobs) as executor:
        yield executor


@contextmanager
def across_ranks(launch: Launch) -> Iterator[Any]:
    """The ranks of an MPI job: the first gets an `Executor` that gives work to the others, which get None in the end.

    Raises:
        NnfangError: mpi4py is not installed, or its MPI is not that of the launcher.
    """
    connect(launch)
    from mpi4py.futures import MPICommExecutor

    with MPICommExecutor() as executor:
        yield executor
