"""Which engine runs what, and what it says where it cannot."""

import re

import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import OPTIMIZERS, Adam, Sgd
from nnfang.engines import ENGINES, choose_engine, compiled
from nnfang.engines.online import obstacle
from tests.engines.tasks import CLASSES, Case, dense

MIXED = (Dense(5), Dropout(), Dense(CLASSES, "softmax"))

OBSTACLES = [
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


@pytest.fixture(autouse=True)
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "obstacle", lambda _: "is not there")


@pytest.mark.parametrize(("case", "reason"), OBSTACLES)
def test_what_the_online_engine_cannot_run_the_batch_engine_runs(case: Case, reason: str) -> None:
    assert obstacle(case.task()) == reason
    assert choose_engine("auto", case.task()).name == "batch"
    assert choose_engine("batch", case.task()).name == "batch"
    with pytest.raises(ValueError, match=f"^{re.escape(f'engine: the online engine {reason}')}$"):
        choose_engine("online", case.task())


RUNNABLE = [
    Case(dense()),
    Case(dense(5, 5)),
    Case(dense(5, output="linear"), "mean_squared_error"),
    Case(dense(5), optimizer=Sgd(1.0, weight_decay=0.5)),
]


@pytest.mark.parametrize("case", RUNNABLE)
def test_what_the_online_engine_can_run_it_runs_unless_forbidden(case: Case) -> None:
    assert obstacle(case.task()) is None
    assert choose_engine("auto", case.task()).name == "online"
    assert choose_engine("online", case.task()).name == "online"
    assert choose_engine("batch", case.task()).name == "batch"


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_called_by_its_name_and_refuses_a_pair_without_a_meaning(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert choose_engine(name, Case(dense(5)).task()).name == name
    with pytest.raises(ValueError, match=r"^engine: categorical_crossentropy needs an output layer"):
        choose_engine(name, Case(dense(5, output="linear")).task())
