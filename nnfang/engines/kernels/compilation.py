"""How the functions of this package are compiled; `nnfang.engines.compilation` compiles the two loops."""

from typing import Any

from numba import njit

OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

PART: Any = {**OPTIONS, "forceinline": True}

part = njit(**PART)
"""A function that becomes a part of whatever calls it. Sums keep their order, so that its results do not depend on
where that is."""

function = njit(**OPTIONS)
"""A function that is called."""
