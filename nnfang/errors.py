"""What can go wrong, and the exit code each failure ends the program with.

NnfangError                  1  failed
├── ConfigError              2  a config file, option or environment variable is wrong
├── QualityGateError         3  a result is below the demanded minimum
├── DivergedError            4  training ran away: the loss is not a number, or infinite
├── DataError                5  a data set is not to be had, or is not what it claims to be
├── CheckpointError          6  a checkpoint cannot be read
└── PictureError             1  a file is not a picture
    └── BlankError           1  a picture shows nothing

Exit code 0 is success; 130 and 143 mean interrupted by Ctrl-C or SIGTERM. Messages are complete: they say where, what
was found and what is allowed, so that whoever shows one only has to print it.
"""


class NnfangError(Exception):
    """Any failure that nnfang foresees; its message is written for the person who must mend it."""

    exit_code = 1


class ConfigError(NnfangError):
    """A config file, option or environment variable is wrong."""

    exit_code = 2


class QualityGateError(NnfangError):
    """A result is below the minimum that was demanded."""

    exit_code = 3


class DivergedError(NnfangError):
    """Training ran away: the loss is not a number, or infinite."""

    exit_code = 4


class DataError(NnfangError):
    """A data set is not to be had, or is not what it claims to be."""

    exit_code = 5


class CheckpointError(NnfangError):
    """A checkpoint cannot be read."""

    exit_code = 6


class PictureError(NnfangError):
    """A file is not a picture."""


class BlankError(PictureError):
    """A picture shows nothing."""

    def __init__(self, reason: str, name: str | None = None) -> None:
        super().__init__(f"{name}: {reason}" if name else reason)
        self.reason = reason


def nearest(name: str, allowed: list[str]) -> str:
    """``' Did you mean "x"?'`` with the allowed name most like `name`, or an empty string if none is close."""
    from difflib import get_close_matches

    matches = get_close_matches(name, allowed, n=1)
    return f' Did you mean "{matches[0]}"?' if matches else ""
