"""One file from one mirror, which may send too much, or too slowly, or never come to an end."""

import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, Protocol

from nnfang.data.mirrors import HEADERS, MirrorError

STALL_SECONDS = 10.0  # a mirror that has answered once and then says nothing for so long is given up
SLOWEST = 10_000  # bytes a second: a mirror that has not even sent this on average ...
SLOW_SECONDS = 20.0  # ... for so long is given up; the largest file then takes 45 minutes at the most
CHUNK_BYTES = 1 << 13

Item = bytes | Exception | None
"""What comes out of the thread that reads: a piece of the file, a fault, or None at the end."""


class ProgressBar(Protocol):
    """What shows a download."""

    total: Any

    def update(self, n: int, /) -> object:
        """`n` more bytes have come."""

    def reset(self) -> object:
        """Count again from 0."""

    def close(self) -> object:
        """The download is over."""


class Transfer:
    """Downloads a file of a known size; pooch calls it with a URL and a path.

    Attributes:
        size: Bytes of the file; a mirror that sends more is cut short.
        show: What shows the progress, or None.
    """

    def __init__(self, size: int, show: ProgressBar | None) -> None:
        self.size, self.show = size, show

    def __call__(self, url: str, path: str, _: object) -> None:
        """Write what a URL gives to a path.

        Raises:
            OSError: It cannot be written.
            MirrorError: Too much comes, or too slowly.
            requests.RequestException: Whatever else a mirror can do wrong.
        """
        if self.show:
            self.show.total = self.size
        received = 0
        with Path(path).open("wb") as file, closing(_receive(url)) as chunks:
            for chunk in chunks:
                received += len(chunk)
                if received > self.size:
                    raise MirrorError(f"sends more than the {self.size:,} bytes of the file")
                file.write(chunk)
                if self.show:
                    self.show.update(len(chunk))


def _receive(url: str) -> Generator[bytes, None, None]:
    """What a URL gives, as long as it comes fast enough.

    No time-out of an HTTP client bounds the time of a whole answer: a byte now and then satisfies it. So the answer is
    read in a thread of its own, which is left behind when too little comes out of it.
    """
    items: Queue[Item] = Queue(maxsize=64)
    is_given_up = Event()
    Thread(target=_read, args=(url, items, is_given_up), daemon=True).start()
    try:
        start, received = time.monotonic(), 0
        while True:
            try:
                item = items.get(timeout=max(0.0, start + SLOW_SECONDS - time.monotonic()))
            except Empty:
                item = b""
            if isinstance(item, Exception):
                raise item
            if item is None:
                return
            received += len(item)
            if time.monotonic() - start >= SLOW_SECONDS:
                if received < SLOWEST * SLOW_SECONDS:
                    raise MirrorError(f"slower than {SLOWEST / 1000:g} kB/s for {SLOW_SECONDS:g} s")
                start, received = time.monotonic(), 0
            yield item
    finally:
        is_given_up.set()


def _read(url: str, items: Queue[Item], is_given_up: Event) -> None:
    """Put the pieces of an answer into a queue, then None or the fault that ended it."""
    import requests

    try:
        with requests.get(url, headers=HEADERS, timeout=STALL_SECONDS, stream=True) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(CHUNK_BYTES):
                if not _put(chunk, items, is_given_up):
                    return
    except requests.RequestException as error:
        _put(error, items, is_given_up)
    except Exception as error:  # whatever it was, an answer must be given, or we would wait for it
        _put(MirrorError(f"failed ({type(error).__name__})"), items, is_given_up)
    else:
        _put(None, items, is_given_up)


def _put(item: Item, items: Queue[Item], is_given_up: Event) -> bool:
    """Put an item into a queue once there is room; False if nobody wants it any longer."""
    while not is_given_up.is_set():
        try:
            items.put(item, timeout=1)
        except Full:
            continue
        return True
    return False
