"""Where arrays come from: `load` takes the name of a known data set or a path, and returns a `Dataset`."""

import logging
from collections.abc import Callable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from time import perf_counter

from nnfang.data.cache import find_cache
from nnfang.data.dataset import Dataset
from nnfang.data.examination import Collector, Examination, examine
from nnfang.data.formats import FORMATS, load_path
from nnfang.data.formats.arrays import OnUnreadable, Unreadable
from nnfang.data.formats.pictures import ReadPicture
from nnfang.data.named import (
    KNOWN,
    Listing,
    fetch_known,
    find_available,
    find_folder,
    list_known,
    load_known,
    load_sample,
)
from nnfang.data.progress import MakeProgress, ProgressBar
from nnfang.data.registry import DATASETS, SAMPLE
from nnfang.errors import DataError
from nnfang.names import nearest

__all__ = [
    "KNOWN",
    "SAMPLE",
    "Collector",
    "Dataset",
    "Examination",
    "Listing",
    "MakeProgress",
    "OnUnreadable",
    "ProgressBar",
    "ReadPicture",
    "Unreadable",
    "check_exists",
    "examine",
    "fetch_known",
    "find_available",
    "find_cache",
    "find_folder",
    "list_known",
    "load",
]


logger = logging.getLogger(__name__)


def load(
    name_or_path: str | PathLike[str],
    *,
    offline: bool = False,
    progress: MakeProgress | None = None,
    read_picture: ReadPicture | None = None,
    warn: Callable[[str], None] | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Dataset:
    """Load a data set, downloading it first if it is a known one and not in the cache.

    Args:
        name_or_path: One of `KNOWN`, or a path in one of the formats that `nnfang.data.formats.FORMATS` lists. A name
            takes precedence over a path of the same name; ``./mnist`` is always a path.
        offline: Never touch the network. The environment variable NNFANG_OFFLINE=1 does the same.
        progress: Creates the progress bar of each file that is downloaded from its description; None shows nothing.
        read_picture: Reads one picture as uint8 (h, w); needed only for a folder of pictures.
        warn: Called with each warning, a single line.
        on_unreadable: Called with each picture of a folder, and each line of a table, that cannot be read, and which is
            then left out; None raises.

    Raises:
        UnavailableError: The data set is not in the cache and could not be downloaded.
        DataError: There is no such data set, or it is damaged or inconsistent.
        ConfigError: NNFANG_MIRROR is not a URL, or NNFANG_OFFLINE neither 1 nor 0.
    """
    begin = perf_counter()
    name = str(name_or_path)
    if name == SAMPLE:
        dataset = load_sample()
    elif known := DATASETS.get(name):
        dataset = load_known(known, offline=offline, progress=progress)
    else:
        dataset = load_path(_find_path(name), read_picture, warn, on_unreadable)
    logger.info(
        "Loaded %s (%s): %s training and %s test images in %.2f s",
        dataset.name,
        dataset.source,
        f"{len(dataset.y_train):,}",
        f"{len(dataset.y_test):,}",
        perf_counter() - begin,
    )
    return dataset


def check_exists(name: str) -> None:
    """Refuse what is neither the name of a data set nor a path; nothing is read or downloaded.

    Raises:
        DataError: It is neither.
    """
    if name not in KNOWN:
        _find_path(name)


def _find_path(name: str) -> Path:
    with suppress(OSError, RuntimeError):  # a name too long, a closed folder, ~somebody who does not exist
        path = Path(name).expanduser()
        if name and path.exists():
            return path
    hint = nearest(name, KNOWN)
    raise DataError(f"there is no such data set or path.{hint}\nKnown data sets: {', '.join(KNOWN)}.\n{FORMATS}", name)
