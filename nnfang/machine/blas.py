"""How BLAS runs on this computer: with how many threads, and with which kernels."""

import os
from collections.abc import Callable
from typing import Any

from nnfang.machine.processor import read_cpuinfo

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""The environment variables that set the number of threads of each BLAS library; OMP_NUM_THREADS sets that of all."""

KERNEL = "OPENBLAS_CORETYPE"
"""The environment variable that makes OpenBLAS use the kernels of another processor."""

AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
"""The features that OpenBLAS's kernels for SkylakeX need."""

ZEN5 = 26
"""The family of AMD processors that OpenBLAS up to 0.3.31 does not know (its issue 6029)."""


def prefer_one_thread() -> None:
    """Let BLAS run in one thread, unless the user has chosen otherwise; must be called before NumPy is imported.

    Its threads wait for each other in busy loops. Products as small as ours gain nothing from several threads, and
    lose much where another program wants the same processors.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")


def allow_threads(count: int) -> None:
    """Let BLAS run in `count` threads, whatever was chosen before; must be called before NumPy is imported."""
    for variable in ("OMP_NUM_THREADS", *BLAS_THREADS):
        os.environ[variable] = str(count)


def prefer_best_kernel() -> None:
    """Choose OpenBLAS's kernels for a processor that it does not know; must be called before NumPy is imported.

    On such a processor it falls back to kernels for AVX2, which are half as fast as those for AVX-512. The user's
    choice, and every processor for which OpenBLAS chooses well by itself, are left alone.
    """
    if KERNEL not in os.environ and is_underrated(read_cpuinfo()):
        os.environ[KERNEL] = "SkylakeX"


def is_underrated(cpuinfo: dict[str, str]) -> bool:
    """Whether OpenBLAS would choose slower kernels than this processor can run."""
    family = cpuinfo.get("cpu family", "")
    is_unknown = cpuinfo.get("vendor_id") == "AuthenticAMD" and family.isdecimal() and int(family) >= ZEN5
    return is_unknown and set(cpuinfo.get("flags", "").split()) >= AVX512


def thread_switch() -> Callable[[int], object]:
    """A function that changes the number of BLAS's threads while the program runs.

    Raises:
        ImportError: threadpoolctl is not installed.
    """
    controller = _find_libraries()
    return lambda count: controller.limit(limits=count, user_api="blas")


def find_kernel() -> str | None:
    """The processor that BLAS's kernels were written for; None where threadpoolctl is not installed."""
    try:
        libraries: list[dict[str, Any]] = _find_libraries().info()
    except ImportError:
        return None
    return next((library.get("architecture") for library in libraries if library["user_api"] == "blas"), None)


def _find_libraries() -> Any:
    """threadpoolctl's view of the libraries with threads that this process has loaded."""
    from threadpoolctl import ThreadpoolController  # optional, and takes long to import

    return ThreadpoolController()
