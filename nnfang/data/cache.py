"""The files of known data sets on disk: where they are, whether they are intact, and how the missing ones get there.

Environment:
    NNFANG_DATA_DIR  The cache folder, instead of the platform's own.
    NNFANG_MIRROR    A base URL that is tried before all others; it serves URL/mnist/train-images-idx3-ubyte.gz.
    NNFANG_OFFLINE   1: never touch the network.
"""

import hashlib
import logging
import os
import re
from pathlib import Path

from platformdirs import user_cache_dir

from nnfang.data.progress import MakeProgress
from nnfang.data.registry import SAMPLE, KnownDataset, KnownFile, hide_password
from nnfang.errors import ConfigError, UnavailableError
from nnfang.files import remove_stale

logger = logging.getLogger(__name__)

NO, YES = ("", "0", "false", "no", "off"), ("1", "true", "yes", "on")


def fetch(known: KnownDataset, *, offline: bool = False, progress: MakeProgress | None = None) -> Path:
    """Make sure that the cache holds all files of a data set, and that they are intact.

    Args:
        known: The data set.
        offline: Never touch the network; NNFANG_OFFLINE=1 does the same.
        progress: Creates a progress bar for each file that is downloaded; None shows nothing.

    Returns:
        The folder that holds the files.

    Raises:
        UnavailableError: Files are missing and could not be downloaded.
        DataError: The cache folder cannot be written.
        ConfigError: NNFANG_MIRROR is not a URL, or NNFANG_OFFLINE neither 1 nor 0.
    """
    folder = find_cache() / known.name
    remove_stale(folder, *known.files)  # also where all is there: a download may have been killed at its very end
    missing = _find_missing(known)
    if not missing:
        logger.info("%s: complete in the cache, checksums verified: %s", known.name, folder)
        return folder
    logger.info("%s: not complete in the cache %s: %s", known.name, folder, _list_faults(missing))
    if offline or is_offline():
        raise _unavailable(known, folder, missing, {})
    mirrors = _list_mirrors(known)
    from nnfang.data.download import download  # the only way to requests and pooch, which take long to import

    attempts = download(known, mirrors, list(missing), folder, progress)
    if missing := _find_missing(known):
        raise _unavailable(known, folder, missing, {hide_password(url): reason for url, reason in attempts.items()})
    return folder


def is_complete(known: KnownDataset) -> bool:
    """Whether the cache holds all files of a data set intact."""
    return not _find_missing(known)


def find_cache() -> Path:
    """The folder in which each known data set has a folder for its files."""
    if folder := os.environ.get("NNFANG_DATA_DIR"):
        return Path(folder).expanduser().absolute()
    return Path(user_cache_dir("nnfang"))


def is_offline() -> bool:
    """Whether NNFANG_OFFLINE forbids the network.

    Raises:
        ConfigError: It is neither 1 nor 0, nor a word for them.
    """
    word = os.environ.get("NNFANG_OFFLINE", "")
    if word.lower() in NO:
        return False
    if word.lower() in YES:
        return True
    raise ConfigError(f"found {word!r}, expected 1 or 0", origin="environment variable NNFANG_OFFLINE")


def _find_missing(known: KnownDataset) -> dict[str, str]:
    """What is wrong with each file that the cache does not hold intact, by the file's name."""
    folder = find_cache() / known.name
    return {name: fault for name, file in known.files.items() if (fault := _find_fault(folder / name, file))}


def _find_fault(path: Path, known: KnownFile) -> str | None:
    """What is wrong with a file of the cache, or None if it is intact."""
    try:
        if path.stat().st_size != known.size:
            return "damaged"
        with path.open("rb") as file:
            return None if hashlib.file_digest(file, "sha256").hexdigest() == known.sha256 else "damaged"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable ({error.strerror})"


def _list_faults(missing: dict[str, str]) -> str:
    return ", ".join(f"{name} is {fault}" for name, fault in missing.items())


def _list_mirrors(known: KnownDataset) -> list[list[str]]:
    """The mirrors in groups: those of one group are asked at once, the next group only if none of them succeeded."""
    own = os.environ.get("NNFANG_MIRROR", "").rstrip("/")
    if not own:
        return [list(known.mirrors)]
    if not re.match(r"https?://[^/]", own):
        raise ConfigError(
            f"found {hide_password(own)!r}, expected a URL with http:// or https://",
            origin="environment variable NNFANG_MIRROR",
        )
    return [[f"{own}/{known.name}/"], list(known.mirrors)]


def _unavailable(
    known: KnownDataset, folder: Path, missing: dict[str, str], attempts: dict[str, str]
) -> UnavailableError:
    """The error that says what failed and what would help, without an option of any program."""
    failure = " and could not be downloaded" if attempts else ", and nnfang was told to stay offline"
    details = "".join(f"\n  {place}: {state}" for place, state in (attempts or missing).items())
    ways_out = [
        f"put {', '.join(missing)} into {folder}",
        f"set NNFANG_MIRROR=URL, where URL/{known.name}/{next(iter(known.files))} is served",
        f'use "{SAMPLE}", the sample of MNIST that comes with nnfang',
    ]
    if not attempts:
        ways_out.insert(0, "go online; unset NNFANG_OFFLINE if it is set")
    helps = "".join(f"\n  {way}" for way in ways_out)
    reason = f"the data set is not complete in the cache{failure}:{details}\nAny of these helps:{helps}"
    return UnavailableError(reason, known.name, folder, missing, attempts)
