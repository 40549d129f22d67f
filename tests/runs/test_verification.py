"""A run that is trained again comes out the same, or it is said from where on it does not."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from nnfang.errors import ConfigError
from nnfang.runs import checkpoint, session
from nnfang.runs.verification import Verification
from tests.shades import RECIPE, make_shades

DATA = make_shades(60, 2)
SHORT = replace(RECIPE, epochs=3)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def record(*, interrupt: bool = False) -> None:
    with session.start(SHORT, DATA, Path("run")) as training:
        for _ in training:
            if interrupt:
                break
        training.save()


def test_a_run_repeats() -> None:
    record()
    verification = Verification(session.read_run(Path("run")), DATA)
    list(verification)
    assert (verification.epochs, verification.identical) == (3, 3)


def test_the_first_difference_ends_it() -> None:
    record()
    path = Path("run/last.npz")
    saved = checkpoint.load(path)
    first, second, third = saved.meta.history
    meta = msgspec.structs.replace(saved.meta, history=(first, replace(second, digest="0" * 16), third))
    checkpoint.save(path, saved.network, meta, saved.optimizer_state)
    verification = Verification(session.read_run(Path("run")), DATA)
    list(verification)
    assert (verification.epochs, verification.identical) == (3, 1)


def test_a_run_interrupted_in_its_first_epoch_has_nothing_to_compare() -> None:
    """It once was an IndexError."""
    record(interrupt=True)
    with pytest.raises(ConfigError, match=r"^run: no epoch was completed, so there is nothing to compare$"):
        Verification(session.read_run(Path("run")), DATA)


def test_a_fork_has_no_beginning() -> None:
    record()
    stored = session.read_run(Path("run"))
    with session.fork(stored, replace(SHORT, epochs=4), lambda _: DATA, Path("fork")) as training:
        list(training)
    with pytest.raises(ConfigError, match=r"^fork: was forked from run, so it has no beginning$"):
        Verification(session.read_run(Path("fork")), DATA)
