"""The processes that MPI started together, called ranks, and what they say to one another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from nnfang.errors import NnfangError

if TYPE_CHECKING:
    from nnfang.machine.launcher import Launch


def connect(launch: Launch) -> Ranks:
    """Join the others.

    Raises:
        NnfangError: mpi4py is not installed, or its MPI is not that of the launcher.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise NnfangError(
            f"this is one of {launch.size} processes that {launch.by} started, which needs mpi4py: "
            "pip install 'nnfang[mpi]'"
        ) from error
    if MPI.COMM_WORLD.Get_size() != launch.size:
        raise NnfangError(
            f"{launch.by} started {launch.size} processes, but MPI knows {MPI.COMM_WORLD.Get_size()}: "
            "mpi4py was built for another MPI than that of the launcher"
        )
    return Ranks(MPI.COMM_WORLD, in_place=MPI.IN_PLACE)


class Ranks:
    """All processes of an MPI job. The first leads: what it tells, the others hear, and both wait for each other.

    Attributes:
        rank: The number of this process, counted from 0.
        size: How many there are.
        are_busy: Whether the others are at work and cannot hear; kept by whoever leads.
        are_gone: Whether they were told to end.
    """

    def __init__(self, communicator: Any, *, in_place: Any) -> None:
        """Wrap mpi4py's communicator; `in_place` is its constant for an array that is both sent and received."""
        self.communicator, self._in_place = communicator, in_place
        self.rank: int = communicator.Get_rank()
        self.size: int = communicator.Get_size()
        self.are_busy = self.are_gone = False

    def __repr__(self) -> str:
        return f"rank {self.rank} of {self.size}"

    def rows(self, m: int) -> slice:
        """Those of m rows that are this process's: as many as each other's, give or take one."""
        return slice(self.rank * m // self.size, (self.rank + 1) * m // self.size)

    def add(self, array: np.ndarray[Any, Any]) -> None:
        """Replace the array of each process by the sum over all; the array itself is sent, without a copy."""
        self.communicator.Allreduce(self._in_place, array)

    def tell(self, message: Any) -> None:
        """Tell the others something that can be pickled; unless they are gone."""
        if not self.are_gone:
            self.communicator.bcast(message)

    def hear(self) -> Any:
        """What the first process tells."""
        return self.communicator.bcast(None)

    def hand_out(self, array: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """The array that the first process has, in all of them."""
        found = None if array is None else (array.shape, array.dtype)
        shape, dtype = self.communicator.bcast(found)
        array = np.empty(shape, dtype) if array is None else np.ascontiguousarray(array)
        self.communicator.Bcast(array)
        return array

    def compare(self, value: str) -> list[int]:
        """The ranks for which a value is another than for the first; the same list in all processes."""
        values = self.communicator.allgather(value)
        return [rank for rank, each in enumerate(values) if each != values[0]]

    def abort(self, code: int) -> NoReturn:
        """End all processes at once, wherever they are, after what was said has been written."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.communicator.Abort(code)
        raise SystemExit(code)
