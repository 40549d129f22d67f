import io
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfang import images
from nnfang.errors import PictureError
from nnfang.images import Grey, source
from tests.images.pages import MNIST_SHAPE, load, save

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices have no paths there")

# What is not a regular file


@on_posix
def test_a_pipe_into_which_nobody_writes_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match=r"pipe\.png: a pipe into which nobody writes$"):
        load(tmp_path / "pipe.png")


@on_posix
def test_a_pipe_into_which_somebody_writes_late_is_read(digit: Grey, tmp_path: Path) -> None:
    path = tmp_path / "pipe.png"
    content = save(tmp_path / "a.png", digit).read_bytes()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)

    def write() -> None:
        os.write(writer, content)
        os.close(writer)

    timer = threading.Timer(0.1, write)
    timer.start()
    np.testing.assert_array_equal(load(path), digit)
    timer.join()


@on_posix
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_no_picture(name: str) -> None:
    if not Path(name).exists():
        pytest.skip("there is no such device here")
    with pytest.raises(PictureError, match="a device, not a picture"):
        load(Path(name))


@on_posix
def test_a_socket_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        with pytest.raises(PictureError, match="a device, not a picture"):
            load(Path("socket.png"))


def test_a_link_to_itself_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("a.png")
    with pytest.raises(PictureError, match="cannot be read: too many levels of symbolic links"):
        load(tmp_path / "a.png")


@on_posix
def test_a_stream_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one without end, see tests/hostile: there the memory of the process is limited."""
    monkeypatch.setattr(source, "MAX_STREAM_BYTES", 3 * 2**20)
    stream = io.BufferedReader(Unseekable(io.BytesIO(bytes(3 * 2**20 + 1))))
    with pytest.raises(PictureError, match="standard input: too large: more than 3 MB come through a pipe"):
        images.load(stream, MNIST_SHAPE, "digit", name="standard input")


class Unseekable(io.RawIOBase):
    """What comes through a pipe."""

    def __init__(self, source: io.BytesIO) -> None:
        self.source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.source.readinto(buffer)
