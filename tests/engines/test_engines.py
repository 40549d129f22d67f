"""Which engine runs what, and what it says where it cannot."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnfang.core.constraints import FieldError
from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import OPTIMIZERS, Adam, Momentum, Optimizer, RmsProp, Sgd
from nnfang.engines import ENGINES, CompiledEngine, OnlineEngine, choose_engine, compiled
from tests.engines.tasks import CLASSES, Case, dense, samples

MIXED = (Dense(5), Dropout(), Dense(CLASSES, "softmax"))


@pytest.fixture
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the extra."""
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    monkeypatch.setattr(compiled, "import_problem", compiled.import_problem.__wrapped__)


ONLINE_CANNOT = [
    (Case(dense(5), batch_size=2), "runs batch_size 1, found 2"),
    (Case(dense(5), batch_size=2, optimizer=Adam()), "runs batch_size 1, found 2"),
    *(
        (Case(dense(5), optimizer=kind()), f"runs the optimizer sgd, found {name}")
        for name, kind in OPTIMIZERS.items()
        if name != "sgd"
    ),
    (Case(MIXED), "runs dense layers only"),
    (Case(dense(5), optimizer=Sgd(1.0, weight_decay=0.6)), "needs learning_rate * weight_decay <= 0.5"),
]


@pytest.mark.usefixtures("without_numba")
@pytest.mark.parametrize(("case", "reason"), ONLINE_CANNOT)
def test_what_the_online_engine_cannot_run_the_batch_engine_runs(case: Case, reason: str) -> None:
    assert OnlineEngine.unsupported_reason(case.task()) == reason
    assert choose_engine("auto", case.task()).name == "batch"
    assert choose_engine("batch", case.task()).name == "batch"
    with pytest.raises(FieldError, match=f"^{re.escape(f'engine: the online engine {reason}')}$"):
        choose_engine("online", case.task())


RUNNABLE = [
    Case(dense()),
    Case(dense(5, 5)),
    Case(dense(5, output="linear"), "mean_squared_error"),
    Case(dense(5), optimizer=Sgd(1.0, weight_decay=0.5)),
]


@pytest.mark.usefixtures("without_numba")
@pytest.mark.parametrize("case", RUNNABLE)
def test_what_the_online_engine_can_run_it_runs_unless_forbidden(case: Case) -> None:
    assert OnlineEngine.unsupported_reason(case.task()) is None
    assert choose_engine("auto", case.task()).name == "online"
    assert choose_engine("online", case.task()).name == "online"
    assert choose_engine("batch", case.task()).name == "batch"


class Slower(Sgd):
    """Another formula under the name of one that is known."""


COMPILED_CANNOT = [
    (Case((Dropout(0.1), *dense(5))), "runs no dropout of the inputs"),
    (Case(dense(5), optimizer=Slower()), "does not run the optimizer slower"),
    (
        Case(dense(5), batch_size=2**24 // 6 + 1),
        "runs at most 16,777,216 inputs per step, found 16,777,218",
    ),
]


@pytest.mark.parametrize(("case", "reason"), COMPILED_CANNOT)
def test_what_the_compiled_engine_cannot_run_it_refuses_and_leaves_to_others(case: Case, reason: str) -> None:
    assert CompiledEngine.unsupported_reason(case.task()) == reason
    with pytest.raises(FieldError, match=f"^{re.escape(f'engine: the compiled engine {reason}')}$"):
        choose_engine("compiled", case.task())
    assert choose_engine("auto", case.task()).name != "compiled"


@pytest.mark.parametrize(
    ("case", "density", "name"),
    [
        (Case(dense(5)), 0.2, "compiled"),
        (Case(dense(5), optimizer=Adam(), batch_size=512), 0.6, "compiled"),
        (Case(dense(5), batch_size=512), 0.61, "batch"),
        (Case(dense(1001, 1000)), 0.2, "compiled"),
        (Case(dense(1001, 1000), batch_size=2), 0.2, "batch"),
        (Case(dense(1000, 1000), batch_size=2), 0.2, "compiled"),
        (Case((Dense(5, "gelu"), *dense(5)), batch_size=16), 0.2, "compiled"),
        (Case((Dense(5, "gelu"), *dense(5)), batch_size=17), 0.2, "batch"),
    ],
)
def test_the_compiled_engine_is_chosen_where_it_is_the_fastest(case: Case, density: float, name: str) -> None:
    assert choose_engine("auto", replace(case.task(np.float32), density=density)).name == name


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_has_its_name_and_refuses_a_pair_without_a_meaning(name: str) -> None:
    assert choose_engine(name, Case(dense(5)).task()).name == name
    with pytest.raises(FieldError, match=r"^loss: categorical_crossentropy needs an output layer"):
        choose_engine(name, Case(dense(5, output="linear")).task())


@pytest.mark.usefixtures("without_numba")
def test_without_numba_another_engine_is_chosen_silently() -> None:
    assert choose_engine("auto", Case(dense(5)).task()).name == "online"  # a warning would be an error
    with pytest.raises(FieldError, match=r"^engine: the compiled engine needs numba: pip install 'nnfang\[turbo\]'$"):
        choose_engine("compiled", Case(dense(5)).task())


BROKEN = """
import sys, warnings
from nnfang.core.layers import Dropout
from nnfang.core.optimizers import Adam
from nnfang.engines import choose_engine
from tests.engines.tasks import Case, dense
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")
    for _ in range(3):
        print(choose_engine("auto", Case(dense(5)).task()).name)
    print(choose_engine("auto", Case(dense(5), batch_size=4).task()).name)
for warning in caught:
    print(warning.category.__name__, warning.message)
try:
    choose_engine("compiled", Case(dense(5)).task())
except ValueError as error:
    print(error.path, error.reason)
"""


def run_with_numba(folder: Path, numba: str, program: str) -> list[str]:
    """The lines that `program` prints where importing numba runs the code `numba`."""
    (folder / "numba").mkdir()
    (folder / "numba" / "__init__.py").write_text(numba, encoding="utf-8")
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(root)])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("numba", "reason"),
    [
        ('raise ImportError("Numba needs NumPy 2.3 or less")', "Numba needs NumPy 2.3 or less"),
        ('raise SystemError("initialization of _internal failed")', "initialization of _internal failed"),
        ("import numpy; numpy.no_such_name", "module 'numpy' has no attribute 'no_such_name'"),
        ("raise ImportError", "ImportError"),
    ],
)
def test_a_numba_that_cannot_be_imported_is_passed_over_with_one_warning(
    tmp_path: Path, numba: str, reason: str
) -> None:
    *names, warning, refusal = run_with_numba(tmp_path, numba, BROKEN)
    assert names == ["online", "online", "online", "batch"]
    problem = f"the compiled engine needs numba, which cannot be imported: {reason}"
    assert warning == f"NnfangWarning training is slower than it could be: {problem}"
    assert refusal == f"engine {problem}"


CANNOT_COMPILE = """
def njit(function):
    def call():
        raise OSError("no memory may hold code")
    return call
"""


def test_a_numba_that_cannot_compile_is_passed_over_with_one_warning(tmp_path: Path) -> None:
    *names, warning, refusal = run_with_numba(tmp_path, CANNOT_COMPILE, BROKEN)
    assert names == ["online", "online", "online", "batch"]
    problem = "the compiled engine needs numba, which cannot compile here: no memory may hold code"
    assert warning == f"NnfangWarning training is slower than it could be: {problem}"
    assert refusal == f"engine {problem}"


FOR_OTHERS = """
from nnfang.core.layers import Dropout
from nnfang.engines import CompiledEngine, choose_engine
from tests.engines.tasks import Case, dense
for case in (Case(dense(1001, 1000), batch_size=64), Case((Dropout(), *dense(5)))):
    print(choose_engine("auto", case.task()).name)
print(CompiledEngine.unsupported_reason(case.task()))
"""


def test_numba_is_not_imported_for_a_task_that_it_would_not_run(tmp_path: Path) -> None:
    lines = run_with_numba(tmp_path, "raise KeyboardInterrupt", FOR_OTHERS)
    assert lines == ["batch", "batch", "runs no dropout of the inputs"]


@pytest.mark.parametrize("name", ["batch", "compiled"])
@pytest.mark.parametrize("kind", [Momentum, RmsProp, Adam])
def test_what_fades_does_not_end_among_subnormal_numbers(kind: type[Optimizer], name: str) -> None:
    optimizer = kind() if kind is not RmsProp else RmsProp(decay=0.9)
    engine = choose_engine(name, Case(dense(16, activation="relu"), optimizer=optimizer, batch_size=4).task(np.float32))
    x, labels = samples(6000)
    x[40:, 0] = 0  # lit in the first ten steps of 1,500
    engine.advance(x.astype(np.float32), labels)
    smallest = np.finfo(np.float32).tiny
    for vector in engine.state.values():
        size = np.abs(vector)
        assert not ((size > 0) & (size < smallest)).any()
