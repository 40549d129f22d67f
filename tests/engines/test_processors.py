"""The compiled loops on processors that this computer does not have, or does not show."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

ROOT = Path(__file__).parents[2]

TRAIN = """
import sys
import numpy as np
from numba import njit
from nnfang.engines import BatchEngine, CompiledEngine
from nnfang.engines.kernels import minibatch
from tests.engines.tasks import Case, dense, samples

x, labels = samples(500)
engines = [kind(Case(dense(17, 9), batch_size=4).task(np.float32)) for kind in (BatchEngine, CompiledEngine)]
for engine in engines:
    engine.advance(x.astype(np.float32), labels)
np.save(sys.argv[1], [engine.task.network.theta for engine in engines])
(code,) = engines[1]._trainer._kernel._compiled.inspect_asm().values()
print(*(register for register in ("xmm", "ymm", "zmm") if f"%{register}" in code))
"""

COMPILE_FOR_NEON = """
import llvmlite.binding as llvm
import numpy as np
from numba import njit
from nnfang.engines import CompiledEngine
from nnfang.engines.kernels import minibatch
from tests.engines.tasks import Case, dense

engine = CompiledEngine(Case(dense(17, 9), batch_size=4).task(np.float32))
loop = njit(error_model="numpy")(minibatch.train)
loop(*engine._trainer.arguments(*engine._no_steps()))
(code,) = loop.inspect_llvm().values()
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
target = llvm.Target.from_triple("aarch64-unknown-linux-gnu").create_target_machine(cpu="neoverse-n1")
lines = (line for line in code.splitlines() if not line.startswith(("target triple", "target datalayout")))
module = llvm.parse_assembly("\\n".join(lines))
module.triple, module.data_layout = target.triple, str(target.target_data)
print(target.emit_assembly(module))
"""


def run(program: str, *arguments: str, folder: Path, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder), **environment}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="needs a processor that runs x86-64")
@pytest.mark.parametrize(
    ("processor", "features", "registers"),
    [("haswell", "+avx,+avx2,+fma", ["xmm", "ymm"]), ("x86-64", "+sse2", ["xmm"])],
)
def test_a_processor_with_narrower_registers_trains_the_same_network(
    processor: str, features: str, registers: list[str], tmp_path: Path
) -> None:
    thetas, narrower = tmp_path / "thetas.npy", {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features}
    assert run(TRAIN, str(thetas), folder=tmp_path, **narrower).split() == registers
    batch, compiled = np.load(thetas)
    np.testing.assert_allclose(compiled, batch, rtol=1e-5, atol=1e-6)


def test_the_loops_compile_to_neon(tmp_path: Path) -> None:
    """Optimized code would name instructions of this computer's processor."""
    code = run(COMPILE_FOR_NEON, folder=tmp_path, NUMBA_OPT="0")
    assert code.count("fmla\tv") > 100
