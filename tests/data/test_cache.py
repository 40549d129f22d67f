import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nnfang.data.cache import fetch
from nnfang.errors import ConfigError, DataError, UnavailableError
from tests.data.servers import (
    FIRST,
    LAST,
    MakeTiny,
    Serve,
    answer,
    assert_complete,
    files_in,
)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_downloads_once_and_then_needs_no_network(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, request: pytest.FixtureRequest
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    assert fetch(known) == cache / "tiny"
    assert_complete(cache / "tiny", known)
    request.getfixturevalue("no_sockets")
    assert fetch(known) == cache / "tiny"
    assert fetch(known, offline=True) == cache / "tiny"


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
    with pytest.raises(UnavailableError) as caught:
        fetch(make_tiny(closed_port, not_found, nowhere, "http://[::/"))
    message = str(caught.value)
    assert message.startswith("tiny: ")
    assert f"  {closed_port}: connection refused\n" in message
    assert f"  {not_found}: HTTP 404\n" in message
    assert f"  {nowhere}: no such host\n" in message
    assert "  http://[::/: not a valid URL\n" in message
    assert f"{FIRST}, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, {LAST} into {cache / 'tiny'}\n" in message
    assert '"mnist-sample"' in message
    assert f"NNFANG_MIRROR=URL, where URL/tiny/{FIRST} is served" in message
    assert "pool" not in message.lower()
    assert "--" not in message
    error = caught.value
    assert (error.exit_code, error.path, error.folder) == (5, "tiny", str(cache / "tiny"))
    assert error.attempts == {
        closed_port: "connection refused",
        not_found: "HTTP 404",
        nowhere: "no such host",
        "http://[::/": "not a valid URL",
    }
    assert error.missing == dict.fromkeys(make_tiny().files, "missing")


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


@pytest.mark.parametrize(
    "url", ["ftp://me:secret@example.org", "me:secret@example.org", "ftp://me:se/secret@example.org"]
)
def test_a_mirror_that_is_no_url_is_named_without_its_password(
    url: str, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNFANG_MIRROR", url)
    with pytest.raises(ConfigError, match=r"found '(ftp://)?example\.org'") as caught:
        fetch(make_tiny())
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
    with pytest.raises(UnavailableError) as caught:
        fetch(make_tiny("http://mirror.invalid/"), offline=how == "argument")
    message = str(caught.value)
    assert f"\n  {FIRST}: missing\n" in message
    assert f"\n  {LAST}: damaged\n" in message
    assert f"into {cache / 'tiny'}\n" in message
    assert caught.value.missing == {**dict.fromkeys(make_tiny().files, "missing"), LAST: "damaged"}
    assert caught.value.attempts == {}
    assert files_in(cache / "tiny") == [LAST]


def test_offline_0_is_online(served: Path, serve: Serve, make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_OFFLINE", "0")
    fetch(make_tiny(serve(folder=served / "tiny")))


def test_offline_is_yes_or_no(make_tiny: MakeTiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNFANG_OFFLINE", "maybe")
    with pytest.raises(ConfigError, match="NNFANG_OFFLINE: found 'maybe', expected 1 or 0"):
        fetch(make_tiny("http://mirror.invalid/"))


def test_a_damaged_file_of_the_cache_is_downloaded_again(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    fetch(known)
    path = cache / "tiny" / FIRST
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    untouched = (cache / "tiny" / LAST).stat().st_mtime_ns
    assert_complete(fetch(known), known)
    assert (cache / "tiny" / LAST).stat().st_mtime_ns == untouched


def test_a_cache_folder_that_cannot_be_created_is_named(
    served: Path, serve: Serve, make_tiny: MakeTiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NNFANG_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match="Set NNFANG_DATA_DIR") as caught:
        fetch(make_tiny(serve(folder=served / "tiny")))
    assert caught.value.path == str(tmp_path / "file" / "tiny")


def test_a_full_disk_is_told_from_a_bad_mirror(
    served: Path, serve: Serve, make_tiny: MakeTiny, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make_tiny(serve(folder=served / "tiny"))
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # bytes: the smallest disk that there is without root
    try:
        with pytest.raises(DataError) as caught:
            fetch(known)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.path == str(cache / "tiny")
    assert "the cache folder cannot be written: File too large" in caught.value.reason
    assert not set(files_in(cache / "tiny")) & {FIRST}


def test_the_libraries_for_downloads_are_imported_only_to_download() -> None:
    code = (
        "import sys; from nnfang import data; data.load('mnist-sample'); data.find_available(); "
        "print({'pooch', 'requests', 'PIL', 'rich'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"
