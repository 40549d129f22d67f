"""Children that end when their parent does, however it ends: even SIGKILL closes the pipe that they watch.

Windows hands no descriptor on to a child. There, children are not tied, and end by themselves.
"""

import os
import signal
import sys
from threading import Thread, get_ident
from typing import Any

VARIABLE = "_NNFANG_LIFELINE"
"""The environment variable that tells a child the number of the descriptor to watch."""


class Lifeline:
    """A pipe that nobody writes to. One end is held by this process alone, and so closes when the process ends."""

    def __init__(self) -> None:
        self._watched, self._held = os.pipe()
        self._is_cut = False

    def tie(self, environment: dict[str, str]) -> dict[str, Any]:
        """What `subprocess.Popen` is to be given for a child with this environment that ends with this process."""
        if sys.platform == "win32":
            return {"env": environment}
        return {"env": environment | {VARIABLE: str(self._watched)}, "pass_fds": (self._watched,)}

    def cut(self) -> None:
        """Let all children end that are tied, as SIGTERM would."""
        if not self._is_cut:
            self._is_cut = True
            os.close(self._held)


def watch() -> None:
    """Send SIGTERM to this thread once the parent is gone or cuts the lifeline, if it has tied this process to one."""
    if number := os.environ.pop(VARIABLE, None):
        Thread(target=_wait, args=(int(number), get_ident()), daemon=True).start()


def _wait(watched: int, thread: int) -> None:
    os.read(watched, 1)  # which returns when nobody holds the other end any longer
    signal.pthread_kill(thread, signal.SIGTERM)
