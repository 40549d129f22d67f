"""Where the values of a config were written, and what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nnfang.config.paths import enclosing_paths
from nnfang.errors import ConfigError


@dataclass(frozen=True, order=True)
class Origin:
    """Where a value was written. Origins compare by the order of their sources, and within a file by line.

    Attributes:
        rank: Of the source: a higher rank overrides a lower one.
        line: Of the text, counted from 1; 0 stands for the whole text.
        source: As its user knows it: ``digits.yaml``, ``environment variable NNFANG_SEED``, ``--epochs 3``.
    """

    rank: int
    line: int
    source: str = field(compare=False)

    def at(self, line: int) -> "Origin":
        """A line of this text."""
        return replace(self, line=line)

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}" if self.line else self.source


class Origins:
    """The origin of each value, by its path, and the faults that have been found.

    Faults are collected, so that all of them can be told at once.
    """

    def __init__(self) -> None:
        self._written: dict[str, Origin] = {}
        self._faults: list[tuple[Origin | None, ConfigError]] = []
        self._unreadable: set[str] = set()

    def __contains__(self, path: str) -> bool:
        return path in self._written

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def record(self, path: str, origin: Origin) -> None:
        """Note where the value at `path` was written."""
        self._written[path] = origin

    def replace(self, path: str, origin: Origin) -> None:
        """Note where the value at `path`, with all that is in it, was written in place of an older one."""
        for old in [old for old in self._written if old.startswith((f"{path}.", f"{path}["))]:
            del self._written[old]
        self._unreadable -= {old for old in self._unreadable if path in enclosing_paths(old)}
        self._written[path] = origin

    def find(self, path: str) -> Origin | None:
        """Where the value at `path` was written, or what it is in, or part of it; None for a default."""
        inside = (place for place in self._written if place.startswith((f"{path}.", f"{path}[")))
        return next(
            (self._written[place] for place in (*enclosing_paths(path), *inside) if place in self._written), None
        )

    def error(self, path: str, reason: str) -> ConfigError:
        """The failure that is the fault of the value at `path`."""
        return _error(self.find(path), path, reason)

    def add_fault(self, path: str, reason: str, origin: Origin | None = None) -> None:
        """Note what is wrong with the value at `path`, unless that follows from a value that could not be read.

        Args:
            path: Of the value; "" if the fault is not that of one value.
            reason: What is wrong.
            origin: Where it was written, if that is not where the value at `path` was written.
        """
        if self._unreadable.isdisjoint(enclosing_paths(path)):
            origin = origin or self.find(path)
            self._faults.append((origin, _error(origin, path, reason)))

    def add_unreadable(self, path: str, reason: str, origin: Origin) -> None:
        """Note why the value at `path` could not be read, so that None stands in its place."""
        self.add_fault(path, reason, origin)
        self._unreadable.add(path)

    def add_error(self, error: ConfigError, origin: Origin) -> None:
        """Note the faults of an error that was raised about one source."""
        self._faults += [(origin, fault) for fault in error.faults]

    def failure(self, reason: str, origin: Origin) -> ConfigError:
        """The error to raise for a source that cannot be read at all; it tells of all faults so far, too."""
        self.add_fault("", reason, origin)
        return self._combined()

    def raise_faults(self) -> None:
        """Raise a ConfigError that tells of all faults, in the order in which they were written, if there are any."""
        if self._faults:
            raise self._combined()

    def _combined(self) -> ConfigError:
        in_order = sorted(self._faults, key=lambda fault: (fault[0] is None, fault[0]))
        return ConfigError.combine([error for _, error in in_order])


def _error(origin: Origin | None, path: str, reason: str) -> ConfigError:
    return ConfigError(reason, path or None, None if origin is None else str(origin))
