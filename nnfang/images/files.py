"""Which files a command line means by its pictures."""

import glob
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nnfang.errors import PictureError
from nnfang.images.reading import FOREIGN, explain


def find_pictures(arguments: Iterable[str]) -> Iterator[Path]:
    """Find the pictures that a command line names, in its order.

    Args:
        arguments: files, taken without looking at them; folders, of which all picture files at any depth are taken
            in natural order (2 before 10), but hidden ones; and patterns that no shell has expanded (*, ?, [...], **).

    Raises:
        PictureError: an argument names nothing, or a folder without pictures.
    """
    for argument in arguments:
        try:
            yield from _find(argument)
        except OSError as error:
            raise PictureError(f"{argument}: {explain(error)}") from None


def _find(argument: str) -> Iterator[Path]:
    path = Path(argument)
    if path.is_dir():
        yield from _list_folder(path)
    elif path.exists():
        yield path
    elif matches := _match(path):
        for match in sorted(matches, key=_natural_order):
            yield from _list_folder(match) if match.is_dir() else [match]
    elif glob.has_magic(argument):
        raise PictureError(f"{argument}: no file matches this pattern")
    else:
        raise PictureError(f"{argument}: no such file or folder")


def _match(pattern: Path) -> list[Path]:
    """The files and folders that a pattern names, but hidden ones; ** does not follow links, which may lead in circles.

    With two links to itself in a folder, glob.glob would find 2**40 files in it.
    """
    anchor = Path(pattern.anchor)
    matches = anchor.glob(str(pattern.relative_to(anchor))) if glob.has_magic(str(pattern)) else ()
    if any(map(_is_hidden, pattern.parts)):
        return list(matches)
    return [match for match in matches if not any(map(_is_hidden, match.parts))]


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in {".", ".."}


def _list_folder(folder: Path) -> list[Path]:
    from PIL import Image

    suffixes = {suffix for suffix, form in Image.registered_extensions().items() if form in Image.OPEN.keys() - FOREIGN}
    inside = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    visible = (path for path in inside if not any(map(_is_hidden, path.parts)))
    pictures = [folder / path for path in sorted(visible, key=_natural_order) if (folder / path).is_file()]
    if not pictures:
        raise PictureError(f"{folder}: a folder without pictures")
    return pictures


def _natural_order(path: Path) -> list[list[str | int]]:
    """Sort 2 before 10; even places of each list are text, odd ones numbers, so that they compare."""
    pieces = (re.split(r"(\d+)", part.casefold()) for part in path.parts)
    return [[int(piece) if place % 2 else piece for place, piece in enumerate(part)] for part in pieces]
