"""What is compiled is kept where nobody else can write, and a damaged cache costs no more than compiling again."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nnfang.core.constraints import FieldError
from nnfang.engines.compilation import Kernel
from nnfang.machine.private_folder import SEAL, is_sealed, seal

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, warnings
import numpy as np
from nnfang.engines import CompiledEngine
from tests.engines.tasks import Case, dense, samples
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    engines = [CompiledEngine(Case(dense(17, 9)).task(np.float32)) for _ in range(2)]
    print(engines[0].compile_message)
    engines[0].prepare()
    x, labels = samples(2000)
    for engine in engines:
        engine.advance(x.astype(np.float32), labels)
print(*{engine.task.network.digest() for engine in engines})
print(engines[0].compile_message)
for warning in caught:
    print(warning.category.__name__, warning.message)
"""

COMPILING = "compiling the engine for this machine; later runs reuse it"


def train(cache: Path) -> list[str]:
    """What is said before the first step, the digest of the weights, what is said later, and the warnings."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPYCACHEPREFIX": str(cache / "py"),
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache that holds what was compiled, and the digest of what it trains."""
    cache = tmp_path_factory.mktemp("cache")
    before, digest, after = train(cache)
    assert (before, after) == (COMPILING, "None")
    return cache, digest


def test_of_two_first_trainings_at_once_one_compiles_and_the_other_waits(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(train, [tmp_path, tmp_path]))
    assert results[0][1:] == results[1][1:]
    assert results[0][2] == "None"
    assert is_sealed(find_folder(tmp_path))


def find_folder(cache: Path) -> Path:
    (folder,) = (cache / "nnfang" / "compiled").glob("*/*/")
    return folder


def test_what_is_compiled_is_kept_and_the_same_to_the_last_bit(compiled: tuple[Path, str]) -> None:
    cache, digest = compiled
    assert train(cache) == ["None", digest, "None"]
    assert (cache / "nnfang" / "compiled").stat().st_mode & 0o777 == 0o700
    assert {path.suffix for path in find_folder(cache).iterdir()} == {".nbi", ".nbc", ""}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_and_seal(path: Path) -> None:
    path.write_bytes(b"garbage")
    seal(path.parent)


DAMAGE = {
    "a bit of the code is flipped": ("*.nbc", flip),
    "an empty index": ("*.nbi", empty),
    "garbage that is sealed": ("*.nbi", replace_and_seal),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_cache_is_discarded_and_filled_again(name: str, compiled: tuple[Path, str], tmp_path: Path) -> None:
    cache, digest = compiled
    shutil.copytree(cache, tmp_path, dirs_exist_ok=True)
    pattern, damage = DAMAGE[name]
    damage(next(find_folder(tmp_path).glob(pattern)))
    assert train(tmp_path) == [COMPILING, digest, "None"]
    if "sealed" in name:  # such a cache is found to be damaged too late to be filled by the same process
        assert train(tmp_path)[:2] == [COMPILING, digest]
    assert train(tmp_path) == ["None", digest, "None"]


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are those of POSIX")
def test_what_others_could_have_written_is_not_run(compiled: tuple[Path, str], tmp_path: Path) -> None:
    cache, digest = compiled
    shutil.copytree(cache, tmp_path, dirs_exist_ok=True)
    (tmp_path / "nnfang" / "compiled").chmod(0o777)
    before = find_folder(tmp_path).stat().st_mtime_ns
    message, found, _, warning = train(tmp_path)
    assert (message, found) == (COMPILING, digest)
    folder = tmp_path / "nnfang" / "compiled"
    problem = "the compiled engine is compiled again by each process, since it cannot be kept"
    assert warning == f"NnfangWarning {problem}: {folder}: others can write to it"
    assert find_folder(tmp_path).stat().st_mtime_ns == before


def test_a_loop_that_cannot_be_compiled_is_the_engine_s_fault() -> None:
    with pytest.raises(FieldError, match=r"^engine: the compiled engine cannot be compiled: "):
        Kernel(lambda x: x.no_such_attribute, None).prepare(1)


def test_the_seal_is_not_part_of_what_it_seals(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    for _ in range(2):
        seal(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [SEAL, "a"]
