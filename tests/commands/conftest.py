"""The real program, each time in a process of its own, in a folder and an environment of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner

from nnfang.commands import cli
from tests.commands.terminal import OpenTerminal, Terminal

SAMPLE = ("--dataset", "mnist-sample")
BRIEF = (*SAMPLE, "--limit", "500", "--epochs", "1")
"""A training that takes a moment."""

DEAD_PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""Nothing beyond this machine can be reached."""

TIME_LIMIT = 240

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Result:
    """How a process ended, and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Each line of stdout as JSON."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """The events of epochs."""
        return [event for event in self.objects if event["event"] == "epoch"]

    @property
    def end(self) -> dict[str, Any]:
        """The last event."""
        return self.objects[-1]


class Nnfang:
    """Runs ``nnfang`` in `folder`."""

    def __init__(self, folder: Path) -> None:
        unwanted = ("CI", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONWARNINGS")
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in unwanted and not name.startswith("NNFANG_") and not name.lower().endswith("_proxy")
        } | {"NNFANG_DATA_DIR": str(folder / "cache"), "TERM": "xterm-256color", "PYTHONUTF8": "1", **DEAD_PROXY}

    def __call__(
        self, *arguments: str, code: int = 0, stdin: bytes = b"", environment: Mapping[str, str] = NOTHING
    ) -> Result:
        """Run it to its end, and check the exit code."""
        process = subprocess.run(
            [sys.executable, "-m", "nnfang", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=stdin,
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        return check(Result(process.returncode, decode(process.stdout), decode(process.stderr)), code)

    def inside(
        self, *arguments: str, code: int = 0, stdin: bytes = b"", environment: Mapping[str, str] = NOTHING
    ) -> Result:
        """The same in this process: ten times as fast, for what ends before any training."""
        foreign = dict.fromkeys(os.environ.keys() - self.environment.keys())
        with chdir(self.folder):
            result = CliRunner().invoke(
                cli,
                arguments,
                input=stdin,
                env={**foreign, **self.environment, **environment},
                prog_name="nnfang",
                catch_exceptions=False,
            )
        return check(Result(result.exit_code, result.stdout, result.stderr), code)

    def train(
        self, *arguments: str, code: int = 0, stdin: bytes = b"", environment: Mapping[str, str] = NOTHING
    ) -> Result:
        """Run a training that takes a moment."""
        return self("train", *BRIEF, *arguments, code=code, stdin=stdin, environment=environment)

    def shell(self, script: str, *, code: int = 0, environment: Mapping[str, str] = NOTHING) -> Result:
        """Run a script in which ``nnfang`` is the program."""
        process = subprocess.run(
            ["bash", "-c", f'nnfang() {{ "$PYTHON" -m nnfang "$@"; }}\n{script}'],
            cwd=self.folder,
            env={**self.environment, "PYTHON": sys.executable, **environment},
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
        return check(Result(process.returncode, decode(process.stdout), decode(process.stderr)), code)

    def on_terminal(
        self,
        *arguments: str,
        code: int = 0,
        columns: int = 80,
        piped: bool = True,
        environment: Mapping[str, str] = NOTHING,
    ) -> Result:
        """Run it with stderr on a terminal, and stdout in a pipe or else on the terminal too."""
        import pty
        import termios

        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        process = subprocess.Popen(
            [sys.executable, "-m", "nnfang", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=theirs,
            stdout=subprocess.PIPE if piped else theirs,
            stderr=theirs,
        )
        os.close(theirs)
        with process, os.fdopen(ours, "rb", buffering=0) as terminal:
            screen = decode(b"".join(iter(partial(read_terminal, terminal.fileno()), b"")))
            stdout, _ = process.communicate(timeout=TIME_LIMIT)
        return check(Result(process.returncode, decode(stdout or b""), screen), code)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Only start it."""
        return subprocess.Popen(
            [sys.executable, "-m", "nnfang", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def interrupt(self, *arguments: str, when: Callable[[dict[str, Any]], bool], number: signal.Signals) -> Result:
        """Run ``train --json``, and send a signal once an event is as `when` says."""
        with self.start("train", "--json", *arguments) as process:
            assert process.stdout
            lines = []
            for line in process.stdout:
                lines.append(line)
                if when(json.loads(line)):
                    break
            process.send_signal(number)
            rest, stderr = process.communicate(timeout=TIME_LIMIT)
        result = Result(process.returncode, decode(b"".join([*lines, rest])), decode(stderr))
        return check(result, 128 + number)


def check(result: Result, code: int) -> Result:
    """Demand an exit code, and that nobody has to see a traceback or a warning of Python's."""
    assert result.code == code, result
    for word in ("Traceback", "Warning", "Exception ignored"):
        assert word not in result.stderr, result.stderr
    return result


def decode(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other side is closed
        return b""


@pytest.fixture(scope="session", autouse=True)
def _expect_signals() -> None:
    """Ignore none: in the background SIGINT is, under nohup SIGHUP, and then by each process that is started too."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def default_engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Train once, so that the engine is compiled, and no test is told that it is being compiled."""
    Nnfang(tmp_path_factory.mktemp("first"))("train", *BRIEF, "-q")


@pytest.fixture
def nnfang(tmp_path: Path) -> Nnfang:
    return Nnfang(tmp_path)


@dataclass(frozen=True)
class Trained:
    """A finished run, which nobody may change."""

    folder: Path
    result: Result

    @property
    def best_epoch(self) -> dict[str, Any]:
        """The event of the best epoch."""
        best: dict[str, Any] = self.result.epochs[self.result.end["best_epoch"] - 1]
        return best


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A network that reads most digits."""
    folder = tmp_path_factory.mktemp("trained")
    result = Nnfang(folder)("train", *SAMPLE, "--epochs", "2", "-o", "run", "--json")
    return Trained(folder / "run", result)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves a folder over HTTP, and gives the URL."""
    servers = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> OpenTerminal:
    """Puts stderr on a terminal that can do what terminals do, but for what the given variables say."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def call(**variables: str) -> Terminal:
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        for name, value in ({"TERM": "xterm-256color", "COLUMNS": "80"} | variables).items():
            monkeypatch.setenv(name, value)
        return stream

    return call
