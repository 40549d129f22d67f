"""Open a picture as a file in which Pillow can seek.

Not everything that has a path is a regular file: a pipe without a writer would block forever, and a device such as
/dev/zero has no end. Both are refused.
"""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from nnfang.errors import PictureError

MAX_STREAM_BYTES = 100 * 2**20
"""The largest picture that is read from a pipe, in bytes: it has to be held in memory."""

CHUNK_BYTES = 2**20
"""What is read from a pipe at a time, in bytes."""


@contextmanager
def open_source(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a file, or take an open stream; what comes out can be sought in. A stream is left open.

    Raises:
        PictureError: The source is a folder, a device, a socket, a pipe without a writer or with too much in it, or it
            cannot be read.
    """
    try:
        with _open_path(source) if isinstance(source, Path) else nullcontext(_make_seekable(source)) as file:
            yield file
    except OSError as error:
        raise PictureError(describe_failure(error)) from error


def describe_failure(error: OSError) -> str:
    """Why a file cannot be read, in a few words without its name."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _open_path(path: Path) -> BinaryIO:
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return path.open("rb")
    if stat.S_ISDIR(mode):
        raise PictureError("a folder, not a picture")
    if not stat.S_ISFIFO(mode):
        raise PictureError("a device, not a picture")
    # Opened without blocking, a pipe that has no writer is at its end immediately.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        first: bytes | None = pipe.read(1)
        if first == b"":
            raise PictureError("a pipe into which nobody writes")
        os.set_blocking(pipe.fileno(), True)
        return _read_into_memory(pipe, first or b"")


def _make_seekable(stream: BinaryIO) -> BinaryIO:
    """The stream itself if it is a regular file or in memory, otherwise a copy of its content in memory."""
    return stream if stream.seekable() and not _is_device(stream) else _read_into_memory(stream)


def _is_device(stream: BinaryIO) -> bool:
    """Whether a stream claims to be seekable, but is no regular file and may have no end, such as /dev/zero."""
    with suppress(OSError, AttributeError):  # a stream in memory has no file descriptor
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    return False


def _read_into_memory(stream: BinaryIO | io.RawIOBase, first: bytes = b"") -> BinaryIO:
    content = io.BytesIO(first)
    content.seek(0, os.SEEK_END)
    while chunk := stream.read(CHUNK_BYTES):
        content.write(chunk)
        if content.tell() > MAX_STREAM_BYTES:
            raise PictureError(f"too large: more than {MAX_STREAM_BYTES // 2**20} MB come through a pipe")
    content.seek(0)
    return content
