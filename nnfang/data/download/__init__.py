"""Files of a known data set from its mirrors, each verified before it takes its place in the cache."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

import pooch  # type: ignore[import-untyped]

from nnfang.data.download.faults import MirrorError
from nnfang.data.download.mirrors import find_answering
from nnfang.data.download.transfer import Transfer
from nnfang.data.progress import MakeProgress, ProgressBar
from nnfang.data.registry import KnownDataset, KnownFile, hide_password
from nnfang.errors import DataError
from nnfang.files import make_folder, move_into, working_folder

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
"""The pause before a mirror is asked a second time."""


def download(
    known: KnownDataset, mirrors: list[list[str]], files: list[str], folder: Path, progress: MakeProgress | None
) -> dict[str, str]:
    """Download files into a folder, as far as any mirror serves them.

    Args:
        known: The data set that the files belong to.
        mirrors: Base URLs in groups: those of one group are asked at once, the next group only if none succeeded.
        files: The names of the files.
        folder: Where they go.
        progress: Creates the progress bar of each file.

    Returns:
        Why each mirror that failed did so, by its URL. What it delivered before stays in the folder.

    Raises:
        DataError: The folder cannot be written.
    """
    waiting = list(files)
    reasons: dict[str, str] = {}
    for group in mirrors:
        logger.info("Asking %s", ", ".join(map(hide_password, group)))
        for mirror in find_answering(group, waiting[0], reasons):
            logger.info("%s answers", hide_password(mirror))
            try:
                while waiting:
                    _download_file(mirror, known, waiting[0], folder, progress)
                    del waiting[0]
            except MirrorError as error:
                reasons[mirror] = error.reason
            else:
                return reasons
        for mirror in group:
            if mirror in reasons:
                logger.info("%s failed: %s", hide_password(mirror), reasons[mirror])
    return reasons


def _download_file(mirror: str, known: KnownDataset, name: str, folder: Path, progress: MakeProgress | None) -> None:
    """Download one file from one mirror, with a second attempt where that may help."""
    bar = progress(f"{known.name}: {name}") if progress else None
    try:
        _retrieve(mirror + name, known.files[name], folder / name, bar)
    except MirrorError as error:
        if not error.is_temporary:
            raise
        time.sleep(RETRY_SECONDS)
        if bar:
            bar.reset()
        _retrieve(mirror + name, known.files[name], folder / name, bar)
    finally:
        if bar:
            bar.close()


def _retrieve(url: str, known: KnownFile, path: Path, bar: ProgressBar | None) -> None:
    """Let pooch download into a folder of its own beside `path`, and move the file here once it is complete."""
    transfer = Transfer(known, bar)
    begin = time.perf_counter()
    try:
        make_folder(path.parent)
        with working_folder(path.parent, path.name) as folder, _silenced(pooch.get_logger()):
            pooch.retrieve(url, f"sha256:{known.sha256}", path.name, folder, downloader=transfer)
            move_into(folder / path.name, path)
        logger.info("Downloaded %s: %s bytes in %.1f s", path.name, f"{known.size:,}", time.perf_counter() - begin)
    except OSError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error  # pooch wraps a PermissionError
        raise DataError(
            f"the cache folder cannot be written: {cause.strerror or cause}. "
            "Set NNFANG_DATA_DIR to a folder that can be written and has room.",
            path.parent,
        ) from error


@contextmanager
def _silenced(logger: logging.Logger) -> Iterator[None]:
    """Drop what a logger is told by this thread: pooch's writes to stderr, where it would break a progress bar."""
    thread = get_ident()

    def is_foreign(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_foreign)
    try:
        yield
    finally:
        logger.removeFilter(is_foreign)
