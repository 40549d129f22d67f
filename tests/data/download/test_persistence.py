"""How often and how long a mirror is tried, and what it is asked for."""

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nnfang.data import download
from nnfang.data.cache import fetch
from nnfang.data.download import transfer
from nnfang.data.download.faults import MirrorError
from nnfang.data.download.transfer import Transfer
from nnfang.data.registry import KnownFile
from nnfang.errors import DataError
from tests.data.servers import MakeTiny, Serve, answer, send_too_much

LARGE = KnownFile(10**7, "0" * 64)


@pytest.mark.parametrize(
    ("status", "tries"), [(404, 1), (403, 1), (410, 1), (429, 2), (499, 1), (500, 2), (502, 2), (599, 2)]
)
def test_a_mirror_is_asked_again_only_where_that_may_help(
    status: int, tries: int, serve: Serve, make_tiny: MakeTiny
) -> None:
    asked: list[str] = []

    def fail(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.command)
        answer(status)(handler)

    with pytest.raises(DataError, match=f"HTTP {status}"):
        fetch(make_tiny(serve(fail)))
    assert asked == ["HEAD", *["GET"] * tries]


def test_there_is_a_pause_before_the_second_try(
    serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []

    def fail(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            times.append(time.monotonic())
        answer(503)(handler)

    monkeypatch.setattr(download, "RETRY_SECONDS", 0.3)
    with pytest.raises(DataError):
        fetch(make_tiny(serve(fail)))
    first, second = times
    assert 0.3 <= second - first < 2


def test_no_request_lets_a_server_decompress_on_the_way(served: Path, serve: Serve, make_tiny: MakeTiny) -> None:
    asked: list[tuple[str, str | None]] = []

    def look(handler: BaseHTTPRequestHandler) -> None:
        asked.append((handler.command, handler.headers["Accept-Encoding"]))
        answer(200, (served / "tiny" / handler.path.strip("/")).read_bytes())(handler)

    fetch(make_tiny(serve(look)))
    assert set(asked) == {("HEAD", "identity"), ("GET", "identity")}


def test_a_mirror_that_drips_after_a_quick_start_is_abandoned(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin_quickly(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(bytes(10**6))
            for _ in range(60):
                handler.wfile.write(b"x")
                time.sleep(0.05)

    monkeypatch.setattr(transfer, "RATE_SECONDS", 0.3)
    start = time.monotonic()
    with pytest.raises(MirrorError, match=r"^slower than 10 kB/s for 0\.3 s$"):
        Transfer(LARGE, None)(serve(begin_quickly), str(tmp_path / "file"), None)
    assert time.monotonic() - start < 2


def test_no_thread_goes_on_reading_once_a_mirror_was_abandoned(serve: Serve, tmp_path: Path) -> None:
    url, before = serve(send_too_much), set(threading.enumerate())
    with pytest.raises(MirrorError, match="sends more than"):
        Transfer(KnownFile(1000, "0" * 64), None)(url, str(tmp_path / "file"), None)
    deadline = time.monotonic() + 5
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not set(threading.enumerate()) - before
