"""What a run records of the machine it ran on: versions, BLAS, processor."""

import os
from typing import Any

from nnfang.machine.blas import BLAS_THREADS, KERNEL, find_kernel
from nnfang.machine.processor import count_processors, read_cpuinfo


def describe_machine() -> dict[str, Any]:
    """What a run records of the machine it ran on."""
    import platform

    import numpy as np

    from nnfang import __version__

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "nnfang": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": find_version("numba"),
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "blas_kernel": find_kernel() or os.environ.get(KERNEL),
        "blas_threads": {name: os.environ[name] for name in ("OMP_NUM_THREADS", *BLAS_THREADS) if name in os.environ},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": read_cpuinfo().get("model name") or platform.processor(),
        "processors": count_processors(),
    }


def find_version(package: str) -> str | None:
    """The version of an installed package, which is not imported; None if it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
