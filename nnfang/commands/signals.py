"""Ctrl-C, SIGTERM, and SIGHUP of a closed terminal as a request to stop, which training grants between two chunks."""

import signal
import sys
from types import FrameType
from typing import Any, Self

STOPPING = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
"""The signals that ask for an end; Windows has no SIGHUP."""

came: list[int] = []
"""Those that have come and were to end the program. It may still run: code that C calls loses the exception, as while
numba compiles or a module is imported.
"""


def exit_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the program as an exception does: what it was about to write is cleared away."""
    for number in STOPPING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # the second ends it at once
    came.append(number)
    sys.exit(128 + number)


class StopRequest:
    """While entered, the first signal that asks for an end is noted; the second has its usual effect.

    One that came before and had no effect is noted as well.

    A signal that is ignored stays ignored: SIGHUP under nohup, SIGINT in a background job of a shell.

    Attributes:
        signal: The number of the signal that came, 0 if none has.
    """

    def __init__(self) -> None:
        self.signal = came[0] if came else 0
        self._previous: dict[int, Any] = {}

    @property
    def exit_code(self) -> int:
        """128 + the signal: 129 for SIGHUP, 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signal

    def __enter__(self) -> Self:
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
