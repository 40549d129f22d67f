"""Compiles the loops of `nnfang.engines.kernels`, and keeps what was compiled for later processes.

numba runs what it finds in its cache. So the cache lies in a folder of the user's own, and what is in it is compared
with a checksum before numba sees it: what is damaged is discarded and compiled again.
"""

import hashlib
import logging
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit, typeof
from numba.core import config as numba_config

from nnfang.core import activations, optimizers
from nnfang.core.constraints import FieldError
from nnfang.engines import kernels
from nnfang.errors import NnfangError, NnfangWarning
from nnfang.machine.private_folder import alone_in, discard, is_sealed, open_private_folder, seal

FOLDER = "compiled"
"""The folder in nnfang's cache."""

logger = logging.getLogger(__name__)


class Kernel:
    """A loop, compiled when it is first called with arguments of certain types.

    Attributes:
        folder: Where what was compiled is kept; None where it is kept in memory only.
    """

    def __init__(self, loop: Callable[..., None], cache_folder: Path | None) -> None:
        """Compile nothing yet."""
        self._loop, self._compiled = loop, _declare(loop, cache_folder)
        self.folder = Path(self._compiled.stats.cache_path) if cache_folder else None

    def is_cached(self, *arguments: Any) -> bool:
        """Whether it has been compiled before for arguments of these types, by this version of Python."""
        types = tuple(map(typeof, arguments))
        if types in self._compiled.overloads:
            return True
        if not self.folder or not is_sealed(self.folder):
            return False
        kept = self._compiled._cache  # numba has no public way to ask
        try:
            return kept._index_key(types, self._compiled.targetctx.codegen()) in kept._cache_file._load_index()
        except Exception:  # it unpickles a file that may be damaged, which raises anything
            return False

    def prepare(self, *arguments: Any) -> None:
        """Call it for the first time with arguments of some types: it is loaded from the cache, or compiled.

        Of processes that do so at the same time one compiles, and the others wait for it.

        Raises:
            FieldError: It cannot be compiled.
        """
        if self.folder:
            with alone_in(self.folder.parent) as is_alone:
                if is_alone and self._is_prepared_in(self.folder, *arguments):
                    return
            self.folder, self._compiled = None, _declare(self._loop, None)
        try:
            self._compiled(*arguments)
        except Exception as error:  # whatever LLVM and numba raise on a machine that they do not know
            reason = (str(error) or type(error).__name__).strip().splitlines()[0]
            raise FieldError("engine", f"the compiled engine cannot be compiled: {reason}") from error

    def _is_prepared_in(self, folder: Path, *arguments: Any) -> bool:
        """Prepare it with what is kept in the folder, or keep it there.  Returns False where that fails."""
        if not is_sealed(folder):
            logger.info("Discarding what was compiled, which is damaged: %s", folder)
            discard(folder)
        try:
            self._compiled(*arguments)
        except Exception as error:  # numba unpickles what it loads, which raises anything, and a disk may be full
            logger.info("Compiling without a cache, which failed: %s", str(error) or type(error).__name__)
            discard(folder)
            return False
        seal(folder)
        return True

    def __call__(self, *arguments: Any) -> None:
        """See the loop."""
        self._compiled(*arguments)


@cache
def load_kernel(loop: Callable[..., None]) -> Kernel:
    """The kernel of a loop in this process.

    Warns:
        NnfangWarning: There is no safe place to keep it.
    """
    try:
        return Kernel(loop, open_private_folder(FOLDER) / hash_sources())
    except NnfangError as error:
        message = f"the compiled engine is compiled again by each process, since it cannot be kept: {error}"
        warnings.warn(message, NnfangWarning, stacklevel=1)
        return Kernel(loop, None)


def hash_sources() -> str:
    """A digest of all that the loops are made of: numba itself would notice a change in the loop's own file only."""
    sources = hashlib.sha256()
    others = (Path(str(module.__file__)) for module in (activations, optimizers))
    for path in (*sorted(Path(*kernels.__path__).glob("*.py")), *others, Path(__file__)):
        sources.update(path.read_bytes())
    return sources.hexdigest()[:16]


def _declare(loop: Callable[..., None], cache_folder: Path | None) -> Any:
    """A loop as a function that numba will compile; numba looks up the place of its cache now."""
    config: Any = numba_config
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder or usual)
    try:
        return njit(cache=cache_folder is not None, error_model="numpy", nogil=True)(loop)
    finally:
        config.CACHE_DIR = usual
