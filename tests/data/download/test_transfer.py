import hashlib
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nnfang.data.cache import fetch
from nnfang.data.download import transfer
from nnfang.data.download.faults import MirrorError
from nnfang.data.download.transfer import Transfer
from nnfang.data.registry import KnownFile
from nnfang.errors import DataError
from tests.data.servers import (
    FIRST,
    MakeTiny,
    Serve,
    answer,
    assert_complete,
    drip,
    drip_headers,
    fall_silent,
    files_in,
    hang_up,
    send_too_much,
)

SIZE = "N"

HOSTILE = {
    "wrong bytes": (answer(200, b"something else"), "wrong checksum"),
    "login page": (answer(200, b"<html>Please log in"), "wrong checksum"),
    "empty": (answer(200), "wrong checksum"),
    "truncated": (answer(200, b"x" * 10, length=1000), "the connection broke off"),
    "hangs up": (hang_up, "the connection broke off"),
    "403": (answer(403), "HTTP 403"),
    "404": (answer(404), "HTTP 404"),
    "500": (answer(500), "HTTP 500"),
    "redirect loop": (answer(302, location="/again"), "redirects without end"),
    "redirect to a file": (answer(302, location="file:///etc/passwd"), "redirects to what is neither http nor https"),
    "redirect to nonsense": (answer(302, location="http://[::"), "not a valid URL"),
    "without end": (send_too_much, f"sends more than the {SIZE} bytes of the file"),
    "too long": (answer(200, bytes(100_000)), f"sends more than the {SIZE} bytes of the file"),
    "drips": (drip, "slower than 10 kB/s for 0.3 s"),
    "drips headers": (drip_headers, "slower than 10 kB/s for 0.3 s"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_mirror_is_left_for_the_next(
    kind: str, served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "RATE_SECONDS", 1.0)
    monkeypatch.setenv("NNFANG_MIRROR", serve(HOSTILE[kind][0]))
    known = make_tiny(serve(folder=served / "tiny"))
    assert_complete(fetch(known), known)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_mirror_alone_is_explained_and_leaves_nothing_behind(
    kind: str, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind.startswith("drips"):
        monkeypatch.setattr(transfer, "RATE_SECONDS", 0.3)
    url = serve(HOSTILE[kind][0])
    known = make_tiny(url)
    start = time.monotonic()
    with pytest.raises(DataError) as caught:
        fetch(known)
    reason = HOSTILE[kind][1].replace(SIZE, f"{known.files[FIRST].size:,}")
    assert f"\n  {url}: {reason}\n" in str(caught.value)
    assert files_in(cache / "tiny") == []
    assert time.monotonic() - start < 3


def test_a_mirror_that_is_slow_but_not_too_slow_is_waited_for(
    served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dawdle(handler: BaseHTTPRequestHandler) -> None:
        content = (served / "tiny" / handler.path.strip("/")).read_bytes()
        handler.send_response(200)
        handler.end_headers()
        for place in range(0, len(content) if handler.command == "GET" else 0, 20):
            handler.wfile.write(content[place : place + 20])
            time.sleep(0.01)

    monkeypatch.setattr(transfer, "RATE_SECONDS", 0.1)
    monkeypatch.setattr(transfer, "MIN_RATE", 300)
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 16)
    known = make_tiny(serve(dawdle))
    assert_complete(fetch(known), known)


def test_a_mirror_that_falls_silent_midway_is_abandoned(
    serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "STALL_SECONDS", 0.2)
    with pytest.raises(DataError, match=r": timed out after 0\.2 s\n"):
        fetch(make_tiny(serve(fall_silent)))


def test_the_checksum_is_computed_while_the_file_arrives(served: Path, serve: Serve, tmp_path: Path) -> None:
    content = (served / "tiny" / FIRST).read_bytes()
    url, path = serve(folder=served / "tiny") + FIRST, tmp_path / "file"
    Transfer(KnownFile(len(content), hashlib.sha256(content).hexdigest()), None)(url, str(path), None)
    assert path.read_bytes() == content
    with pytest.raises(MirrorError, match=r"^wrong checksum$"):
        Transfer(KnownFile(len(content), "0" * 64), None)(url, str(path), None)


def test_a_bug_is_not_taken_for_a_fault_of_the_mirror(
    serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "HEADERS", 5)
    with pytest.raises(AttributeError):
        fetch(make_tiny(serve(answer(200))))
