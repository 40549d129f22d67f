"""Compiles the loop of `nnfang.engines.kernels`, and keeps what was compiled for later processes.

numba runs what it finds in its cache. So the cache lies in a folder of the user's own, and what is in it is compared
with a checksum before numba sees it: what is damaged is discarded and compiled again.
"""

import logging
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import config as numba_config

from nnfang.core.constraints import FieldError
from nnfang.engines.kernels import FASTMATH, train_block
from nnfang.errors import NnfangError, NnfangWarning
from nnfang.machine.private_folder import discard, is_sealed, open_private_folder, seal

FOLDER = "compiled"
"""The folder in nnfang's cache."""

logger = logging.getLogger(__name__)


class Kernel:
    """`train_block`, compiled when it is first called with arrays of a dtype.

    Attributes:
        folder: Where what was compiled is kept; None where it is kept in memory only.
    """

    def __init__(self, cache_folder: Path | None) -> None:
        """Compile nothing yet; discard what is kept where it is damaged."""
        self._compiled = _declare(cache_folder)
        self.folder = Path(self._compiled.stats.cache_path) if cache_folder else None
        if self.folder and not is_sealed(self.folder):
            logger.info("Discarding what was compiled, which is damaged: %s", self.folder)
            discard(self.folder)

    def is_cached(self) -> bool:
        """Whether it has been compiled before, by this version of Python."""
        line, python = train_block.__code__.co_firstlineno, "{}{}".format(*sys.version_info)
        return bool(self.folder and any(self.folder.glob(f"kernels.train_block-{line}.py{python}*.nbi")))

    def prepare(self, *arguments: Any) -> None:
        """Call it for the first time with arrays of a dtype: it is loaded from the cache, or compiled.

        Raises:
            FieldError: It cannot be compiled.
        """
        try:
            self._compiled(*arguments)
        except Exception as error:  # numba unpickles what it loads, which raises anything, and a disk may be full
            logger.info("Compiling without a cache, which failed: %s", str(error) or type(error).__name__)
            self._compile_in_memory(*arguments)
        if self.folder:
            seal(self.folder)

    def _compile_in_memory(self, *arguments: Any) -> None:
        if self.folder:
            discard(self.folder)
        self.folder, self._compiled = None, _declare(None)
        try:
            self._compiled(*arguments)
        except Exception as error:  # whatever LLVM and numba raise on a machine that they do not know
            reason = (str(error) or type(error).__name__).strip().splitlines()[0]
            raise FieldError("engine", f"the compiled engine cannot be compiled: {reason}") from error

    def __call__(self, *arguments: Any) -> None:
        """See `nnfang.engines.kernels.train_block`."""
        self._compiled(*arguments)


@cache
def load_kernel() -> Kernel:
    """The kernel of this process.

    Warns:
        NnfangWarning: There is no safe place to keep it.
    """
    try:
        return Kernel(open_private_folder(FOLDER))
    except NnfangError as error:
        message = f"the compiled engine is compiled again by each process, since it cannot be kept: {error}"
        warnings.warn(message, NnfangWarning, stacklevel=1)
        return Kernel(None)


def _declare(cache_folder: Path | None) -> Any:
    """`train_block` as a function that numba will compile; numba looks up the place of its cache now."""
    config: Any = numba_config
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder or usual)
    try:
        return njit(cache=cache_folder is not None, error_model="numpy", fastmath=FASTMATH)(train_block)
    finally:
        config.CACHE_DIR = usual
