import pytest

from nnfang.machine.blas import BLAS_THREADS, KERNEL


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that sets neither threads nor a kernel."""
    for name in ("OMP_NUM_THREADS", *BLAS_THREADS, KERNEL):
        monkeypatch.setenv(name, "0")  # so that it is restored, whatever the test sets
        monkeypatch.delenv(name)
