"""Why a mirror failed: what requests raises, in a few words."""

import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus

from requests import exceptions

NETWORK_ERRORS = (OSError, ValueError)
"""What requests raises. Its own exceptions are OSErrors; a URL that makes no sense may also be a plain ValueError."""


class MirrorError(Exception):
    """A mirror failed.

    Attributes:
        reason: Why, in a few words.
        is_temporary: Whether a second attempt may well succeed: the connection broke, or the server is overloaded.
    """

    def __init__(self, reason: str, *, is_temporary: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_temporary = is_temporary


def explain(error: OSError | ValueError, timeout: float) -> MirrorError:
    """The fault of a mirror behind what requests raised; `timeout` is how many seconds it had to answer."""
    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        status = error.response.status_code
        is_temporary = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return MirrorError(f"HTTP {status}", is_temporary=is_temporary)
    # In the middle of an answer, requests reports a timeout as a ConnectionError, which Python's own has caused.
    if any(isinstance(cause, (exceptions.Timeout, TimeoutError)) for cause in _causes(error)):
        return MirrorError(f"timed out after {timeout:g} s")
    is_broken = isinstance(error, (exceptions.ConnectionError, exceptions.ChunkedEncodingError))
    return MirrorError(_describe(error), is_temporary=is_broken)


def _describe(error: OSError | ValueError) -> str:
    for kind, words in (
        (exceptions.TooManyRedirects, "redirects without end"),
        (exceptions.InvalidSchema, "redirects to what is neither http nor https"),
        (exceptions.ProxyError, "the proxy cannot be reached or refuses"),
        (ValueError, "not a valid URL"),  # exceptions.InvalidURL is one too
    ):
        if isinstance(error, kind):
            return words
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, ssl.SSLError):
            return "no valid TLS certificate"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if type(cause) is OSError and cause.strerror:
            return cause.strerror.lower()
    return "the connection broke off" if isinstance(error, exceptions.RequestException) else str(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those behind it, layer by layer of the HTTP library."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
