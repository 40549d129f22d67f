"""This computer: how many threads BLAS takes, and what decides which bits come out."""

import os
import platform
from typing import Any

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def prefer_one_thread() -> None:
    """Let BLAS run in one thread, unless its user has said otherwise; to be called before NumPy is imported.

    Its threads wait for each other by spinning. Products as small as ours gain nothing from that, and lose much where
    another program wants the same processors.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")


def describe_machine() -> dict[str, Any]:
    """What a run records of the machine it ran on."""
    import numpy as np

    from nnfang import __version__

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "nnfang": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "blas_threads": {name: os.environ[name] for name in ("OMP_NUM_THREADS", *BLAS_THREADS) if name in os.environ},
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
    }
