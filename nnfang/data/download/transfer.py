"""One file from one mirror, which may send the wrong bytes, or too many, or send them too slowly."""

import hashlib
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread

import requests

from nnfang.data.download.faults import NETWORK_ERRORS, MirrorError, explain
from nnfang.data.download.mirrors import HEADERS
from nnfang.data.progress import ProgressBar
from nnfang.data.registry import KnownFile

STALL_SECONDS = 10.0
"""A mirror that has begun to answer and then sends nothing for this long is abandoned."""

MIN_RATE = 10_000
"""Bytes per second: a mirror that does not even send this on average ..."""

RATE_SECONDS = 20.0
"""... over this many seconds is abandoned; the largest file then takes at most 45 minutes."""

CHUNK_BYTES = 1 << 13

Piece = bytes | Exception | None
"""What the thread that reads passes on: bytes of the file, the error that ended it, or None at the end."""


class Transfer:
    """Downloads a known file and verifies it; pooch calls it with a URL and a path.

    Attributes:
        known: The size and checksum of the file; a mirror that sends more is cut off.
        bar: What shows the progress, or None.
    """

    def __init__(self, known: KnownFile, bar: ProgressBar | None) -> None:
        self.known, self.bar = known, bar

    def __call__(self, url: str, path: str, _: object) -> None:
        """Write what a URL serves to a path.

        Raises:
            OSError: The file cannot be written.
            MirrorError: The mirror fails, is too slow, or sends something other than the file.
        """
        if self.bar:
            self.bar.total = self.known.size
        received, digest = 0, hashlib.sha256()
        with Path(path).open("wb") as file, closing(_receive(url)) as chunks:
            for chunk in chunks:
                received += len(chunk)
                if received > self.known.size:
                    raise MirrorError(f"sends more than the {self.known.size:,} bytes of the file")
                digest.update(chunk)
                file.write(chunk)
                if self.bar:
                    self.bar.update(len(chunk))
        if digest.hexdigest() != self.known.sha256:
            raise MirrorError("wrong checksum")


def _receive(url: str) -> Generator[bytes, None, None]:
    """Yield what a URL serves, as long as it arrives fast enough.

    No timeout of an HTTP client bounds the time of a whole answer: a byte now and then satisfies it. So the answer is
    read in a thread of its own, which is abandoned when too little arrives from it.
    """
    pieces: Queue[Piece] = Queue(maxsize=64)
    abandoned = Event()
    Thread(target=_read, args=(url, pieces, abandoned), daemon=True).start()
    try:
        start, received = time.monotonic(), 0
        while True:
            try:
                piece = pieces.get(timeout=max(0.0, start + RATE_SECONDS - time.monotonic()))
            except Empty:
                piece = b""
            if piece is None:
                return
            if isinstance(piece, NETWORK_ERRORS):
                raise explain(piece, STALL_SECONDS) from piece
            if isinstance(piece, Exception):
                raise piece
            received += len(piece)
            if time.monotonic() - start >= RATE_SECONDS:
                if received < MIN_RATE * RATE_SECONDS:
                    raise MirrorError(f"slower than {MIN_RATE / 1000:g} kB/s for {RATE_SECONDS:g} s")
                start, received = time.monotonic(), 0
            yield piece
    finally:
        abandoned.set()


def _read(url: str, pieces: Queue[Piece], abandoned: Event) -> None:
    """Pass on the body of an answer piece by piece, then None or the error that ended it."""
    end = None
    try:
        with requests.get(url, headers=HEADERS, timeout=STALL_SECONDS, stream=True) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(CHUNK_BYTES):
                if not _pass_on(chunk, pieces, abandoned):
                    return
    except Exception as error:  # passed on to the thread that waits for the pieces, which raises what is a bug
        end = error
    _pass_on(end, pieces, abandoned)


def _pass_on(piece: Piece, pieces: Queue[Piece], abandoned: Event) -> bool:
    """Put a piece into the queue once there is room; False if nobody wants it any longer."""
    while not abandoned.is_set():
        try:
            pieces.put(piece, timeout=1)
        except Full:
            continue
        return True
    return False
