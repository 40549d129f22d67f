from pathlib import Path

import pytest
import requests

from nnfang.data.download.faults import NETWORK_ERRORS, MirrorError, explain
from tests.data.servers import Behaviour, Serve, answer, fall_silent, hang_up


def fault_of(url: str, timeout: float = 2.0) -> MirrorError:
    """What is said of a mirror after a real request."""
    try:
        requests.get(url, timeout=timeout).raise_for_status()
    except NETWORK_ERRORS as error:
        return explain(error, timeout)
    raise AssertionError("the request succeeded")


@pytest.mark.parametrize(
    ("behaviour", "reason", "is_temporary"),
    [
        (answer(404), "HTTP 404", False),
        (answer(429), "HTTP 429", True),
        (answer(503), "HTTP 503", True),
        (answer(200, b"x" * 10, length=1000), "the connection broke off", True),
        (hang_up, "the connection broke off", True),
        (answer(302, location="/again"), "redirects without end", False),
        (answer(302, location="http://[::"), "not a valid URL", False),
    ],
)
def test_only_what_may_pass_is_temporary(behaviour: Behaviour, reason: str, is_temporary: bool, serve: Serve) -> None:
    fault = fault_of(serve(behaviour))
    assert (fault.reason, fault.is_temporary) == (reason, is_temporary)


def test_a_timeout_is_told_from_a_broken_connection_wherever_it_happens(serve: Serve, swallowing: str) -> None:
    for url in (swallowing, serve(fall_silent)):  # before the answer, and in the middle of it
        fault = fault_of(url, 0.2)
        assert (fault.reason, fault.is_temporary) == ("timed out after 0.2 s", False)


def test_a_refused_connection_may_pass(closed_port: str) -> None:
    fault = fault_of(closed_port)
    assert (fault.reason, fault.is_temporary) == ("connection refused", True)


def test_a_server_that_speaks_no_tls(serve: Serve) -> None:
    assert fault_of(serve(answer(200)).replace("http:", "https:")).reason == "no valid TLS certificate"


def test_a_setting_of_the_user_that_requests_cannot_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    assert str(tmp_path / "missing.pem") in fault_of("https://127.0.0.1/").reason
