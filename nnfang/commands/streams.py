"""The three standard streams, whatever the program was started with."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper

STREAMS = ("stdin", "stdout", "stderr")
"""By the number of their file descriptors."""

closed: set[str] = set()
"""Those that the program was started without."""


def prepare() -> None:
    """Let each standard stream be there; a character that one cannot encode is replaced, and never ends a run."""
    for descriptor, name in enumerate(STREAMS):
        if getattr(sys, name) is None:
            closed.add(name)
            _reopen(descriptor, name)
        stream = getattr(sys, name)
        if name != "stdin" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def do_without_output() -> None:
    """Drop what is written to stdout if the program was started without; for a command with results in files."""
    if "stdout" in closed:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _reopen(descriptor: int, name: str) -> None:
    """Open a stream that was closed, in such a way that to use it is an error.

    Python would drop what is written to such a stream, and the next file that is opened would take its number.
    """
    is_input = name == "stdin"
    with suppress(OSError):  # there may be no more descriptors
        opened = os.open(os.devnull, os.O_WRONLY if is_input else os.O_RDONLY)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        raw = os.fdopen(descriptor, "rb" if is_input else "wb", buffering=0, closefd=False)
        setattr(sys, name, TextIOWrapper(raw, encoding="utf-8", write_through=not is_input))
