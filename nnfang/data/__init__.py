"""Where arrays come from: `load` takes the name of a known data set or a path, and gives a `Dataset`."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from nnfang.data.bundled import SAMPLE, load_sample
from nnfang.data.dataset import Dataset, Preparation
from nnfang.data.download import MakeProgress, fetch, find_cache, is_complete
from nnfang.data.idx import read_idx_files
from nnfang.data.paths import FORMS, load_path
from nnfang.data.pictures import ReadPicture
from nnfang.data.registry import DATASETS
from nnfang.data.transfer import ProgressBar
from nnfang.errors import DataError
from nnfang.names import nearest

__all__ = [
    "KNOWN",
    "Dataset",
    "MakeProgress",
    "Preparation",
    "ProgressBar",
    "ReadPicture",
    "find_cache",
    "find_cached",
    "load",
]

KNOWN = (*DATASETS, SAMPLE)
"""The names that `load` knows."""


def load(
    name_or_path: str | PathLike[str],
    *,
    offline: bool = False,
    progress: MakeProgress | None = None,
    read_picture: ReadPicture | None = None,
    warn: Callable[[str], None] | None = None,
) -> Dataset:
    """Load a data set, downloading it first if it has a name and is not in the cache.

    Args:
        name_or_path: one of `KNOWN`, or a path in one of the forms that `nnfang.data.paths.FORMS` lists. A name
            goes before a path; ./mnist is always a path.
        offline: never touch the network; NNFANG_OFFLINE=1 says the same.
        progress: makes the progress bar of each file that is downloaded from its description; None is silent.
        read_picture: reads one picture as uint8 (h, w); needed for a folder of pictures only.
        warn: is told what a person should know, in one line each.

    Raises:
        DataError: the data set is not to be had, or is not what it claims to be.
        ConfigError: NNFANG_MIRROR is not a URL.
    """
    name = str(name_or_path)
    if name == SAMPLE:
        return load_sample()
    if known := DATASETS.get(name):
        folder = fetch(known, offline=offline, progress=progress)
        x_train, y_train, x_test, y_test = read_idx_files(folder / file for file in known.files)
        return Dataset(name, x_train, y_train, x_test, y_test, known.class_names, known.preparation, source=str(folder))
    path = _find_path(name)
    if path is None:
        hint = nearest(name, KNOWN)
        raise DataError(f'No data set "{name}".{hint}\nKnown by name: {", ".join(KNOWN)}.\n{FORMS}')
    return load_path(path, read_picture, warn)


def find_cached() -> list[str]:
    """The names of the data sets that need no download any more."""
    return [name for name, known in DATASETS.items() if is_complete(known)]


def _find_path(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError):  # too long a name, a folder not ours to enter, ~somebody who does not exist
        return None
