"""A stream that is a terminal, for tests within one process."""

import io
from collections.abc import Callable


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


OpenTerminal = Callable[..., Terminal]
