"""What can go wrong, and the exit code each failure ends the program with.

NnfangError                  1  failed
├── ConfigError              2  a config file, option or environment variable is wrong
├── QualityGateError         3  a result is below the demanded minimum
├── DivergedError            4  training diverged: the loss is infinite, not a number, or out of all proportion
├── DataError                5  a data set is unavailable, or is not what it claims to be
│   └── UnavailableError     5  a data set is not in the cache and could not be downloaded
├── CheckpointError          6  a checkpoint cannot be read
└── PictureError             1  a file is not a picture
    └── BlankError           1  a picture shows nothing

Exit code 0 is success; 129, 130 and 143 mean interrupted by SIGHUP (the terminal was closed), Ctrl-C or SIGTERM.
Messages are complete: they say where, what was found and what is allowed, so that whoever shows one only has to print
it. What was meant by a library's failure is its `reason`, where it happened its `path`; neither has to be read out of
the message again.
"""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath


class NnfangError(Exception):
    """Any failure that nnfang foresees; its message is written for the person who must fix it.

    Attributes:
        reason: What is wrong, and what is allowed.
        path: Where: a file, a folder, a data set, or the key of a config; None where there is no such place.
    """

    exit_code = 1

    def __init__(self, reason: str, path: str | PathLike[str] | None = None) -> None:
        self.reason = reason
        self.path = None if path is None else fspath(path)
        super().__init__(f"{self.path}: {reason}" if self.path else reason)


class ConfigError(NnfangError):
    """A config file, option or environment variable is wrong.

    Attributes:
        origin: What the value at `path` was set by, such as ``digits.yaml, line 3`` or ``--epochs x``.
        faults: The single errors, where this one tells of several; itself alone otherwise.
    """

    exit_code = 2
    most_lines = 10

    def __init__(self, reason: str, path: str | PathLike[str] | None = None, origin: str | None = None) -> None:
        super().__init__(reason, path)
        self.origin = origin
        if origin:
            self.args = (f"{origin}: {self.args[0]}",)
        self.faults: tuple[ConfigError, ...] = (self,)

    @classmethod
    def combine(cls, faults: Sequence["ConfigError"]) -> "ConfigError":
        """One error for one or more: place and reason are those of the first, the message has a line for each."""
        first = faults[0]
        if len(faults) == 1:
            return first
        lines = [str(fault) for fault in faults[: cls.most_lines]]
        if len(faults) > cls.most_lines:
            lines.append(f"and {len(faults) - cls.most_lines} more")
        combined = cls(first.reason, first.path, first.origin)
        combined.args = ("\n".join(lines),)
        combined.faults = tuple(faults)
        return combined


class QualityGateError(NnfangError):
    """A result is below the minimum that was demanded."""

    exit_code = 3


class DivergedError(NnfangError):
    """Training diverged: the loss or a weight is infinite or not a number, or the loss is out of all proportion.

    Attributes:
        learning_rate: A smaller one to try.
    """

    exit_code = 4

    def __init__(self, reason: str, learning_rate: float) -> None:
        super().__init__(reason)
        self.learning_rate = learning_rate


class DataError(NnfangError):
    """A data set is unavailable, or is not what it claims to be."""

    exit_code = 5


class UnavailableError(DataError):
    """A known data set is not complete in the cache and could not be downloaded; `path` is its name.

    Attributes:
        folder: The folder of the cache in which its files are expected.
        missing: What is wrong with each file that is needed, by the file's name: ``missing``, ``damaged``, ...
        attempts: Why each mirror failed, by its URL; empty where nnfang was told to stay offline.
    """

    def __init__(
        self,
        reason: str,
        dataset: str,
        folder: str | PathLike[str],
        missing: Mapping[str, str],
        attempts: Mapping[str, str],
    ) -> None:
        super().__init__(reason, dataset)
        self.folder = fspath(folder)
        self.missing = dict(missing)
        self.attempts = dict(attempts)


class CheckpointError(NnfangError):
    """A checkpoint cannot be read."""

    exit_code = 6


class PictureError(NnfangError):
    """A file is not a picture."""


class BlankError(PictureError):
    """A picture shows nothing."""


class NnfangWarning(UserWarning):
    """Something that a person should know, and that is no failure."""
