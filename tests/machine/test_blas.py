import os
import subprocess
import sys

import numpy as np
import pytest

from nnfang.machine import blas
from nnfang.machine.blas import (
    BLAS_THREADS,
    KERNEL,
    allow_threads,
    find_kernel,
    is_underrated,
    prefer_best_kernel,
    prefer_one_thread,
    thread_switch,
)
from nnfang.machine.processor import read_cpuinfo


def threads() -> dict[str, str]:
    return {name: os.environ[name] for name in ("OMP_NUM_THREADS", *BLAS_THREADS) if name in os.environ}


def test_one_thread_is_preferred() -> None:
    prefer_one_thread()
    assert threads() == dict.fromkeys(BLAS_THREADS, "1")


def test_the_users_choice_of_threads_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    prefer_one_thread()
    assert threads() == dict.fromkeys(BLAS_THREADS, "1") | {"OPENBLAS_NUM_THREADS": "3"}


def test_the_users_choice_for_all_libraries_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    prefer_one_thread()
    assert threads() == {"OMP_NUM_THREADS": "4"}


def test_the_preference_comes_before_numpy() -> None:
    code = "import sys, nnfang.machine.blas as m; m.prefer_one_thread(); print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_an_explicit_number_of_threads_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_kernel_is_chosen_only_for_a_processor_that_openblas_does_not_know(
    cpuinfo: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blas, "read_cpuinfo", lambda: cpuinfo)
    assert is_underrated(cpuinfo) is expected
    prefer_best_kernel()
    assert os.environ.get(KERNEL) == ("SkylakeX" if expected else None)


def test_the_users_choice_of_a_kernel_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "read_cpuinfo", lambda: PROCESSORS[0][0])
    monkeypatch.setenv(KERNEL, "Haswell")
    prefer_best_kernel()
    assert os.environ[KERNEL] == "Haswell"


PRODUCT = """
import numpy as np, threadpoolctl
kernels = [info["architecture"] for info in threadpoolctl.threadpool_info() if info["internal_api"] == "openblas"]
rng = np.random.default_rng(0)
a, b = rng.random((64, 784)), rng.random((784, 128))
print(*kernels, (a @ b).tobytes().hex())
"""


def test_a_kernel_changes_the_results_by_rounding_only() -> None:
    if not set(read_cpuinfo().get("flags", "").split()) >= blas.AVX512:
        pytest.skip("this processor has no AVX-512")
    results = {}
    for kernel in ("Haswell", "SkylakeX"):
        environment = {**os.environ, KERNEL: kernel, "OPENBLAS_NUM_THREADS": "1"}
        name, numbers = subprocess.check_output([sys.executable, "-c", PRODUCT], text=True, env=environment).split()
        assert name == kernel
        results[kernel] = np.frombuffer(bytes.fromhex(numbers))
    np.testing.assert_allclose(results["Haswell"], results["SkylakeX"], rtol=1e-14)


def test_the_kernel_and_the_threads_are_those_of_the_library_that_is_loaded() -> None:
    from threadpoolctl import threadpool_info

    def blas_libraries() -> list[dict[str, object]]:
        return [library for library in threadpool_info() if library["user_api"] == "blas"]

    before = [library["num_threads"] for library in blas_libraries()]
    assert find_kernel() == blas_libraries()[0].get("architecture")
    set_threads = thread_switch()
    try:
        set_threads(1)
        assert {library["num_threads"] for library in blas_libraries()} == {1}
    finally:
        set_threads(int(str(before[0])))
    assert [library["num_threads"] for library in blas_libraries()] == before


WITHOUT_THREADPOOLCTL = """
import sys
sys.modules["threadpoolctl"] = None
from nnfang.machine.blas import find_kernel, thread_switch
print(find_kernel())
try: thread_switch()
except ImportError: print("not installed")
"""


def test_without_threadpoolctl_the_kernel_is_unknown() -> None:
    output = subprocess.check_output([sys.executable, "-c", WITHOUT_THREADPOOLCTL], text=True)
    assert output == "None\nnot installed\n"
