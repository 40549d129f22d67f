"""Which mirrors answer, and what to say of those that do not."""

import socket
import ssl
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread

PROBE_SECONDS = 10.0  # the time that all mirrors of one call together have to answer
HEADERS = {"Accept-Encoding": "identity"}  # or a server might unpack a .gz on the way


class MirrorError(Exception):
    """A mirror does what none should do; the message says in a few words what."""


def find_answering(mirrors: list[str], file: str, reasons: dict[str, str]) -> Iterator[str]:
    """Ask all mirrors for a file at once, and yield those that answer, the quickest first.

    A firewall that swallows packets costs its full time-out for the name look-up and for each address of a
    host. No time-out of a client bounds their sum; so each mirror is asked in a thread of its own, and a
    thread that has not come back in time is left behind. An answer may still be an error of the server.

    Args:
        mirrors: base URLs, each ending in a slash.
        file: the name of the file to ask for.
        reasons: receives for each mirror that does not answer the reason why, in a few words.

    Yields:
        Base URLs out of `mirrors`.
    """
    import requests  # noqa: F401 -- the import takes a while, which must not count as the mirrors' time

    answers: SimpleQueue[tuple[str, str | None]] = SimpleQueue()
    for mirror in mirrors:
        Thread(target=_probe, args=(mirror, file, answers), daemon=True).start()
    deadline = time.monotonic() + PROBE_SECONDS
    waiting = list(mirrors)
    while waiting:
        try:
            mirror, reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            reasons.update(dict.fromkeys(waiting, f"timed out after {PROBE_SECONDS:g} s"))
            return
        waiting.remove(mirror)
        if reason is None:
            yield mirror
        else:
            reasons[mirror] = reason


def _probe(mirror: str, file: str, answers: SimpleQueue[tuple[str, str | None]]) -> None:
    import requests

    try:
        requests.head(mirror + file, headers=HEADERS, timeout=PROBE_SECONDS, allow_redirects=True).close()
    except Exception as error:  # whatever it was, an answer must be given, or we would wait for it
        answers.put((mirror, explain(error, PROBE_SECONDS)))
    else:
        answers.put((mirror, None))


def explain(error: Exception, seconds: float) -> str:
    """Say in a few words why a mirror failed.

    Args:
        error: what requests or pooch raised.
        seconds: the time-out that was in force.
    """
    from requests import exceptions

    if isinstance(error, MirrorError):
        return str(error)
    if status := find_status(error):
        return f"HTTP {status}"
    if is_timeout(error):
        return f"timed out after {seconds:g} s"
    for kind, words in (
        (exceptions.TooManyRedirects, "redirects without end"),
        (exceptions.InvalidSchema, "redirects to what is neither http nor https"),
        (exceptions.ProxyError, "the proxy cannot be reached or refuses"),
        (exceptions.InvalidURL, "not a valid URL"),
        (exceptions.RequestException, _explain_connection(error)),
        (
            ValueError,
            "wrong checksum" if "hash" in str(error) else "not a valid URL",
        ),  # in pooch's words, and urllib3's
    ):
        if isinstance(error, kind):
            return words
    return f"failed ({type(error).__name__})"


def find_status(error: Exception) -> int | None:
    """The HTTP status of a server's refusal; None if it is no refusal."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return error.response.status_code
    return None


def is_timeout(error: Exception) -> bool:
    """Whether a mirror fell silent; requests has another word for it once the answer has begun."""
    from requests import exceptions
    from urllib3.exceptions import ReadTimeoutError

    cause = error.args[0] if error.args else None
    return isinstance(error, exceptions.Timeout) or isinstance(cause, ReadTimeoutError)


def _explain_connection(error: BaseException | None) -> str:
    """Look for the operating system's own word behind the layers of the HTTP library."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return "no such host"
        if isinstance(error, ssl.SSLError):
            return "no valid TLS certificate"
        if isinstance(error, ConnectionRefusedError):
            return "connection refused"
        if type(error) is OSError and error.strerror:
            return error.strerror.lower()
        error = error.__cause__ or error.__context__
    return "the connection broke off"
