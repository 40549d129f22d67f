import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pooch  # type: ignore[import-untyped]
import pytest

from nnfang import data
from nnfang.data import mirrors, transfer
from nnfang.data.download import fetch
from nnfang.data.registry import DATASETS, KnownDataset
from nnfang.errors import ConfigError, DataError

Behaviour = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[..., str]
MakeTiny = Callable[..., KnownDataset]

FIRST = "train-images-idx3-ubyte.gz"
SIZE = "N"
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


def send_without_end(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while handler.command == "GET":
            handler.wfile.write(bytes(1 << 16))


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte every tenth of a second, which no time-out of a socket notices."""
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


HOSTILE = {
    "wrong bytes": (answer(200, b"something else"), "wrong checksum"),
    "login page": (answer(200, b"<html>Please log in"), "wrong checksum"),
    "empty": (answer(200), "wrong checksum"),
    "truncated": (answer(200, b"x" * 10, length=1000), "the connection broke off"),
    "hangs up": (lambda handler: handler.wfile.close(), "the connection broke off"),
    "403": (answer(403), "HTTP 403"),
    "404": (answer(404), "HTTP 404"),
    "500": (answer(500), "HTTP 500"),
    "redirect loop": (answer(302, location="/again"), "redirects without end"),
    "redirect to a file": (answer(302, location="file:///etc/passwd"), "redirects to what is neither http nor https"),
    "redirect to nonsense": (answer(302, location="http://[::"), "not a valid URL"),
    "without end": (send_without_end, f"sends more than the {SIZE} bytes of the file"),
    "too long": (answer(200, bytes(100_000)), f"sends more than the {SIZE} bytes of the file"),
    "drips": (drip, "slower than 10 kB/s for 1 s"),
    "drips headers": (drip_headers, "slower than 10 kB/s for 1 s"),
}


@pytest.fixture
def closed_port() -> Iterator[str]:
    with socket.socket() as taken:  # bound, so that nobody else gets it, but not listening
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def swallowing() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def assert_complete(folder: Path, known: KnownDataset) -> None:
    assert files_in(folder) == sorted(known.files)
    for name, file in known.files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file.sha256


def test_downloads_once_and_then_needs_no_network(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, request: pytest.FixtureRequest
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    assert fetch(known) == cache / "tiny"
    assert_complete(cache / "tiny", known)
    request.getfixturevalue("no_sockets")
    assert fetch(known) == cache / "tiny"
    assert fetch(known, offline=True) == cache / "tiny"


def test_loads_by_name(
    served: Path,
    serve: Serve,
    make_tiny: MakeTiny,
    cache: Path,
    arrays: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(DATASETS, "tiny", make_tiny(serve(folder=served / "tiny")))
    dataset = data.load("tiny")
    for found, expected in zip((dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test), arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (dataset.name, dataset.class_names, dataset.preparation) == ("tiny", ("a", "b", "c"), "negative")
    assert dataset.source == str(cache / "tiny")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_mirror_is_left_for_the_next(
    kind: str, served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SLOW_SECONDS", 1.0)
    monkeypatch.setenv("NNFANG_MIRROR", serve(HOSTILE[kind][0]))
    known = make_tiny(serve(folder=served / "tiny"))
    assert_complete(fetch(known), known)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_bad_mirror_alone_is_explained_and_leaves_nothing_behind(
    kind: str, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "SLOW_SECONDS", 1.0)
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

    monkeypatch.setattr(transfer, "SLOW_SECONDS", 0.1)
    monkeypatch.setattr(transfer, "SLOWEST", 300)
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 16)
    known = make_tiny(serve(dawdle))
    assert_complete(fetch(known), known)


TWO = """
import sys
from nnfang.data.download import fetch
from nnfang.data.registry import KnownDataset, KnownFile
files = {name: KnownFile(int(size), sha256) for name, size, sha256 in (word.split(",") for word in sys.argv[2:])}
print(fetch(KnownDataset("tiny", files, (sys.argv[1],), ("a",), "plain", "")))
"""


def test_two_processes_that_download_at_once_both_succeed(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    meeting = threading.Barrier(2)

    def wait_for_both(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            meeting.wait(20)  # each file is being sent to both when the first of them has it whole
        answer(200, (served / "tiny" / handler.path.strip("/")).read_bytes())(handler)

    url = serve(wait_for_both)
    known = make_tiny(url)
    words = [f"{name},{file.size},{file.sha256}" for name, file in known.files.items()]
    command = [sys.executable, "-c", TWO, url, *words]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=30)[0] for process in processes] == [f"{cache / 'tiny'}\n"] * 2
    assert_complete(cache / "tiny", known)


def test_a_file_has_its_name_only_once_it_is_verified(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    seen: list[str] = []

    def look(handler: BaseHTTPRequestHandler) -> None:
        content = (served / "tiny" / handler.path.strip("/")).read_bytes()
        handler.send_response(200)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(content[:-1])
            handler.wfile.flush()
            time.sleep(0.05)
            seen.extend(set(files_in(cache / "tiny")) & {handler.path.strip("/")})
            handler.wfile.write(content[-1:])

    known = make_tiny(serve(look))
    assert_complete(fetch(known), known)
    assert seen == []


def test_a_mirror_that_has_only_some_of_the_files_is_completed_by_the_next(
    served: Path, serve: Serve, make_tiny: MakeTiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "partial" / "tiny").mkdir(parents=True)
    (tmp_path / "partial" / "tiny" / FIRST).write_bytes((served / "tiny" / FIRST).read_bytes())
    (served / "tiny" / FIRST).unlink()
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=tmp_path / "partial"))
    known = make_tiny(serve(folder=served / "tiny"))
    assert_complete(fetch(known), known)


def test_a_passing_fault_is_tried_again(served: Path, serve: Serve, make_tiny: MakeTiny) -> None:
    asked: list[str] = []

    def behave(handler: BaseHTTPRequestHandler) -> None:
        file = handler.path.strip("/")
        if handler.command == "GET":
            asked.append(file)
        fails = asked.count(file) < 2
        answer(503 if fails else 200, b"" if fails else (served / "tiny" / file).read_bytes())(handler)

    known = make_tiny(serve(behave))
    assert_complete(fetch(known), known)
    assert len(asked) == 2 * len(known.files)


def test_the_message_names_each_mirror_and_every_way_out(
    serve: Serve, make_tiny: MakeTiny, cache: Path, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: str, *args: object, **kwargs: object) -> object:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real_look_up(host, *args, **kwargs)  # type: ignore[arg-type]

    real_look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    nowhere = "http://nowhere.invalid/"
    not_found = serve(answer(404))
    with pytest.raises(DataError) as caught:
        fetch(make_tiny(closed_port, not_found, nowhere, "http://[::/"))
    message = str(caught.value)
    assert f"  {closed_port}: connection refused\n" in message
    assert f"  {not_found}: HTTP 404\n" in message
    assert f"  {nowhere}: no such host\n" in message
    assert "  http://[::/: not a valid URL\n" in message
    assert f"{FIRST}, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, {LAST} into {cache / 'tiny'}\n" in message
    assert "--dataset mnist-sample" in message
    assert f"NNFANG_MIRROR=URL, where URL/tiny/{FIRST} is served" in message
    assert "pool" not in message.lower()
    assert caught.value.exit_code == 5


def test_a_swallowing_mirror_delays_nobody(
    served: Path, serve: Serve, make_tiny: MakeTiny, swallowing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "PROBE_SECONDS", 20.0)
    known = make_tiny(swallowing, serve(folder=served / "tiny"))
    start = time.monotonic()
    assert_complete(fetch(known), known)
    assert time.monotonic() - start < 5


def test_swallowing_mirrors_are_given_up_together(
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


def test_a_swallowed_name_look_up_is_given_up(make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_mirror_that_falls_silent_midway_is_given_up(
    serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfang.data.transfer.STALL_SECONDS", 0.2)
    with pytest.raises(DataError, match=r": timed out after 0\.2 s\n"):
        fetch(make_tiny(serve(fall_silent)))


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


@pytest.mark.parametrize("slash", ["", "/"])
def test_own_mirror_is_asked_alone_at_first(
    slash: str, served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    public = serve(lambda handler: asked.append(handler.path))
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=served).rstrip("/") + slash)
    known = make_tiny(public)
    assert_complete(fetch(known), known)
    assert asked == []


def test_own_mirror_that_fails_is_named_without_its_password(
    make_tiny: MakeTiny, closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", closed_port.replace("//", "//me:secret@"))
    with pytest.raises(DataError) as caught:
        fetch(make_tiny(closed_port))
    assert f"  {closed_port}tiny/: connection refused\n  {closed_port}: connection refused\n" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mirror.example.org", "ftp://example.org", "http://", "/some/folder"])
def test_own_mirror_must_be_a_url(url: str, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", url)
    with pytest.raises(ConfigError, match="NNFANG_MIRROR"):
        fetch(make_tiny())


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_never_touches_the_network(
    how: str, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "environment":
        monkeypatch.setenv("NNFANG_OFFLINE", "1")
    (cache / "tiny").mkdir(parents=True)
    (cache / "tiny" / LAST).write_bytes(b"half a file")
    with pytest.raises(DataError) as caught:
        fetch(make_tiny("http://mirror.invalid/"), offline=how == "argument")
    message = str(caught.value)
    assert f"\n  {FIRST}: missing\n" in message
    assert f"\n  {LAST}: damaged\n" in message
    assert f"into {cache / 'tiny'}\n" in message
    assert "mnist-sample" in message
    assert files_in(cache / "tiny") == [LAST]


def test_offline_0_is_online(served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_OFFLINE", "0")
    fetch(make_tiny(serve(folder=served / "tiny")))


def test_offline_is_yes_or_no(make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_OFFLINE", "maybe")
    with pytest.raises(ConfigError, match="NNFANG_OFFLINE: found 'maybe', expected 1 or 0"):
        fetch(make_tiny("http://mirror.invalid/"))


def test_a_damaged_file_of_the_cache_is_fetched_anew(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    fetch(known)
    path = cache / "tiny" / FIRST
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    untouched = (cache / "tiny" / LAST).stat().st_mtime_ns
    assert_complete(fetch(known), known)
    assert (cache / "tiny" / LAST).stat().st_mtime_ns == untouched


def test_a_cache_folder_that_cannot_be_made_is_named(
    served: Path, serve: Serve, make_tiny: MakeTiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NNFANG_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match="Set NNFANG_DATA_DIR") as caught:
        fetch(make_tiny(serve(folder=served / "tiny")))
    assert str(tmp_path / "file" / "tiny") in str(caught.value)


def test_a_full_disk_is_told_from_a_bad_mirror(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # bytes: the smallest disk that can be had without root
    try:
        with pytest.raises(DataError) as caught:
            fetch(known)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"The cache folder {cache / 'tiny'} cannot be written" in str(caught.value)
    assert "File too large" in str(caught.value)
    assert not set(files_in(cache / "tiny")) & {FIRST}


class Bar:
    def __init__(self, description: str) -> None:
        self.description = description
        self.total = 0
        self.done = 0
        self.resets = 0
        self.is_closed = False

    def update(self, n: int) -> None:
        self.done += n

    def reset(self) -> None:
        self.done = 0
        self.resets += 1

    def close(self) -> None:
        self.is_closed = True


def test_progress_is_shown_for_each_file(served: Path, serve: Serve, make_tiny: MakeTiny) -> None:
    bars: list[Bar] = []

    def show(description: str) -> Bar:
        bars.append(Bar(description))
        return bars[-1]

    known = make_tiny(serve(folder=served / "tiny"))
    fetch(known, progress=show)
    assert [bar.description for bar in bars] == [f"tiny: {file}" for file in known.files]
    for bar, file in zip(bars, known.files, strict=True):
        assert bar.done == bar.total == (served / "tiny" / file).stat().st_size
        assert bar.is_closed


def test_progress_begins_again_when_the_line_breaks(served: Path, serve: Serve, make_tiny: MakeTiny) -> None:
    asked: list[str] = []
    bars: list[Bar] = []

    def break_off_once(handler: BaseHTTPRequestHandler) -> None:
        content = (served / "tiny" / handler.path.strip("/")).read_bytes()
        if handler.command == "GET":
            asked.append(handler.path)
        is_first = asked.count(handler.path) == 1
        answer(200, content[: len(content) // 2] if is_first else content, length=len(content))(handler)

    def show(description: str) -> Bar:
        bars.append(Bar(description))
        return bars[-1]

    known = make_tiny(serve(break_off_once))
    assert_complete(fetch(known, progress=show), known)
    assert len(asked) == 2 * len(known.files)
    assert [(bar.done == bar.total, bar.resets) for bar in bars] == [(True, 1)] * 4


def test_progress_is_closed_when_a_download_fails(serve: Serve, make_tiny: MakeTiny) -> None:
    bars: list[Bar] = []

    def show(description: str) -> Bar:
        bars.append(Bar(description))
        return bars[-1]

    with pytest.raises(DataError):
        fetch(make_tiny(serve(answer(500))), progress=show)
    assert [bar.is_closed for bar in bars] == [True]


def test_nothing_is_written_to_the_terminal(
    served: Path,
    serve: Serve,
    make_tiny: MakeTiny,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logger = pooch.get_logger()
    monkeypatch.setattr(logger, "disabled", False)  # as it is before the first download of a process
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    fetch(make_tiny(serve(folder=served / "tiny")))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_the_libraries_for_downloads_are_imported_only_to_download() -> None:
    code = (
        "import sys; from nnfang import data; data.load('mnist-sample', offline=True); "
        "print({'pooch', 'requests', 'PIL', 'rich'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


@pytest.mark.full
def test_mnist_by_name_from_a_mirror(
    official: Path, serve: Serve, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=official))
    dataset = data.load("mnist")
    assert dataset.x_train.shape == (60_000, 28, 28)
    assert dataset.x_test.shape == (10_000, 28, 28)
    assert np.bincount(dataset.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert dataset.preparation == "digit"
    assert_complete(cache / "mnist", DATASETS["mnist"])
    assert data.load("mnist", offline=True).fingerprint == dataset.fingerprint


@pytest.mark.full
def test_fashion_mnist_by_name_from_a_mirror(official: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", serve(folder=official))
    dataset = data.load("fashion-mnist")
    assert dataset.x_train.shape == (60_000, 28, 28)
    assert dataset.class_names[int(dataset.y_train[0])] == "Ankle boot"
