"""Which mirrors answer."""

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread

import requests

from nnfang.data.download.faults import NETWORK_ERRORS, explain

PROBE_SECONDS = 10.0
"""The time that all mirrors of one call together have to answer."""

HEADERS = {"Accept-Encoding": "identity"}
"""What every request says; otherwise a server might decompress a .gz on the way."""

Answer = tuple[str, Exception | None]
"""A mirror, and what went wrong with it."""


def find_answering(mirrors: list[str], file: str, reasons: dict[str, str]) -> Iterator[str]:
    """Ask all mirrors for a file at once, and yield those that answer, the quickest first.

    A firewall that drops packets costs its full timeout for the name look-up and for each address of a host. No
    timeout of an HTTP client bounds their sum, so each mirror is asked in a thread of its own, and a thread that has
    not finished in time is abandoned. An answer may still be an error of the server.

    Args:
        mirrors: Base URLs, each ending in a slash.
        file: The name of the file to ask for.
        reasons: Receives for each mirror that does not answer the reason why, in a few words.

    Yields:
        Base URLs from `mirrors`.
    """
    answers: SimpleQueue[Answer] = SimpleQueue()
    for mirror in mirrors:
        Thread(target=_probe, args=(mirror, file, answers), daemon=True).start()
    deadline = time.monotonic() + PROBE_SECONDS
    waiting = list(mirrors)
    while waiting:
        try:
            mirror, error = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            reasons.update(dict.fromkeys(waiting, f"timed out after {PROBE_SECONDS:g} s"))
            return
        waiting.remove(mirror)
        if error is None:
            yield mirror
        elif isinstance(error, NETWORK_ERRORS):
            reasons[mirror] = explain(error, PROBE_SECONDS).reason
        else:
            raise error


def _probe(mirror: str, file: str, answers: SimpleQueue[Answer]) -> None:
    try:
        requests.head(mirror + file, headers=HEADERS, timeout=PROBE_SECONDS, allow_redirects=True).close()
    except Exception as error:  # passed on to the thread that waits for the answer, which raises what is a bug
        answers.put((mirror, error))
    else:
        answers.put((mirror, None))
