import json
import sys

import numpy as np
import pytest

from nnfang import __version__
from nnfang.machine.description import describe_machine, find_version
from nnfang.machine.processor import count_processors


def test_the_machine_is_described_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    described = json.loads(json.dumps(describe_machine()))
    assert list(described) == [
        *("nnfang", "python", "numpy", "numba", "blas", "blas_kernel", "blas_threads"),
        *("system", "processor", "processors"),
    ]
    assert (described["nnfang"], described["numpy"]) == (__version__, np.__version__)
    assert described["python"].split(".")[:2] == list(map(str, sys.version_info[:2]))
    assert described["blas_threads"] == {"OPENBLAS_NUM_THREADS": "1"}
    assert "None" not in described["blas"]
    assert described["processors"] == count_processors() >= 1


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert find_version("numpy") == np.__version__
    assert find_version("no-such-package-anywhere") is None
