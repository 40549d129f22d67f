"""A training on two hosts: network namespaces, joined by 1 Gbit/s."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.hosts import TCP_ALONE, are_possible, two_hosts
from tests.commands.mpi import PROGRAM, needs_mpi
from tests.commands.test_ranks import RECIPE, weights

if TYPE_CHECKING:
    from tests.commands.conftest import Nnfang


@needs_mpi
@pytest.mark.skipif(not are_possible(), reason="no network namespaces can be made here")
def test_two_hosts_come_to_the_weights_of_one(nnfang: Nnfang) -> None:
    (nnfang.folder / "recipe.yaml").write_text(RECIPE)
    words = ["train", "-c", "recipe.yaml", "--set", "dtype=float64", "--set", "engine=batch", "-q", "-o"]
    nnfang(*words, "1")
    with two_hosts() as mpiexec:
        done = subprocess.run(
            [*mpiexec, "-n", "2", *PROGRAM, *words, "2"],
            cwd=nnfang.folder,
            env=nnfang.environment | TCP_ALONE,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(weights(nnfang.folder / "2"), weights(nnfang.folder / "1"), rtol=0, atol=1e-10)
