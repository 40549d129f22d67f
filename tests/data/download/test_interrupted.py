"""Downloads that are killed leave nothing for ever."""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest

from nnfang.data.cache import fetch
from tests.data.download.test_download import TWO
from tests.data.servers import LAST, MakeTiny, Serve, answer, assert_complete

pytestmark = pytest.mark.skipif(os.name != "posix", reason="what is open cannot be deleted there")


def test_what_a_killed_download_left_is_cleared_away_by_the_next(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    is_begun, may_end = Event(), Event()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        content = (served / "tiny" / handler.path.strip("/")).read_bytes()
        if handler.command == "GET" and not is_begun.is_set():
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(content[:-1])
            handler.wfile.flush()
            is_begun.set()
            may_end.wait(30)
        else:
            answer(200, content)(handler)

    url = serve(behave)
    known = make_tiny(url)
    words = [f"{name},{file.size},{file.sha256}" for name, file in known.files.items()]
    with subprocess.Popen([sys.executable, "-c", TWO, url, *words], stdout=subprocess.PIPE) as process:
        assert is_begun.wait(30)
        (left,) = (cache / "tiny").iterdir()  # its folder, while it runs
        foreign = cache / "tiny" / "tmp1234"
        foreign.touch()
        process.kill()
        process.wait()
    may_end.set()
    assert left.is_dir()
    fetch(known)
    assert not left.exists()
    foreign.unlink()
    assert_complete(cache / "tiny", known)


def test_a_download_leaves_alone_what_another_is_writing(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    is_begun, may_end, asked = Event(), Event(), []

    def behave(handler: BaseHTTPRequestHandler) -> None:
        content = (served / "tiny" / handler.path.strip("/")).read_bytes()
        if handler.command == "GET":
            asked.append(handler.path)
            if len(asked) == 1:
                is_begun.set()
                may_end.wait(30)
        answer(200, content)(handler)

    url = serve(behave)
    known = make_tiny(url)
    words = [f"{name},{file.size},{file.sha256}" for name, file in known.files.items()]
    with subprocess.Popen([sys.executable, "-c", TWO, url, *words], stdout=subprocess.PIPE, text=True) as process:
        assert is_begun.wait(30)
        fetch(known)
        may_end.set()
        assert process.communicate(timeout=30)[0] == f"{cache / 'tiny'}\n"
    assert_complete(cache / "tiny", known)


def test_what_was_left_at_the_very_end_is_cleared_away_where_nothing_is_missing(
    served: Path, serve: Serve, make_tiny: MakeTiny
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    folder = fetch(known)
    (folder / f".{LAST}.01234567.tmp" / "sub").mkdir(parents=True)
    assert_complete(fetch(known), known)
