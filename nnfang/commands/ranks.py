"""``mpiexec -n 4 nnfang train``: the first process does what the command says, the others train along."""

from __future__ import annotations

import signal
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nnfang.commands import console
from nnfang.commands.signals import STOPPING
from nnfang.machine.launcher import find_launch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnfang.machine.ranks import Ranks

_joined: list[Ranks] = []
"""The processes that wait for one another, once this one has joined them."""


def share() -> Ranks | None:
    """Join the processes that were started together with this one; all but the first end with the first.

    Returns:
        The processes, which this one leads; None where it was started alone.

    Raises:
        NnfangError: MPI is not there, or not the launcher's.
    """
    launch = find_launch()
    if launch is None:
        return None
    from nnfang.machine.ranks import connect  # NumPy comes after the number of threads

    ranks = connect(launch)
    _joined.append(ranks)
    if ranks.rank:
        sys.exit(follow(ranks))
    return ranks


def follow(ranks: Ranks) -> int:
    """Train along with the first process to its end; return the exit code that all end with.

    Signals are for the first process, which saves the run and tells the others.
    """
    from nnfang.training.following import follow as train_along

    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the first process says the same
        code = train_along(ranks)
    ranks.are_gone = True
    return code


@contextmanager
def ending_together() -> Iterator[None]:
    """Let no process wait for another that has ended: its exit code becomes that of all."""
    code, is_expected = 1, False
    try:
        yield
        code = 0
    except SystemExit as error:
        code, is_expected = error.code if isinstance(error.code, int) else int(error.code is not None), True
        raise
    finally:
        for ranks in _joined:
            end(ranks, code, is_expected=is_expected or not code)


def end(ranks: Ranks, code: int, *, is_expected: bool) -> None:
    """End the other processes, unless they were told to by the first."""
    if ranks.are_gone:
        return
    if ranks.rank or ranks.are_busy:
        if not is_expected:
            import traceback  # takes a while

            console.note(traceback.format_exc())  # Python itself would write it too late
        ranks.abort(code)
    from nnfang.training.together import Exit

    ranks.tell(Exit(code))
    ranks.are_gone = True
