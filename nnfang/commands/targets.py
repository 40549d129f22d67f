"""Files that a command writes where the user says: nothing of the user's own is replaced unless that is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from glob import escape
from typing import TYPE_CHECKING

from nnfang.errors import ConfigError, NnfangError
from nnfang.files import remove_stale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check_target(file: Path, *, may_replace: bool) -> None:
    """Refuse to replace what is no file, or may not be replaced; and clear away what a killed command left of it.

    Raises:
        ConfigError: It is a folder, a device, or a link that leads nowhere; or a file, and may not be replaced.
    """
    if file.exists() or file.is_symlink():
        if not file.is_file():
            raise ConfigError("not a file; choose another name", file)
        if not may_replace:
            raise exists_already(file)
    remove_stale(file.parent, escape(file.name))


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Say of what the system or Pillow refuse that it is about this file."""
    try:
        yield
    except FileExistsError as error:
        raise exists_already(file) from error
    except (OSError, ValueError) as error:
        raise NnfangError(f"cannot be written: {getattr(error, 'strerror', None) or error}", file) from error


def exists_already(file: Path) -> ConfigError:
    """The error of a file that is there, but may not be replaced."""
    return ConfigError("already exists; choose another name, or --force to overwrite it", file)
