"""What a run records of the machine it runs on: versions, BLAS, processor."""

import os
import platform
from typing import Any

from nnfang import __version__
from nnfang.machine.blas import BLAS_THREADS, KERNEL, find_kernel
from nnfang.machine.launcher import find_launch
from nnfang.machine.processor import count_processors, read_cpuinfo


def describe_machine() -> dict[str, Any]:
    """Describe this machine and what is installed on it, in values that JSON can hold."""
    import numpy as np  # not above, since commands choose BLAS's threads after importing this module, and before NumPy

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    launch = find_launch()
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
        **({"ranks": launch.size} if launch else {}),
    }


def find_version(package: str) -> str | None:
    """The version of a package, which is not imported; None if it is not installed."""
    from importlib import metadata  # takes long to import

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
