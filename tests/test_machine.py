"""What a run records of the computer, and how many threads it takes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from nnfang import __version__
from nnfang.machine import BLAS_THREADS, describe_machine, prefer_one_thread


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of threads."""
    for name in ("OMP_NUM_THREADS", *BLAS_THREADS):
        monkeypatch.setenv(name, "0")  # so that it is put back, whatever the test sets
        monkeypatch.delenv(name)


def threads() -> dict[str, str]:
    return {name: os.environ[name] for name in ("OMP_NUM_THREADS", *BLAS_THREADS) if name in os.environ}


def test_one_thread_is_preferred() -> None:
    prefer_one_thread()
    assert threads() == dict.fromkeys(BLAS_THREADS, "1")


def test_whoever_has_chosen_a_number_of_threads_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    prefer_one_thread()
    assert threads() == dict.fromkeys(BLAS_THREADS, "1") | {"OPENBLAS_NUM_THREADS": "3"}


def test_a_number_for_everything_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    prefer_one_thread()
    assert threads() == {"OMP_NUM_THREADS": "4"}


def test_the_preference_comes_before_numpy() -> None:
    code = "import sys, nnfang.machine as m; m.prefer_one_thread(); print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_the_machine_is_described_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    described = json.loads(json.dumps(describe_machine()))
    assert list(described) == ["nnfang", "python", "numpy", "blas", "blas_threads", "system", "processors"]
    assert (described["nnfang"], described["numpy"]) == (__version__, np.__version__)
    assert described["python"].split(".")[:2] == list(map(str, sys.version_info[:2]))
    assert described["blas_threads"] == {"OPENBLAS_NUM_THREADS": "1"}
    assert "None" not in described["blas"]
    assert described["processors"] == os.cpu_count()
