"""A run that is trained again comes out the same, or it is said from where on it does not."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nnfang.core.layers import Dense, Dropout
from nnfang.core.optimizers import Adam, Sgd
from nnfang.errors import CheckpointError, ConfigError
from nnfang.runs import checkpoint, session
from nnfang.runs.meta import DatasetRecord
from nnfang.runs.verification import Verification
from nnfang.training.events import End
from nnfang.training.recipe import EarlyStopping, Recipe
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)
SHORT = replace(RECIPE, epochs=3)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def record(recipe: Recipe = SHORT, *, stop_after: int | None = None) -> None:
    """A run that is complete, or was interrupted after some events."""
    with session.start(recipe, DATA, Path("run")) as training:
        for number, event in enumerate(training, 1):
            if isinstance(event, End):
                training.finish(event)
            if number == stop_after:
                training.save()
                break


def verify(path: str = "run") -> Verification:
    verification = Verification(session.read_run(Path(path)), DATA, is_whole=Path(path).is_dir())
    list(verification)
    return verification


FILES = ["best.npz", "config.yaml", "history.csv", "last.npz", "last.prev.npz", "metrics.json"]
UNCHECKED = ["seconds and images_per_second of the epochs"]
METRICS_UNCHECKED = "run, checkpoint, stopped_by, environment of metrics.json"


def test_a_run_repeats_in_all_that_it_claims() -> None:
    record()
    found = verify()
    assert (found.epochs, found.images, found.identical, found.faults) == (3, 0, 3, [])
    assert found.is_identical
    assert sorted(found.checked) == FILES
    assert found.unchecked == [*UNCHECKED, METRICS_UNCHECKED]


@pytest.mark.parametrize(
    "recipe",
    [
        replace(SHORT, early_stopping=EarlyStopping(patience=1, metric="val_loss"), epochs=30),
        replace(SHORT, validation_split=0.0),
        replace(SHORT, optimizer=Adam(), layers=(Dense(4), Dropout(0.3), Dense(3, "softmax")), dtype="float64"),
        replace(SHORT, optimizer=Sgd(), batch_size=1),
    ],
    ids=["early stopping", "no validation", "adam", "online"],
)
def test_whatever_the_recipe_a_run_repeats(recipe: Recipe) -> None:
    record(recipe)
    found = verify()
    assert (found.faults, sorted(found.checked)) == ([], FILES)


def negate(path: Path) -> None:
    saved = checkpoint.load(path)
    saved.network.theta[...] *= -1
    saved.save(path)


def forget_velocity(path: Path) -> None:
    saved = checkpoint.load(path)
    saved.optimizer_state["velocity"][...] = 0
    saved.save(path)


def change_meta(**changes: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        saved = checkpoint.load(path)
        meta = msgspec.structs.replace(saved.meta, **changes)
        checkpoint.save(path, saved.network, meta, saved.optimizer_state)

    return change


def change_state(**changes: Any) -> Callable[[Path], None]:
    return lambda path: change_meta(state=msgspec.structs.replace(checkpoint.load_meta(path).state, **changes))(path)


def change_epoch(**changes: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        first, second, *others = checkpoint.load_meta(path).history
        change_meta(history=(first, replace(second, **changes), *others))(path)

    return change


def replace_text(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        text = path.read_text()
        assert re.search(old, text)
        path.write_text(re.sub(old, new, text, count=1))

    return change


NO_TEXTS = (b'{"\x80": 1}', b'{"best_epoch": ' + b"[" * 99_999)
"""Neither is JSON, and a reader of JSON raises something else on each."""

FALSE_CLAIMS: list[tuple[str, Callable[[Path], None], list[str] | None]] = [
    *((f"{name}.npz", negate, [f"{name}.npz: the weights"]) for name in ("best", "last", "last.prev")),
    *((f"{name}.npz", forget_velocity, [f"{name}.npz: the optimizer's velocity"]) for name in ("best", "last")),
    ("best.npz", change_meta(class_names=("a", "b", "c")), ["best.npz: class_names"]),
    ("best.npz", change_meta(preparation="digit"), ["best.npz: preparation"]),
    ("best.npz", change_meta(engine="compiled"), ["best.npz: engine"]),
    ("best.npz", change_meta(dataset=DatasetRecord("shades", "00")), ["best.npz: dataset"]),
    ("best.npz", change_epoch(accuracy=1.0), ["best.npz: the history"]),
    ("best.npz", change_state(best_value=-1.0), ["best.npz: best_value"]),
    ("best.npz", change_state(metric="val_loss"), ["best.npz: the metric of the best epoch"]),
    ("last.npz", change_state(best_epoch=0), ["last.npz: best_epoch"]),
    (
        "last.npz",
        change_epoch(val_accuracy=1.0),
        [
            "history.csv: line 3",
            "epoch 2 of the history: val_accuracy",
            "last.prev.npz: the h",
            "best.npz: the history",
        ],
    ),
    ("history.csv", replace_text("\n2,", "\n2,9"), ["history.csv: line 3"]),
    ("history.csv", replace_text("epoch", "Epoch"), ["history.csv: line 1"]),
    (
        "metrics.json",
        replace_text('"test_accuracy": [0-9.]+', '"test_accuracy": 0.99'),
        ["metrics.json: test_accuracy"],
    ),
    ("metrics.json", replace_text('"test_loss": ', '"test_loss": 1'), ["metrics.json: test_loss"]),
    ("metrics.json", replace_text('"epochs": 3', '"epochs": 30'), ["metrics.json: epochs"]),
    ("metrics.json", replace_text('"seconds": ', '"seconds": 1'), ["metrics.json: seconds"]),
    ("metrics.json", replace_text('"digest": "', '"digest": "0'), ["metrics.json: digest"]),
    ("metrics.json", replace_text('"best_epoch": 3', '"best_epoch": 2'), None),
    ("metrics.json", replace_text('"best_epoch": 3', '"best_epoch": 7'), ["metrics.json: training never stands where"]),
    ("metrics.json", replace_text("{", "["), ["metrics.json: not JSON, or damaged"]),
    *(
        (
            "metrics.json",
            lambda path, content=content: path.write_bytes(content),
            ["metrics.json: not JSON, or damaged"],
        )
        for content in NO_TEXTS
    ),
    ("config.yaml", replace_text("batch_size: 8", "batch_size: 9"), ["config.yaml: batch_size"]),
    ("config.yaml", replace_text("learning_rate: 0.3", "learning_rate: 0.4"), ["config.yaml: optimizer.learning_rate"]),
    ("config.yaml", replace_text("epochs", "apochs"), ["config.yaml: cannot be read: there is no such key"]),
]


@pytest.mark.parametrize(("name", "change", "faults"), FALSE_CLAIMS)
def test_a_false_claim_is_a_difference(name: str, change: Callable[[Path], None], faults: list[str] | None) -> None:
    """It once was compared with nothing but the history in last.npz, which any of these leaves as it is."""
    record()
    change(Path("run") / name)
    found = verify()
    assert not found.is_identical
    if faults is None:
        assert {fault.partition(": ")[0] for fault in found.faults} == {name}
    else:
        assert len(found.faults) == len(faults)
        assert all(fault.startswith(start) for fault, start in zip(found.faults, faults, strict=True))


def test_the_first_difference_ends_it() -> None:
    record()
    change_epoch(digest="0" * 16)(Path("run/last.npz"))
    found = verify()
    assert (found.epochs, found.identical, found.is_identical) == (3, 1, False)
    assert found.unchecked[-4:] == ["last.npz", "best.npz", "last.prev.npz", "metrics.json"]


@pytest.mark.parametrize(("events", "where"), [(1, (0, 42)), (3, (1, 42)), (4, (2, 0))])
def test_an_interrupted_run_is_followed_to_its_last_step(events: int, where: tuple[int, int]) -> None:
    """In its first epoch it once was an IndexError, then refused."""
    record(stop_after=events)
    found = verify()
    assert (found.epochs, found.images) == where
    assert (found.identical, found.faults) == (where[0], [])
    assert "last.npz" in found.checked
    assert "metrics.json, which is not there" in found.unchecked
    negate(Path("run/last.npz"))
    assert verify().faults == ["last.npz: the weights"]


def test_a_run_without_a_step_is_not_identical() -> None:
    record(replace(SHORT, epochs=0))
    with pytest.raises(ConfigError, match=r"^run: no step was taken, so there is nothing to compare$"):
        verify()


def test_a_run_that_was_resumed_with_more_epochs_repeats_and_what_it_said_before_is_compared() -> None:
    record()
    with session.reopen(Path("run")) as stored:
        training = session.resume(stored, replace(stored.recipe, epochs=5), lambda _: DATA)
        for number, _ in enumerate(training):
            if number == 2:  # in the fifth epoch
                training.save()
                break
    found = verify()
    assert (found.epochs, found.images, found.faults) == (4, 42, [])
    assert "epochs of config.yaml, which changes no number" in found.unchecked
    replace_text('"test_loss": ', '"test_loss": 1')(Path("run/metrics.json"))
    assert verify().faults == ["metrics.json: test_loss"]


def test_a_history_that_is_longer_than_any_checkpoint_is_said() -> None:
    record()
    with Path("run/history.csv").open("a") as file:
        file.write("4,0,0,0,0,0,0,0,0,True\n")
    found = verify()
    assert found.is_identical
    assert "the last 1 lines of history.csv, which are of epochs in no checkpoint" in found.unchecked


def test_files_that_are_not_there_are_said() -> None:
    record()
    for name in ("best.npz", "last.prev.npz", "history.csv", "metrics.json", "config.yaml"):
        Path("run", name).unlink()
    found = verify()
    assert (found.checked, found.faults) == (["last.npz"], [])
    assert found.unchecked[1:] == [
        f"{name}, which is not there" for name in ("config.yaml", "history.csv", "metrics.json", "best.npz")
    ]


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes")
@pytest.mark.parametrize("name", ["history.csv", "metrics.json", "config.yaml"])
def test_a_pipe_in_the_place_of_a_file_is_no_file(name: str) -> None:
    record()
    Path("run", name).unlink()
    os.mkfifo(Path("run", name))
    assert verify().faults == [f"{name}: not a file"]


def test_a_checkpoint_can_be_verified_alone() -> None:
    record()
    found = verify("run/best.npz")
    assert (found.checked, found.faults) == (["the checkpoint"], [])
    assert found.unchecked == [*UNCHECKED, "the other files of its folder"]
    negate(Path("run/best.npz"))
    assert verify("run/best.npz").faults == ["the checkpoint: the weights"]


def test_a_checkpoint_that_cannot_be_read_is_no_difference_but_damage() -> None:
    record()
    Path("run/best.npz").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"^run/best\.npz: not a checkpoint"):
        verify()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seen": 43, "step": 24}, "it has seen 43 images of an epoch of 42"),
        ({"step": 17}, "it has taken 17 steps where a training has taken 18"),
        ({"step": 10**9}, "it has taken 1,000,000,000 steps where a training has taken 18"),
    ],
)
def test_a_position_in_which_no_training_stands_is_damage(changes: dict[str, int], message: str) -> None:
    record()
    path = Path("run/last.npz")
    saved = checkpoint.load(path)
    state = msgspec.structs.replace(saved.meta.state, **changes)
    meta = msgspec.structs.replace(saved.meta, state=state, step=state.step)
    checkpoint.save(path, saved.network, meta, saved.optimizer_state)
    with pytest.raises(CheckpointError, match=f"^damaged: {message}$"):
        verify()
    with pytest.raises(CheckpointError, match=f"^damaged: {message}$"), session.reopen(Path("run")) as stored:
        session.resume(stored, replace(stored.recipe, epochs=5), lambda _: DATA)


def test_a_split_with_which_no_training_begins_is_damage() -> None:
    """It once was a traceback of ``nnfang evaluate``."""
    record()
    path = Path("run/last.npz")
    meta = checkpoint.load_meta(path)
    change_meta(config=meta.config | {"validation_split": 1e-7})(path)
    damaged = pytest.raises(CheckpointError, match=r"damaged: no training begins so: validation_split: 1e-07 of 60 im")
    with damaged:
        checkpoint.load(path).evaluate(DATA, "train")
    with damaged:
        verify()


def test_a_fork_has_no_beginning() -> None:
    record()
    stored = session.read_run(Path("run"))
    with session.fork(stored, replace(SHORT, epochs=4), lambda _: DATA, Path("fork")) as training:
        list(training)
    with pytest.raises(ConfigError, match=r"^fork: was forked from run, so it has no beginning$"):
        verify("fork")
