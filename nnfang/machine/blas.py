"""How BLAS runs on this computer: in how many threads, with which kernels."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from nnfang.machine.processor import read_cpuinfo

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


KERNEL = "OPENBLAS_CORETYPE"
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
"""What OpenBLAS's kernels for SkylakeX need."""

ZEN5 = 26
"""The family of AMD's processors that OpenBLAS up to 0.3.31 does not know (its issue 6029)."""


def prefer_one_thread() -> None:
    """Let BLAS run in one thread, unless its user has said otherwise; to be called before NumPy is imported.

    Its threads wait for each other by spinning. Products as small as ours gain nothing from that, and lose much where
    another program wants the same processors.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")


def allow_threads(count: int) -> None:
    """Let BLAS run in `count` threads, whatever was said before; to be called before NumPy is imported."""
    for variable in ("OMP_NUM_THREADS", *BLAS_THREADS):
        os.environ[variable] = str(count)


def prefer_best_kernel() -> None:
    """Tell OpenBLAS of a processor that it does not know; to be called before NumPy is imported.

    On such a one it falls back to kernels for AVX2, which are half as fast as those for AVX-512. Whatever its user has
    chosen, and every processor for which it chooses well by itself, is left alone.
    """
    if KERNEL not in os.environ and is_underrated(read_cpuinfo()):
        os.environ[KERNEL] = "SkylakeX"


def is_underrated(cpuinfo: dict[str, str]) -> bool:
    """Whether OpenBLAS would choose lesser kernels than this processor can run."""
    family = cpuinfo.get("cpu family", "")
    is_unknown = cpuinfo.get("vendor_id") == "AuthenticAMD" and family.isdecimal() and int(family) >= ZEN5
    return is_unknown and set(cpuinfo.get("flags", "").split()) >= AVX512


def thread_switch() -> Callable[[int], object]:
    """A function that sets the number of BLAS's threads at once.

    Raises:
        ImportError: threadpoolctl is not installed.
    """
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    return lambda count: controller.limit(limits=count, user_api="blas")


def find_kernel() -> str | None:
    """The processor that BLAS's kernels were written for; None where threadpoolctl is not there to tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    libraries: Iterable[dict[str, Any]] = threadpool_info()
    return next((info.get("architecture") for info in libraries if info["user_api"] == "blas"), None)
