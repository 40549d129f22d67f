"""At every file operation of a download, the system fails, kills or interrupts: the next one has everything whole."""

from __future__ import annotations

import hashlib
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nnfang.data.formats.idx import IDX_NAMES
from nnfang.data.registry import KnownFile
from tests.faults.kinds import KINDS, Tally, assert_one_message, choose
from tests.faults.machine import Ending, Machine, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


class Cache:
    """An empty cache, into which a small data set is downloaded."""

    def __init__(self, machine: Machine, folder: Path, model: Path, mirror: str) -> None:
        self.machine, self.folder, self.model = machine, folder, model
        self.environment = {"NNFANG_DATA_DIR": str(folder), "NNFANG_MIRROR": mirror, "NNFANG_OFFLINE": "0"}

    def __call__(self, at: int = -1, mode: Mode = Mode.COUNT, error: int = 0) -> Ending:
        """Download what is missing, and use it."""
        self.folder.mkdir(exist_ok=True)
        arguments = ("evaluate", "-m", str(self.model), "--dataset", "tiny", "--json", "-q")
        return self.machine(self.folder, arguments, at=at, mode=mode, errno=error, environment=self.environment)

    def empty(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def digests(self) -> dict[str, str]:
        """All that is there, but for what is in folders of its own while it is downloaded."""
        files = (path for path in self.folder.glob("tiny/*") if path.is_file())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[str]:
    """The URL of a server of four small files."""
    served = tmp_path_factory.mktemp("served")
    (served / "tiny").mkdir()
    rng = np.random.default_rng(0)
    for name, count in zip(IDX_NAMES, (60, 60, 9, 9), strict=True):
        shape = (count, 3, 3) if "images" in name else (count,)
        values = rng.integers(0, 256 if "images" in name else 3, shape, np.uint8)
        content = b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes() + values.tobytes()
        (served / "tiny" / f"{name}.gz").write_bytes(content)  # plain, which the reader takes, too
        machine.known[f"{name}.gz"] = KnownFile(len(content), hashlib.sha256(content).hexdigest())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served))) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(machine: Machine, config: Path, mirror: str, tmp_path: Path) -> Cache:
    assert machine(tmp_path, ("train", "-c", str(config), "-o", "run", "-q")).code == 0
    return Cache(machine, tmp_path / "cache", tmp_path / "run", mirror)


@pytest.mark.parametrize("kind", KINDS)
def test_a_download_leaves_nothing_for_ever_and_the_next_one_succeeds(kind: str, cache: Cache, tally: Tally) -> None:
    mode, error = KINDS[kind]
    whole = cache()
    assert whole.code == 0, whole
    expected = {name: file.sha256 for name, file in cache.machine.known.items()}
    assert cache.digests == expected
    for number in choose(whole.operations):
        where = f"download, {kind}, operation {number} of {whole.operations}"
        cache.empty()
        ending = cache(number, mode, error)
        tally.strike(mode)
        assert_one_message(ending, mode, error, where)
        assert cache.digests.items() <= expected.items(), where
        tally["whole"] += 1
        if mode == Mode.SIGNAL:
            assert not list(cache.folder.rglob(".*")), where
        again = cache()
        tally["continued"] += 1
        assert (again.code, again.stdout) == (0, whole.stdout), (where, again)
        assert cache.digests == expected, where
        assert not list(cache.folder.rglob(".*")), where
        tally["equal"] += 1
