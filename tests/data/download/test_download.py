import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pooch  # type: ignore[import-untyped]
import pytest

from nnfang.data.cache import fetch
from nnfang.errors import DataError
from tests.data.servers import FIRST, MakeTiny, Serve, answer, assert_complete, files_in

TWO = """
import sys
from nnfang.data.cache import fetch
from nnfang.data.registry import KnownDataset, KnownFile
files = {name: KnownFile(int(size), sha256) for name, size, sha256 in (word.split(",") for word in sys.argv[2:])}
print(fetch(KnownDataset("tiny", files, (sys.argv[1],), ("a",), "plain", "", (1, 1), "")))
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


QUIETLY = """
import logging, sys
import pooch
from nnfang.data.cache import fetch
from nnfang.data.registry import KnownDataset, KnownFile
files = {name: KnownFile(int(size), sha256) for name, size, sha256 in (word.split(",") for word in sys.argv[2:])}
logger = pooch.get_logger()
before = logger.level, logger.disabled, logger.filters[:], logger.handlers[:]
fetch(KnownDataset("tiny", files, (sys.argv[1],), ("a",), "plain", "", (1, 1), ""))
assert (logger.level, logger.disabled, logger.filters, logger.handlers) == before
assert not logger.filters
logger.info("of another user")
"""


def test_pooch_says_nothing_of_a_download_and_its_logger_stays_as_it_was(
    served: Path, serve: Serve, make_tiny: MakeTiny
) -> None:
    url = serve(folder=served / "tiny")
    words = [f"{name},{file.size},{file.sha256}" for name, file in make_tiny(url).files.items()]
    done = subprocess.run([sys.executable, "-c", QUIETLY, url, *words], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "of another user\n")


def test_pooch_may_talk_in_another_thread_during_a_download(
    served: Path, serve: Serve, make_tiny: MakeTiny, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behave(handler: BaseHTTPRequestHandler) -> None:  # in a thread of the server
        pooch.get_logger().info(handler.command)
        answer(200, (served / "tiny" / handler.path.strip("/")).read_bytes())(handler)

    monkeypatch.setattr(pooch.get_logger(), "handlers", [caplog.handler])
    fetch(make_tiny(serve(behave)))
    talk = [record.getMessage() for record in caplog.records if record.name == pooch.get_logger().name]
    assert talk == ["HEAD", "GET", "GET", "GET", "GET"]
