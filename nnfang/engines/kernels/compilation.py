"""How the functions of this package are compiled, and where they are kept."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import config, njit, typeof
from platformdirs import user_cache_path

OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

PART: Any = {**OPTIONS, "forceinline": True}

part = njit(**PART)
"""A function that becomes a part of whatever calls it. Sums keep their order, so that its results do not depend on
where that is."""

function = njit(**OPTIONS)
"""A function that is called."""


def whole(loop: Callable[..., None]) -> Any:
    """A function that Python calls, kept on disk for later processes."""
    settings: Any = config
    usual = settings.CACHE_DIR
    settings.CACHE_DIR = str(find_cache(usual))
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(loop)
    finally:
        settings.CACHE_DIR = usual


def find_cache(asked_for: str) -> Path:
    """The folder for what was compiled from these sources: numba itself would look at the file of a loop only."""
    sources = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(path.read_bytes())
    return Path(asked_for or user_cache_path("nnfang", appauthor=False) / "compiled") / sources.hexdigest()[:16]


def is_cached(loop: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether a loop is kept on disk, compiled for the types of these arguments."""
    cache, types = loop._cache, tuple(map(typeof, arguments))
    return cache._index_key(types, loop.targetctx.codegen()) in cache._cache_file._load_index()
