"""What is known of a run without reading its weights, however it ended and whichever version wrote it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnfang.core.optimizers import Sgd
from nnfang.errors import DivergedError
from nnfang.runs import checkpoint, session
from nnfang.runs.lock import lock_folder
from nnfang.runs.overview import Overview, look_at
from nnfang.training.events import End, Epoch
from tests.shades import RECIPE, make_shades

if TYPE_CHECKING:
    from nnfang.runs.recorder import RecordedTraining
    from nnfang.training.recipe import Recipe

DATA = make_shades(60, 2)
GOLDEN = Path(__file__).parent / "golden"
RUN = Path("run")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def train(recipe: Recipe, *, events: int | None = None) -> None:
    """A whole run, or the beginning of one."""
    with session.start(recipe, DATA, RUN) as training:
        for event in islice(training, events):
            if isinstance(event, End):
                training.finish(event)
        training.save()


def resume(**changes: object) -> RecordedTraining:
    with session.reopen(RUN) as stored:
        return session.resume(stored, replace(stored.recipe, **changes), lambda _: DATA)  # type: ignore[arg-type]


def known(overview: Overview) -> tuple[str, int, int, bool]:
    assert overview.meta
    assert overview.recipe
    return overview.state, overview.meta.epoch, overview.recipe.epochs, overview.tested is not None


def test_a_finished_run_has_its_result() -> None:
    train(RECIPE)
    found = look_at(RUN)
    assert known(found) == ("done", 6, 6, True)
    assert found.units == (4, 4, 3)
    assert found.tested
    assert found.tested.accuracy == checkpoint.load(RUN / "best.npz").evaluate(DATA).accuracy
    best = checkpoint.load(RUN / "best.npz").meta.history[-1]
    assert found.best == best
    assert found.validation_images == 18
    history = checkpoint.load(RUN / "last.npz").meta.history
    assert found.seconds == pytest.approx(sum(epoch.seconds for epoch in history))


def test_a_run_without_validation_images_has_none() -> None:
    train(replace(RECIPE, validation_split=0.0))
    assert look_at(RUN).validation_images == 0


def test_a_run_in_which_a_process_trains_is_running_and_then_interrupted() -> None:
    train(RECIPE, events=4)
    with lock_folder(RUN):
        assert known(look_at(RUN)) == ("running", 2, 6, False)
    assert known(look_at(RUN)) == ("interrupted", 2, 6, False)
    (RUN / ".lock").write_text("process 1 on nowhere")  # as one leaves it that was killed
    assert look_at(RUN).state == "interrupted"


def test_a_run_that_goes_on_after_its_end_is_no_longer_done() -> None:
    train(RECIPE)
    next(event for event in resume(epochs=9) if isinstance(event, Epoch))
    state, epochs, planned, _ = known(look_at(RUN))
    assert (state, epochs, planned) == ("interrupted", 7, 9)


def test_a_run_of_which_nothing_has_been_saved_has_a_recipe() -> None:
    train(RECIPE)
    for path in RUN.glob("*.npz"):
        path.unlink()
    found = look_at(RUN)
    assert (found.state, found.meta, found.units, found.seconds, found.best) == ("interrupted", None, (), 0.0, None)
    assert found.recipe == replace(RECIPE, dataset="shades")


def test_a_run_that_diverged_says_how_until_it_goes_further() -> None:
    with pytest.raises(DivergedError):
        train(replace(RECIPE, optimizer=Sgd(1e37)))
    found = look_at(RUN)
    assert known(found) == ("diverged", 0, 6, False)
    assert found.reason.startswith("training diverged in epoch 1, by step 6: ")
    record = (RUN / "diverged.json").read_text()
    shutil.rmtree(RUN)
    train(RECIPE, events=2)  # the first epoch
    (RUN / "diverged.json").write_text(record.replace('"step": 0', '"step": 6'))
    assert look_at(RUN).state == "diverged"
    next(event for event in resume() if isinstance(event, Epoch))
    assert look_at(RUN).state == "interrupted"


def test_a_fork_knows_the_epochs_before_it() -> None:
    train(RECIPE)
    with session.fork(session.read_run(RUN), replace(RECIPE, epochs=8), lambda _: DATA, Path("fork")) as training:
        list(training)
    assert known(look_at(Path("fork"))) == ("interrupted", 8, 8, False)


@pytest.mark.parametrize("number", [1, 2])
def test_each_format_is_known(number: int) -> None:
    RUN.mkdir()
    shutil.copy(GOLDEN / f"format-{number}.npz", RUN / "last.npz")
    found = look_at(RUN)
    assert found.state == "interrupted"
    assert found.units == (4, 3, 2)


def test_a_network_for_inference_only_has_no_epoch_to_show() -> None:
    train(RECIPE)
    checkpoint.load(RUN / "best.npz").for_inference().save(RUN / "last.npz")
    assert look_at(RUN).best is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("last.npz", b"PK", "last.npz: not a checkpoint, or damaged: not a whole .npz file"),
        ("diverged.json", b"{}", "diverged.json: not what nnfang writes"),
    ],
)
def test_what_is_damaged_is_said(name: str, content: bytes, reason: str) -> None:
    train(RECIPE)
    (RUN / name).write_bytes(content)
    found = look_at(RUN)
    assert (found.state, found.meta) == ("damaged", None)
    assert reason in found.reason


def test_a_config_that_makes_no_sense_is_damage() -> None:
    train(RECIPE)
    with np.load(RUN / "last.npz") as members:
        arrays = dict(members)
    text = arrays["meta"].tobytes().replace(b'"batch_size":8', b'"batch_size":0')
    np.savez(RUN / "last.npz", **(arrays | {"meta": np.frombuffer(text, np.uint8)}))
    assert "its config is not valid: batch_size" in look_at(RUN).reason
    for path in RUN.glob("*.npz"):
        path.unlink()
    (RUN / "config.yaml").write_text("epochs: none")
    assert look_at(RUN).state == "damaged"
