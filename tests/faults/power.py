"""A model of a disk: what a power failure may leave of what was written.

As POSIX promises no more: the bytes of a file are there once it has been flushed, its name once its folder has been. Of
what has not been flushed, any part may be there: changes of names in any selection, though each whole, and bytes not at
all, the first half of them, or zeros in their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PENDING = 8
"""Changes of names in a folder of which all selections are tried; of more, only the latest of them."""


@dataclass(eq=False)
class File:
    """A file that may have several names, or none."""

    content: bytearray = field(default_factory=bytearray)
    flushed: bytes = b""

    def leftovers(self) -> set[bytes]:
        """What may be there of its bytes."""
        now = bytes(self.content)
        if now == self.flushed:
            return {now}
        return {self.flushed, now, now[: len(now) // 2], bytes(len(now))}


Names = dict[str, File]
Change = dict[str, File | None]
"""What becomes of some names at once; None is their end."""


class Disk:
    """What is on it, what programs see, and what is still to be written."""

    def __init__(self, files: dict[str, bytes]) -> None:
        """Begin with files that have been there for long."""
        self.seen: Names = {name: File(bytearray(content), content) for name, content in files.items()}
        self.flushed: Names = dict(self.seen)
        self.folders = {str(PurePosixPath(name).parent) for name in files} | {"."}
        self.new_folders: set[str] = set()
        self.pending: dict[str, list[Change]] = {}
        self.descriptors: dict[int, File | str] = {}

    def apply(self, line: str) -> None:
        """Do what a line of the journal says."""
        word, _, rest = line.partition(" ")
        getattr(self, f"_{word}", self._ignore)(rest)

    def _ignore(self, rest: str) -> None:
        pass

    def _change(self, path: str, change: Change) -> None:
        self.pending.setdefault(str(PurePosixPath(path).parent), []).append(change)
        for name, file in change.items():
            self.seen.pop(name, None)
            if file:
                self.seen[name] = file

    def _open(self, rest: str) -> None:
        descriptor, creates, truncates, path = rest.split(" ", 3)
        path = str(PurePosixPath(path))
        if path in self.folders:
            self.descriptors[int(descriptor)] = path
            return
        if path not in self.seen and int(creates):
            self._change(path, {path: File()})
        if path in self.seen:
            self.descriptors[int(descriptor)] = self.seen[path]
            if int(truncates):
                del self.seen[path].content[:]

    def _file(self, descriptor: str) -> File:
        file = self.descriptors[int(descriptor)]
        assert isinstance(file, File)
        return file

    def _write(self, rest: str) -> None:
        descriptor, offset, *content = rest.split(" ")
        if int(descriptor) not in self.descriptors:
            return
        file, new = self._file(descriptor).content, bytes.fromhex("".join(content))
        file[int(offset) : int(offset) + len(new)] = new

    def _truncate(self, rest: str) -> None:
        descriptor, length = rest.split(" ")
        del self._file(descriptor).content[int(length) :]

    def _close(self, rest: str) -> None:
        self.descriptors.pop(int(rest), None)

    def _fsync(self, rest: str) -> None:
        what = self.descriptors[int(rest)]
        if isinstance(what, File):
            what.flushed = bytes(what.content)
            return
        for change in self.pending.pop(what, []):
            _apply(change, self.flushed)
        self.new_folders -= {folder for folder in self.new_folders if str(PurePosixPath(folder).parent) == what}

    def _rename(self, rest: str) -> None:
        old, new = rest.split("\t")
        self._change(new, {old: None, new: self.seen[old]})

    def _link(self, rest: str) -> None:
        old, new = rest.split("\t")
        self._change(new, {new: self.seen[old]})

    def _unlink(self, rest: str) -> None:
        self._change(rest, {rest: None})

    def _mkdir(self, rest: str) -> None:
        self.folders.add(rest)
        self.new_folders.add(rest)

    def crashes(self, names: list[str]) -> Iterator[dict[str, bytes]]:
        """What may be found under some names in one folder if the power failed now."""
        folder = str(PurePosixPath(names[0]).parent)
        if folder in self.new_folders:
            yield {}
        changes = self.pending.get(folder, [])
        certain, open_ = changes[:-MOST_PENDING], changes[-MOST_PENDING:]
        for chosen in product([False, True], repeat=len(open_)):
            found = dict(self.flushed)
            for change in (*certain, *(change for change, is_there in zip(open_, chosen, strict=True) if is_there)):
                _apply(change, found)
            files = {name: found[name] for name in names if name in found}
            for contents in product(*(file.leftovers() for file in files.values())):
                yield dict(zip(files, contents, strict=True))


def _apply(change: Change, names: Names) -> None:
    for name, file in change.items():
        names.pop(name, None)
        if file:
            names[name] = file
