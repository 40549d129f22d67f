"""Opening a picture without waiting for ever, or reading for ever: not everything with a name is a file."""

import io
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from nnfang.errors import PictureError

MAX_STREAM_BYTES = 100 * 2**20
"""Of a picture that comes through a pipe, which has to be held in memory."""


def open_picture(path: Path) -> BinaryIO:
    """Open a file, or take in what comes through a pipe.

    Raises:
        PictureError: it is a folder, a device, a socket, a pipe into which nobody writes, or one without end.
        OSError: it cannot be opened.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return path.open("rb")
    if stat.S_ISDIR(mode):
        raise PictureError("a folder, not a picture")
    if not stat.S_ISFIFO(mode):
        raise PictureError("a device, not a picture")
    # Opened like this, a pipe without a writer is empty at once, where it would otherwise be waited for.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        first: bytes | None = pipe.read(1)
        if first == b"":
            raise PictureError("a pipe into which nobody writes")
        os.set_blocking(pipe.fileno(), True)
        return _take_in(pipe, first or b"")


def make_seekable(stream: BinaryIO) -> BinaryIO:
    """A stream that can be gone back in, as Pillow must: the same if it is a file, else all that it holds, in memory.

    Raises:
        PictureError: there is too much of it.
    """
    return stream if stream.seekable() and not _is_device(stream) else _take_in(stream)


def _is_device(stream: BinaryIO) -> bool:
    """Whether a stream is one of those that claim to be seekable and have no end, such as /dev/zero."""
    with suppress(OSError, AttributeError):  # a stream that is no file has no number
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    return False


def _take_in(stream: BinaryIO | io.RawIOBase, first: bytes = b"") -> BinaryIO:
    content = io.BytesIO(first)
    content.seek(0, os.SEEK_END)
    while piece := stream.read(2**20):
        content.write(piece)
        if content.tell() > MAX_STREAM_BYTES:
            raise PictureError(f"too large: more than {MAX_STREAM_BYTES // 2**20} MB come through a pipe")
    content.seek(0)
    return content
