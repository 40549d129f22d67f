"""Mirrors that behave in all the ways in which servers do, and what a complete download looks like."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from nnfang.data.registry import KnownDataset

Behaviour = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[..., str]
MakeTiny = Callable[..., KnownDataset]

FIRST = "train-images-idx3-ubyte.gz"
LAST = "t10k-labels-idx1-ubyte.gz"


def answer(status: int, body: bytes = b"", length: int | None = None, location: str = "") -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)

    return behave


def fall_silent(handler: BaseHTTPRequestHandler) -> None:
    answer(200, b"x" * 10, length=1000)(handler)
    if handler.command == "GET":
        time.sleep(0.6)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.close()


def send_too_much(handler: BaseHTTPRequestHandler) -> None:
    """More than any file of the tests has, but not without end, or a broken limit would fill the disk."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        if handler.command == "GET":
            handler.wfile.write(bytes(1 << 20))


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte every tenth of a second, which no timeout of a socket notices."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while handler.command == "GET":
            handler.wfile.write(b"x")
            time.sleep(0.1)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    if handler.command == "HEAD":
        return answer(200)(handler)
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.1)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def assert_complete(folder: Path, known: KnownDataset) -> None:
    assert files_in(folder) == sorted(known.files)
    for name, file in known.files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file.sha256
