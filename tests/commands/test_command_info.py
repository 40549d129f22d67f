from __future__ import annotations

from typing import TYPE_CHECKING

import nnfang as library

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang


def test_json_has_what_was_found(nnfang: Nnfang) -> None:
    (found,) = nnfang("info", "--json").objects
    assert found["nnfang"] == library.__version__
    assert found["engines"] == ["batch", "online", "compiled"]
    assert found["datasets"] == ["mnist-sample"]
    assert found["blas_threads"]["OPENBLAS_NUM_THREADS"] == "1"
    assert found["blas_kernel"]


def test_a_person_reads_a_line_for_each(nnfang: Nnfang) -> None:
    lines = nnfang("info").stdout.splitlines()
    assert lines[0].split() == ["nnfang", library.__version__]
    assert "engines       batch, online, compiled" in lines
    assert not any("None" in line or "{" in line for line in lines)
