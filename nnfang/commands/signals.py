"""Ctrl-C and SIGTERM as a request to stop, which training grants between two chunks."""

import signal
from types import FrameType
from typing import Any, Self


class StopRequest:
    """While entered, the first SIGINT or SIGTERM is noted; the second has its usual effect.

    Attributes:
        signal: The number of the signal that came, 0 before.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._previous: dict[int, Any] = {}

    @property
    def exit_code(self) -> int:
        """128 + the signal: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signal

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
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
