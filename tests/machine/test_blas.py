"""What a run records of the computer, and how many threads it takes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnfang import __version__
from nnfang.machine import blas as machine
from nnfang.machine import processor
from nnfang.machine.blas import (
    BLAS_THREADS,
    KERNEL,
    allow_threads,
    is_underrated,
    prefer_best_kernel,
    prefer_one_thread,
)
from nnfang.machine.description import describe_machine
from nnfang.machine.processor import count_processors, read_cpuinfo


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of threads, nor of a kernel."""
    for name in ("OMP_NUM_THREADS", *BLAS_THREADS, KERNEL):
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
    code = "import sys, nnfang.machine.blas as m; m.prefer_one_thread(); print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_number_of_threads_that_was_asked_for_overrules_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    allow_threads(2)
    assert set(threads().values()) == {"2"}


WITH_AVX512 = "fpu avx avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16"
PROCESSORS = [
    ({"vendor_id": "AuthenticAMD", "cpu family": "26", "flags": WITH_AVX512}, True),  # Zen 5
    ({"vendor_id": "AuthenticAMD", "cpu family": "26", "flags": "fpu avx avx2"}, False),  # with AVX-512 switched off
    ({"vendor_id": "AuthenticAMD", "cpu family": "25", "flags": WITH_AVX512}, False),  # Zen 4, which OpenBLAS knows
    ({"vendor_id": "GenuineIntel", "cpu family": "6", "flags": WITH_AVX512}, False),
    ({"CPU implementer": "0x41"}, False),  # Arm
    ({}, False),
]


@pytest.mark.parametrize(("cpuinfo", "expected"), PROCESSORS)
def test_only_a_processor_that_openblas_does_not_know_is_spoken_for(
    cpuinfo: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "read_cpuinfo", lambda: cpuinfo)
    assert is_underrated(cpuinfo) is expected
    prefer_best_kernel()
    assert os.environ.get(KERNEL) == ("SkylakeX" if expected else None)


def test_whoever_has_chosen_a_kernel_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "read_cpuinfo", lambda: PROCESSORS[0][0])
    monkeypatch.setenv(KERNEL, "Haswell")
    prefer_best_kernel()
    assert os.environ[KERNEL] == "Haswell"


def test_what_linux_says_of_the_first_processor_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: A: B\nflags\t\t: x y\npower management:\n\nprocessor\t: 1\n")
    monkeypatch.setattr(processor, "CPUINFO", str(path))
    assert read_cpuinfo() == {"processor": "0", "model name": "A: B", "flags": "x y", "power management": ""}
    monkeypatch.setattr(processor, "CPUINFO", str(tmp_path / "none"))
    assert read_cpuinfo() == {}


PRODUCT = """
import numpy as np, threadpoolctl
kernels = [info["architecture"] for info in threadpoolctl.threadpool_info() if info["internal_api"] == "openblas"]
rng = np.random.default_rng(0)
a, b = rng.random((64, 784)), rng.random((784, 128))
print(*kernels, (a @ b).tobytes().hex())
"""


def test_a_kernel_changes_the_results_by_rounding_only() -> None:
    if not set(read_cpuinfo().get("flags", "").split()) >= machine.AVX512:
        pytest.skip("this processor has no AVX-512")
    results = {}
    for kernel in ("Haswell", "SkylakeX"):
        environment = {**os.environ, KERNEL: kernel, "OPENBLAS_NUM_THREADS": "1"}
        name, numbers = subprocess.check_output([sys.executable, "-c", PRODUCT], text=True, env=environment).split()
        assert name == kernel
        results[kernel] = np.frombuffer(bytes.fromhex(numbers))
    np.testing.assert_allclose(results["Haswell"], results["SkylakeX"], rtol=1e-14)


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
