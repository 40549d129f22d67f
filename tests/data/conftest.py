"""Real files and real servers on the loopback interface; nothing here reaches further."""

import gzip
import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nnfang.data import download
from nnfang.data.download import mirrors, transfer
from nnfang.data.formats.idx import IDX_NAMES
from nnfang.data.registry import KnownDataset, KnownFile, name_files

Array = npt.NDArray[np.generic]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder: a fresh one, with neither proxies nor settings of the person who runs the tests."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("NNFANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")  # or the system's own settings would be asked, where it has any
    monkeypatch.setenv("NNFANG_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 2.0)
    monkeypatch.setattr(transfer, "STALL_SECONDS", 2.0)
    monkeypatch.setattr(download, "RETRY_SECONDS", 0.05)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def official() -> Path:
    """The folder with the official files; before `cache`, which clears the environment, for its wider scope."""
    folder = os.environ.get("MNIST_FILES")
    if not folder:
        pytest.skip("MNIST_FILES is not set")
    return Path(folder)


@pytest.fixture
def write_idx() -> Callable[[Path, Array], Path]:
    def write(path: Path, array: Array) -> Path:
        data = b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return write


@pytest.fixture
def arrays() -> list[Array]:
    """Train images (30, 4, 5) and labels, test images (6, 4, 5) and labels, of three classes."""
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (n, 4, 5), np.uint8) for n in (30, 6)]
    labels = [np.arange(n, dtype=np.uint8) % 3 for n in (30, 6)]
    return [images[0], labels[0], images[1], labels[1]]


@pytest.fixture
def served(tmp_path: Path, arrays: list[Array], write_idx: Callable[[Path, Array], Path]) -> Path:
    """A folder with the four files of a small data set in a folder `tiny`, for a server to serve."""
    for name, array in zip(IDX_NAMES, arrays, strict=True):
        write_idx(tmp_path / "served" / "tiny" / f"{name}.gz", array)
    return tmp_path / "served"


@pytest.fixture
def make_tiny(served: Path) -> Callable[..., KnownDataset]:
    """Creates the entry of the small data set, with the mirrors that are given."""
    contents = [(served / "tiny" / f"{name}.gz").read_bytes() for name in IDX_NAMES]
    files = [KnownFile(len(content), hashlib.sha256(content).hexdigest()) for content in contents]

    def make(*urls: str) -> KnownDataset:
        return KnownDataset("tiny", name_files(*files), urls, ("a", "b", "c"), "negative", "invented", (30, 6), "noise")

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts a server that behaves as the given function does with each request, and returns its URL."""
    servers = []

    def start(behave: Callable[[BaseHTTPRequestHandler], None] | None = None, folder: Path | None = None) -> str:
        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                if behave:
                    behave(self)
                else:
                    super().do_GET()

            def do_HEAD(self) -> None:
                if behave:
                    behave(self)
                else:
                    super().do_HEAD()

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def closed_port() -> Iterator[str]:
    with socket.socket() as taken:  # bound, so that nobody else gets it, but not listening
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def swallowing() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
