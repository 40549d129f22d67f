"""Find the picture files that paths, folders and glob patterns name."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image

from nnfang.errors import PictureError
from nnfang.images.guards import UNSUPPORTED
from nnfang.images.source import describe_failure
from nnfang.names import natural_key


def find_pictures(arguments: Iterable[str]) -> Iterator[Path]:
    """Find pictures, in the order of the arguments.

    Args:
        arguments: Files, which are not looked at; folders, of which all picture files at any depth are taken in natural
            order (2 before 10), except hidden ones; and patterns that no shell has expanded (*, ?, [...], **).

    Raises:
        PictureError: An argument names nothing, or a folder without pictures.
    """
    for argument in arguments:
        try:
            yield from _find(argument)
        except OSError as error:
            raise PictureError(describe_failure(error), error.filename or argument) from error


def _find(argument: str) -> Iterator[Path]:
    path = Path(argument)
    if path.is_dir():
        yield from _list_folder(path)
    elif path.exists():
        yield path
    elif matches := _match(path):
        for match in sorted(matches, key=_natural_path):
            yield from _list_folder(match) if match.is_dir() else [match]
    elif glob.has_magic(argument):
        raise PictureError("no file matches this pattern", argument)
    else:
        raise PictureError("there is no such file or folder", argument)


def _match(pattern: Path) -> list[Path]:
    """The files and folders that match a pattern, except hidden ones unless the pattern itself names one.

    ** does not follow links: with two links to itself in a folder, glob.glob would find 2**40 files in it.
    """
    anchor = Path(pattern.anchor)
    matches = anchor.glob(str(pattern.relative_to(anchor))) if glob.has_magic(str(pattern)) else ()
    if any(map(_is_hidden, pattern.parts)):
        return list(matches)
    return [match for match in matches if not any(map(_is_hidden, match.parts))]


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in {".", ".."}


def _list_folder(folder: Path) -> list[Path]:
    readable = Image.registered_extensions().items()
    suffixes = {suffix for suffix, format_ in readable if format_ in Image.OPEN.keys() - UNSUPPORTED}
    inside = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    visible = (path for path in inside if not any(map(_is_hidden, path.parts)))
    pictures = [folder / path for path in sorted(visible, key=_natural_path) if (folder / path).is_file()]
    if not pictures:
        raise PictureError("a folder without pictures", folder)
    return pictures


def _natural_path(path: Path) -> tuple[list[list[str | int]], tuple[str, ...]]:
    """Sort by one part of a path after the other; names that differ only in case come last, and in a fixed order."""
    return [natural_key(part)[0] for part in path.parts], path.parts
