import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nnfang.data.cache import fetch
from nnfang.data.download import mirrors
from nnfang.errors import DataError
from tests.data.servers import (
    MakeTiny,
    Serve,
    answer,
    assert_complete,
)


def test_a_swallowing_mirror_delays_nobody(
    served: Path, serve: Serve, make_tiny: MakeTiny, swallowing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 20.0)
    known = make_tiny(swallowing, serve(folder=served / "tiny"))
    start = time.monotonic()
    assert_complete(fetch(known), known)
    assert time.monotonic() - start < 5


def test_swallowing_mirrors_are_abandoned_together(
    make_tiny: MakeTiny, swallowing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(DataError) as caught:
        fetch(make_tiny(swallowing, f"{swallowing}2/", f"{swallowing}3/"))
    assert 0.4 < time.monotonic() - start < 2
    assert str(caught.value).count(": timed out after 0.5 s\n") == 3


def test_each_reason_is_told_of_the_right_mirror(
    make_tiny: MakeTiny, swallowing: str, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.5)
    with pytest.raises(DataError) as caught:
        fetch(make_tiny(closed_port, swallowing))
    assert f"\n  {closed_port}: connection refused\n  {swallowing}: timed out after 0.5 s\n" in str(caught.value)


def test_a_swallowed_name_look_up_is_abandoned(make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def swallow(*args: object, **kwargs: object) -> None:
        released.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")

    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", swallow)
    start = time.monotonic()
    with pytest.raises(DataError, match=r"timed out after 0\.3 s"):
        fetch(make_tiny("http://a.invalid/", "http://b.invalid/"))
    assert time.monotonic() - start < 2
    released.set()


def test_the_proxy_of_the_environment_is_used(
    served: Path, serve: Serve, make_tiny: MakeTiny, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pass_on(handler: BaseHTTPRequestHandler) -> None:
        file = handler.path.removeprefix("http://mirror.invalid/")
        answer(200, (served / "tiny" / file).read_bytes())(handler)

    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", closed_port)
    known = make_tiny("http://mirror.invalid/")
    with pytest.raises(DataError, match="the proxy cannot be reached or refuses"):
        fetch(known)
    monkeypatch.setenv("http_proxy", serve(pass_on))
    assert_complete(fetch(known), known)


def test_a_bug_is_not_taken_for_a_fault_of_the_mirror(
    serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "HEADERS", 5)
    with pytest.raises(AttributeError):
        fetch(make_tiny(serve(answer(200))))
