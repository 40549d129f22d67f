"""The processes that train one network together, by MPI; the only file that knows it.

The ranks run the same training, each on its share of every mini-batch. Rank 0 leads: it alone reads the command line,
speaks and writes. The others follow: they wait for what it shares, train along until its next event, and wait again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from mpi4py import MPI

if TYPE_CHECKING:
    from nnfang.core.arrays import Array


@dataclass(frozen=True)
class Dismissal:
    """What rank 0 shares with those that are to end."""

    code: int


class Ranks:
    """All processes that were started together, as each of them sees it.

    Attributes:
        rank: The number of this process, counted from 0.
        size: How many there are.
        signal: The number of a signal that has asked one of them to end, as far as it is known here; 0 before.
        is_resting: Whether the others wait for what rank 0 shares next; otherwise they compute.
    """

    def __init__(self) -> None:
        self._all = MPI.COMM_WORLD
        self.rank, self.size = self._all.Get_rank(), self._all.Get_size()
        self.signal = 0
        self.is_resting = True

    def own(self, rows: int) -> slice:
        """Those of `rows` rows that are this rank's; none where there are fewer rows than ranks before it."""
        return slice(rows * self.rank // self.size, rows * (self.rank + 1) // self.size)

    def add(self, array: Array) -> None:
        """The sum over all ranks, in place of each one's summand."""
        self._all.Allreduce(MPI.IN_PLACE, array, MPI.SUM)

    def share(self, value: Any) -> Any:
        """What rank 0 gives, on each rank; those others that it dismisses end here.

        Raises:
            SystemExit: Rank 0 has dismissed this one.
        """
        self.is_resting = False
        shared = self._all.bcast(value)
        if isinstance(shared, Dismissal):
            raise SystemExit(shared.code)
        return shared

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks, in their order, on each rank."""
        return self._all.allgather(value)

    def settle_signal(self) -> None:
        """Let each rank know of a signal that has come to one."""
        found = np.array([self.signal])
        self._all.Allreduce(MPI.IN_PLACE, found, MPI.MAX)
        self.signal = int(found[0])

    def dismiss(self, code: int) -> None:
        """On rank 0: let the others, which rest, end with an exit code."""
        self._all.bcast(Dismissal(code))

    def abort(self, code: int) -> NoReturn:
        """End all ranks at once with an exit code, whatever they do."""
        self._all.Abort(code)
        raise SystemExit(code)
