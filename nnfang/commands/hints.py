"""What a person at the command line can do about a failure: the library says what is wrong, this says what to type."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfang.commands.console import command_line
from nnfang.names import did_you_mean, find_nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnfang.errors import CheckpointError, NnfangError, UnavailableError
    from nnfang.runs.finding import DamagedRunError
    from nnfang.runs.folder import FolderInUseError


def hint_for(error: NnfangError) -> str:
    """What to type, as the end of the message; nothing where the message says it all."""
    hint = HINTS.get(type(error).__name__)
    return hint(error) if hint else ""


def _no_run(error: NnfangError) -> str:
    return ". Name the folder of a run, or create one with: nnfang train"


def _checkpoint(error: CheckpointError) -> str:
    """The run, or the network that comes with nnfang, that was probably meant by a path at which nothing is."""
    from nnfang.runs.bundled import BUNDLED
    from nnfang.runs.folder import RUNS

    path = Path(error.path or ".")
    with suppress(OSError):  # such as that of a name that is too long
        if not path.exists():
            known = {BUNDLED: BUNDLED, **{folder.name: str(folder) for folder in RUNS.glob("*") if folder.is_dir()}}
            name = find_nearest(path.name, known)
            return f".{did_you_mean(known[name])}" if name else ""
    return ""


def _damaged_run(error: DamagedRunError) -> str:
    return f"\nContinue from it with: {command_line('train', '--resume', error.previous)}"


def _folder_in_use(error: FolderInUseError) -> str:
    them = "it" if len(error.files) == 1 else "them"
    resume = command_line("train", "--resume", Path(error.path or "."))
    return f"; choose another folder, or --force to delete {them}\nTo continue that run: {resume}"


def _unavailable(error: UnavailableError) -> str:
    online = "" if error.attempts else "leave out --offline, or "
    return f"\nOn the command line: {online}use --dataset mnist-sample"


HINTS: dict[str, Callable[[Any], str]] = {
    "CheckpointError": _checkpoint,
    "DamagedRunError": _damaged_run,
    "FolderInUseError": _folder_in_use,
    "NoRunError": _no_run,
    "UnavailableError": _unavailable,
}
"""By the name of the class, so that nothing has to be imported where nothing is wrong."""
