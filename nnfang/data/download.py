"""The files of a known data set: from the cache if they are there, else from a mirror, verified in any case.

Environment:
    NNFANG_DATA_DIR  the cache folder, instead of the platform's own
    NNFANG_MIRROR    a base URL that is tried before all others; it serves URL/mnist/train-images-idx3-ubyte.gz
    NNFANG_OFFLINE   1: never touch the network
"""

import hashlib
import os
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from nnfang.data import transfer
from nnfang.data.mirrors import MirrorError, explain, find_answering, find_status, is_timeout
from nnfang.data.registry import KnownDataset, KnownFile
from nnfang.data.transfer import ProgressBar, Transfer
from nnfang.errors import ConfigError, DataError

RETRY_SECONDS = 0.5  # the pause before a mirror is asked a second time
NO, YES = ("", "0", "false", "no", "off"), ("1", "true", "yes", "on")


MakeProgress = Callable[[str], ProgressBar]
"""Makes the progress bar of one file from a description."""


def fetch(known: KnownDataset, *, offline: bool = False, progress: MakeProgress | None = None) -> Path:
    """Make sure that the cache holds all files of a data set, and that they are the right ones.

    Args:
        known: the data set.
        offline: never touch the network; NNFANG_OFFLINE=1 says the same.
        progress: makes a progress bar for each file that is downloaded; None is silent.

    Returns:
        The folder that holds the files.

    Raises:
        DataError: the files are not to be had, or the cache folder cannot be written.
        ConfigError: NNFANG_MIRROR is not a URL, or NNFANG_OFFLINE neither yes nor no.
    """
    folder = find_cache() / known.name
    missing = _find_missing(known)
    if not missing:
        return folder
    if offline or is_told_to_stay_offline():
        states = "".join(f"\n  {file}: {state}" for file, state in missing.items())
        raise DataError(
            f'The data set "{known.name}" is not complete in the cache, and nnfang is told to stay offline:'
            f"{states}\nWhat helps:\n  go online: without --offline and NNFANG_OFFLINE{_list_ways_out(known, folder)}"
        )
    reasons: dict[str, str] = {}
    for mirrors in _list_mirrors(known):
        for mirror in find_answering(mirrors, next(iter(missing)), reasons):
            reason = _download(mirror, known, missing, folder, progress)
            if reason is None:
                return folder
            reasons[mirror] = reason
    tried = "".join(f"\n  {_hide_password(mirror)}: {reason}" for mirror, reason in reasons.items())
    raise DataError(
        f'The data set "{known.name}" is not complete in the cache and could not be downloaded:{tried}'
        f"\nWhat helps:{_list_ways_out(known, folder)}"
    )


def is_complete(known: KnownDataset) -> bool:
    """Whether the cache holds all files of a data set, as they must be."""
    return not _find_missing(known)


def _find_missing(known: KnownDataset) -> dict[str, str]:
    """What is wrong with each file that the cache does not hold as it must be."""
    folder = find_cache() / known.name
    return {file: state for file in known.files if (state := _check_file(folder / file, known.files[file]))}


def find_cache() -> Path:
    """The folder in which the files of each known data set have a folder of their own."""
    if folder := os.environ.get("NNFANG_DATA_DIR"):
        return Path(folder).expanduser().absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("nnfang"))


def is_told_to_stay_offline() -> bool:
    """What NNFANG_OFFLINE says.

    Raises:
        ConfigError: It says neither yes nor no.
    """
    word = os.environ.get("NNFANG_OFFLINE", "")
    if word.lower() in NO:
        return False
    if word.lower() in YES:
        return True
    raise ConfigError(f"environment variable NNFANG_OFFLINE: found {word!r}, expected 1 or 0")


def _check_file(path: Path, known: KnownFile) -> str | None:
    """Say what is wrong with a file of the cache, or None if nothing is."""
    try:
        if path.stat().st_size != known.size:
            return "damaged"
        with path.open("rb") as file:
            return None if hashlib.file_digest(file, "sha256").hexdigest() == known.sha256 else "damaged"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable ({error.strerror})"


def _list_mirrors(known: KnownDataset) -> list[list[str]]:
    """The mirrors in groups: those of one group are asked at once, the next group only if none of them helped."""
    own = os.environ.get("NNFANG_MIRROR", "").rstrip("/")
    if not own:
        return [list(known.mirrors)]
    if not re.match(r"https?://[^/]", own):
        raise ConfigError(f"NNFANG_MIRROR: {own!r} found, but a URL with http:// or https:// expected")
    return [[f"{own}/{known.name}/"], list(known.mirrors)]


def _download(
    mirror: str, known: KnownDataset, missing: dict[str, str], folder: Path, progress: MakeProgress | None
) -> str | None:
    """Fetch what is missing from one mirror and strike it off the list; on failure return the reason."""
    from requests import RequestException

    for file in list(missing):
        show = progress(f"{known.name}: {file}") if progress else None
        try:
            _retrieve(mirror + file, known.files[file], folder, file, show)
        except (MirrorError, RequestException, ValueError) as error:
            return explain(error, transfer.STALL_SECONDS)
        except OSError as error:
            raise DataError(
                f"The cache folder {folder} cannot be written: {error.strerror or error}. "
                "Set NNFANG_DATA_DIR to a folder with room that can be written."
            ) from None
        del missing[file]
    return None


def _retrieve(url: str, known: KnownFile, folder: Path, file: str, show: ProgressBar | None) -> None:
    """Let pooch download beside, verify and only then move to the final name; try twice where that may help."""
    import pooch  # type: ignore[import-untyped]
    from requests import RequestException

    pooch.get_logger().disabled = True
    downloader = Transfer(known.size, show)
    try:
        try:
            pooch.retrieve(url, f"sha256:{known.sha256}", file, folder, downloader=downloader)
        except RequestException as error:
            if not _is_passing(error):
                raise
            time.sleep(RETRY_SECONDS)
            if show:
                show.reset()
            pooch.retrieve(url, f"sha256:{known.sha256}", file, folder, downloader=downloader)
    finally:
        if show:
            show.close()


def _is_passing(error: Exception) -> bool:
    """Whether a second try may well succeed: the line broke, or the server is overloaded."""
    from requests import exceptions

    if status := find_status(error):
        return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    broken = isinstance(error, (exceptions.ConnectionError, exceptions.ChunkedEncodingError))
    return broken and not is_timeout(error)


def _list_ways_out(known: KnownDataset, folder: Path) -> str:
    of_mnist = "" if known.name == "mnist" else " of MNIST"
    return (
        f"\n  put {', '.join(known.files)} into {folder}"
        f"\n  use the sample{of_mnist} that comes with nnfang: --dataset mnist-sample"
        f"\n  name a mirror: NNFANG_MIRROR=URL, where URL/{known.name}/{next(iter(known.files))} is served"
    )


def _hide_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)
