"""A checkpoint knows what its network was trained on, once the training is over."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nnfang
from nnfang.core.arrays import Array
from nnfang.core.layers import Dense
from nnfang.data import Dataset
from nnfang.errors import CheckpointError
from nnfang.runs import checkpoint, session
from nnfang.runs.verification import Verification
from nnfang.training.events import End
from nnfang.training.familiarity import Familiarity
from tests.shades import RECIPE, describe, make_shades

DATA = make_shades(400, 4)
SHORT = replace(RECIPE, epochs=2)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def bytes_of(familiarity: Familiarity | None) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in familiarity.arrays.items()} if familiarity else {}


def test_the_best_network_knows_it_at_the_end_and_not_before() -> None:
    with session.start(SHORT, DATA, Path("run")) as training:
        for event in training:
            assert not checkpoint.load(training.run.best).familiarity
            if isinstance(event, End):
                training.finish(event)
    best = checkpoint.load(Path("run/best.npz"))
    assert best.familiarity
    assert not checkpoint.load(Path("run/last.npz")).familiarity
    outputs = best.predict(DATA.x_test)
    assert (best.familiarity.measure(DATA.x_test, outputs) > 0.01).mean() > 0.5


def test_in_memory_it_is_the_same_and_it_is_saved_to_the_last_bit() -> None:
    recorded = nnfang.fit(SHORT, DATA, "run")
    in_memory = nnfang.fit(SHORT, DATA)
    assert bytes_of(recorded.familiarity) == bytes_of(in_memory.familiarity) != {}
    in_memory.save("copy.npz")
    copy = checkpoint.load(Path("copy.npz"))
    assert bytes_of(copy.familiarity) == bytes_of(in_memory.familiarity)
    assert bytes_of(copy.for_inference().familiarity) == bytes_of(in_memory.familiarity)


def test_a_run_that_is_resumed_ends_with_the_same_bytes() -> None:
    nnfang.fit(SHORT, DATA, "whole")
    with session.start(SHORT, DATA, Path("run")) as training:
        next(iter(training))
        training.save()
    nnfang.resume("run", DATA)
    assert bytes_of(checkpoint.load(Path("run/best.npz")).familiarity) == bytes_of(
        checkpoint.load(Path("whole/best.npz")).familiarity
    )


def test_rows_have_none() -> None:
    flat = replace(DATA, x_train=DATA.x_train.reshape(400, 16), x_test=DATA.x_test.reshape(-1, 16))
    assert nnfang.fit(SHORT, flat).familiarity is None


def verify(data: Dataset = DATA) -> list[str]:
    verification = Verification(session.read_run(Path("run")), data)
    list(verification)
    return verification.faults


def test_a_false_claim_of_it_is_found() -> None:
    nnfang.fit(SHORT, DATA, "run")
    assert verify() == []
    best = checkpoint.load(Path("run/best.npz"))
    assert best.familiarity
    best.familiarity.sums[...] += 1
    best.save("run/best.npz")
    assert verify() == ["best.npz: the familiarity"]


def members_of(path: Path) -> dict[str, Array]:
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: members.pop("familiarity.sums"), "the member familiarity.sums is missing"),
        (lambda members: members.update({"familiarity.more": np.zeros(2)}), "familiarity.more"),
        (
            lambda members: members.update({"familiarity.roots": np.zeros((3, 9, 9), np.float16)}),
            r"familiarity.roots is float16 \(3, 9, 9\), expected float16 \(3, 64, 64\)",
        ),
        (
            lambda members: members["familiarity.means"].__setitem__(0, np.nan),
            "what it knows of its training images is infinite or not a number",
        ),
        (
            lambda members: members["familiarity.excess"].__imul__(-1),
            "what it knows of its training images contradicts itself",
        ),
    ],
    ids=["missing", "foreign", "shape", "not a number", "sign"],
)
def test_a_damaged_one_is_refused(change: Callable[[dict[str, Array]], object], message: str) -> None:
    nnfang.fit(SHORT, DATA).save("whole.npz")
    members = members_of(Path("whole.npz"))
    change(members)
    np.savez("damaged.npz", **members)  # type: ignore[arg-type]  # NumPy's stubs: allow_pickle could be among them
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(Path("damaged.npz"))


def test_one_that_is_far_larger_than_its_file_is_refused_before_memory_is_taken() -> None:
    """A file of zeros for many classes, compressed, would expand without end."""
    names = tuple(map(str, range(3000)))
    data = replace(DATA, y_train=np.arange(400), y_test=DATA.y_test, class_names=names)
    recipe = replace(SHORT, layers=(Dense(len(names), "softmax"),), epochs=1)
    network = nnfang.Network.for_recipe(recipe, data)
    checkpoint.save(Path("many.npz"), network, describe(recipe, data), {"velocity": np.zeros_like(network.theta)})
    members = members_of(Path("many.npz")) | {
        f"familiarity.{name}": array for name, array in Familiarity.allocate(len(names)).arrays.items()
    }
    np.savez_compressed("many.npz", **members)  # type: ignore[arg-type]  # as above
    with pytest.raises(CheckpointError, match="larger than the file can hold"):
        checkpoint.load(Path("many.npz"))
